import CorpusFilters
import CorpusKit
import CorpusTesting
import TestSupport
import Testing

/// Files in memory, in front of the repository.
func finder(_ files: [String: String] = [:]) -> MemoryFinder {
    MemoryFinder(files, over: FolderFinder([Repository.path]))
}

func sample(
    _ messages: [Message] = [],
    fields: [String: JSONValue] = [:],
    ordinal: Int = 0,
    evidence: [Evidence] = [],
    models: [String] = []
) -> Sample {
    let content = Content(messages: messages, fields: fields)
    let key = ItemKey(deriving: [content.id, String(ordinal)] + models)
    return Sample(
        key: key,
        content: content,
        group: key,
        task: key,
        origin: Origin(source: "test"),
        licence: nil,
        evidence: evidence,
        provenance: models.isEmpty
            ? [] : [Provenance(stage: "solved", plugin: "solve", version: 1, models: models)]
    )
}

/// Builds the built-in filter the way the engine does.
func decontaminate(
    _ options: JSONValue,
    finder: MemoryFinder = finder()
) throws -> any SampleFilter {
    let entry = try #require(BuiltInFilters.all.first { $0.manifest.name == "decontaminate" })
    return try entry.make(options, [], PluginSetup(plugin: "decontaminate", stage: "test", finder: finder))
}

/// Decontaminates with an invented benchmark alone.
func decontaminate(rows: [JSONValue], _ options: [String: JSONValue] = [:]) throws -> any SampleFilter {
    let text = rows.map(\.canonical).joined(separator: "\n")
    let options = options.merging(["against": ["bench.jsonl"]]) { own, _ in own }
    return try decontaminate(.object(options), finder: finder(["bench.jsonl": text]))
}

extension Selection {
    /// What a drop says, or nil for a sample that is kept.
    var detail: [String: JSONValue]? {
        guard case .drop(_, let detail, _) = self else { return nil }
        return detail
    }
    /// The rule that a drop names.
    var rule: String? { detail?["rule"]?.text }
}

/// Made-up words that never agree by chance.
func madeUp(_ count: Int, _ random: inout RandomStream) -> [String] {
    (0..<count).map { _ in
        String((0..<6).map { _ in Character(Unicode.Scalar(UInt8(97 + random.below(26)))) })
    }
}
