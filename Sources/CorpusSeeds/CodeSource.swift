import CorpusKit
import CorpusText

/// Seeds from source trees: snippets cut at the borders of definitions.
///
/// Files stand in the order of their names and snippets in the order of the file. Files that are binary, generated,
/// minified or over 1 MiB are passed over, and so are languages that ``SourceLanguage`` does not know. A file whose
/// licence the recipe does not allow is dropped (`licence`).
///
/// - Seed fields: `code`. Labels: `language`, `path`.
struct CodeSource: SourcePlugin {
    struct Options: PluginOptions {
        var path = ""
        var lines = [4, 30]
        var perFile = 2
        var licences: [String] = []
        var languages: [String] = []
        var take = 0

        static let meanings = [
            "path": "A folder, a pattern such as `src/**/*.py`, or one file.",
            "lines": "The fewest and the most lines of a snippet; 1 to 1000.",
            "per_file": "The most snippets of one file; at least 1.",
            "licences": "SPDX identifiers that are allowed; empty for any, unknown included.",
            "languages": "Languages to read, as `python`; empty for all.",
            "take": "How many snippets to read; at least 0, and 0 for all.",
        ]

        enum CodingKeys: String, CodingKey {
            case path, lines, licences, languages, take
            case perFile = "per_file"
        }
    }

    static let manifest = Manifest(
        name: "code",
        version: 1,
        summary: "Snippets of real code, cut at the borders of definitions",
        produces: ["code"],
        reasons: ["licence"]
    )

    private static let mostLines = 1000
    private static let estimateFiles = 200
    /// A folder of one of these names is part of the project in the folder above, where the licence lies.
    private static let innerFolders: Set<String> = ["src", "source", "Sources", "lib", "include"]

    private let files: [SourceFile]
    private let reading: CodeReading
    private let take: Int

    init(options: Options, setup: PluginSetup) throws {
        guard options.lines.count == 2, 1 <= options.lines[0], options.lines[0] <= options.lines[1],
            options.lines[1] <= Self.mostLines
        else {
            throw BadOption(
                "lines",
                "must be the fewest and the most lines, from 1 to \(Self.mostLines), as in [4, 30]"
            )
        }
        guard options.perFile >= 1 else {
            throw BadOption("per_file", "must be at least 1, not \(options.perFile)")
        }
        guard options.take >= 0 else { throw BadOption("take", "must be 0 or more, not \(options.take)") }
        let known = SourceLanguage.all.map(\.name)
        if let unknown = options.languages.first(where: { !known.contains($0) }) {
            throw BadOption(
                "languages",
                "has `\(unknown)`; known are \(known.sorted().joined(separator: ", "))"
            )
        }
        let wanted = Set(options.languages.isEmpty ? known : options.languages)
        let found = try SourceFiles(options.path, setup: setup) { name in
            SourceLanguage.named(by: name).map { wanted.contains($0.name) } ?? false
        }
        guard found.files.contains(where: { SourceLanguage.named(by: $0.name) != nil }) else {
            throw ResourceProblem(
                name: options.path,
                "`\(options.path)` is in no language that this source knows"
            )
        }
        files = found.files
        take = options.take
        reading = CodeReading(
            source: setup.stage,
            cutter: SnippetCutter(lines: options.lines[0]...options.lines[1], perFile: options.perFile),
            licences: options.licences,
            top: Self.top(of: found)
        )
    }

    func knownFields() throws -> Set<String>? { ["code"] }

    /// Exact up to 200 files; beyond, as many evenly spread ones are read and the count is scaled up.
    func countEstimate() throws -> Int? {
        let step = max(1, files.count / Self.estimateFiles)
        var finder = LicenceFinder(top: reading.top)
        var read = 0
        var snippets = 0
        for index in stride(from: 0, to: files.count, by: step) {
            read += 1
            for case .seed in try reading.rows(of: files[index], licences: &finder) { snippets += 1 }
        }
        let count = step == 1 ? snippets : snippets * files.count / max(1, read)
        return take == 0 ? count : min(take, count)
    }

    func rows() throws -> any AsyncSequence<SourceRow, any Error> {
        CodeRows(files: files, reading: reading, take: take == 0 ? .max : take)
    }

    private static func top(of found: SourceFiles) -> String {
        guard let base = found.base ?? found.files.first else { return "" }
        let parts = base.path.split(separator: "/", omittingEmptySubsequences: false)
        let isInner = found.base == nil || parts.last.map { innerFolders.contains(String($0)) } == true
        return isInner ? parts.dropLast().joined(separator: "/") : base.path
    }
}
