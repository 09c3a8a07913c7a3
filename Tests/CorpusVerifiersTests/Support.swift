import CorpusKit
import CorpusTesting
import CorpusVerifiers
import TestSupport
import Testing

extension ScriptedHost {
    /// A host whose model says these texts in turn, and whose executions of two tests end with these verdicts.
    convenience init(texts: [String] = [], verdicts: [ExecutionResult.Verdict] = [.ok]) {
        self.init(
            replies: texts.map { ModelReply(text: $0) },
            results: verdicts.map(ExecutionResult.init(of:))
        )
    }

    /// A host with whole replies and results.
    convenience init(replies: [ModelReply], results: [ExecutionResult]) {
        self.init(
            answer: { _, index in
                guard let reply = index < replies.count ? replies[index] : replies.last else {
                    throw WorkFailure("no-reply", "no reply is left")
                }
                return reply
            },
            execute: { _, index in
                guard let result = index < results.count ? results[index] : results.last else {
                    throw WorkFailure("sandbox-error", "no result is left")
                }
                return result
            }
        )
    }

    var asked: [[Message]] { calls.map(\.messages) }
}

extension ExecutionResult {
    /// A result of two tests that ends with a verdict.
    init(of verdict: Verdict) {
        let tests = verdict == .ok ? [Test(.ok), Test(.ok)] : [Test(.ok), Test(verdict)]
        self.init(verdict, tests: tests, total: 2, isolation: "full", toolchain: "python 3")
    }
}

func sample(
    _ fields: [String: JSONValue],
    labels: [String: JSONValue] = [:],
    evidence: Evidence.Outcome? = nil,
    ordinal: Int = 0,
    models: [String] = []
) -> Sample {
    let content = Content(fields: fields, labels: labels)
    let key = ItemKey(deriving: [content.id, String(ordinal)])
    return Sample(
        key: key,
        content: content,
        group: key,
        task: key,
        origin: Origin(source: "test"),
        licence: nil,
        evidence: evidence.map { [Evidence("tests", $0, about: content.id)] } ?? [],
        provenance: models.isEmpty
            ? [] : [Provenance(stage: "solved", plugin: "solve", version: 1, models: models)]
    )
}

/// Builds a built-in verifier the way the engine does.
func verifier(
    _ name: String,
    _ options: JSONValue = [:],
    roles: Set<String> = []
) throws -> VerifierKind {
    let entry = try #require(BuiltInVerifiers.all.first { $0.manifest.name == name })
    return try entry.make(
        options,
        roles,
        PluginSetup(plugin: name, stage: "test", finder: FolderFinder([Repository.path]))
    )
}

func single(_ name: String, _ options: JSONValue = [:], roles: Set<String> = []) throws -> any Verifier {
    guard case .single(let verifier) = try verifier(name, options, roles: roles) else {
        throw WorkFailure("plugin-error", "`\(name)` judges groups")
    }
    return verifier
}
