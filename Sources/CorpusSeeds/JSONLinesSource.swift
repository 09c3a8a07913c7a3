import CorpusKit
import CorpusText

/// Seeds from JSON Lines: one object a line, plain, gzip or zstd.
///
/// The members of a row become fields. Three names mean more: an object under `labels` becomes the labels, a list of
/// chat turns under `messages` the conversation, and a string under `licence` or `license` the row's licence. A
/// member that is null counts as absent.
///
/// A row that cannot be read, is over 64 MiB, or lacks a field is an ``UnreadableRow`` with its line; blank lines are
/// no rows. The seed's id is a digest of its content, so equal rows have equal ids whatever file they stand in.
struct JSONLinesSource: SourcePlugin {
    struct Options: PluginOptions {
        var path = ""
        var fields: [String: String] = [:]
        var require: [String] = []
        var take = 0
        var licence = ""
        var licenceField = ""

        static let meanings = [
            "path": "A file, a folder (its `.jsonl` and `.ndjson` files, also compressed) or a pattern.",
            "fields": "Renames members, our name to theirs; every row must have theirs.",
            "require": "Fields, after renaming, that every row must have and that may not be blank.",
            "take": "How many rows to read, unreadable ones included; at least 0, and 0 for all.",
            "licence": "The licence of rows that state none, as an SPDX identifier; empty for unknown.",
            "licence_field": "The member that states a row's licence; empty for `licence` or `license`.",
        ]

        enum CodingKeys: String, CodingKey {
            case path, fields, require, take, licence
            case licenceField = "licence_field"
        }
    }

    static let manifest = Manifest(
        name: "jsonl",
        version: 1,
        summary: "Seeds from JSON Lines files, one object a line",
        reasons: ["unreadable-row", "not-utf8", "missing-field"]
    )

    private static let suffixes = ["jsonl", "ndjson"].flatMap { [".\($0)", ".\($0).gz", ".\($0).zst"] }
    private static let exactCountBytes = 64 << 20
    private static let estimateBytes = 16 << 20
    private static let fieldsRows = 100
    private static let fieldsLines = 10_000

    private let files: [SourceFile]
    private let reading: JSONLinesReading
    private let take: Int

    init(options: Options, setup: PluginSetup) throws {
        guard options.take >= 0 else { throw BadOption("take", "must be 0 or more, not \(options.take)") }
        for (ours, theirs) in options.fields where ours.isEmpty || theirs.isEmpty {
            throw BadOption("fields", "maps `\(ours)` to `\(theirs)`; neither name may be empty")
        }
        files = try SourceFiles(options.path, setup: setup) { name in
            Self.suffixes.contains { name.hasSuffix($0) }
        }.files
        take = options.take
        reading = JSONLinesReading(
            source: setup.stage,
            renames: options.fields,
            required: options.require.sorted(),
            licence: options.licence.isEmpty ? nil : options.licence,
            licenceNames: options.licenceField.isEmpty ? ["licence", "license"] : [options.licenceField]
        )
        try checkFirstRow(named: options.path)
    }

    func knownFields() throws -> Set<String>? {
        var cursor = JSONLinesCursor(files: files, reading: reading, take: take)
        var known: Set<String>?
        var readable = 0
        for _ in 0..<Self.fieldsLines {
            guard readable < Self.fieldsRows, let row = try cursor.next() else { break }
            guard case .seed(let seed) = row else { continue }
            readable += 1
            known = known?.union(seed.content.fields.keys) ?? Set(seed.content.fields.keys)
        }
        return known
    }

    /// The number of rows, exact for files under 64 MiB; some may turn out unreadable when they are read.
    func countEstimate() throws -> Int? {
        var count = 0
        for file in files {
            guard case .file(let bytes) = try SourceFiles.kind(of: file.path, named: file.name) else {
                return nil
            }
            count += try rowCount(of: file, bytes: bytes)
        }
        return take == 0 ? count : min(take, count)
    }

    func rows() throws -> any AsyncSequence<SourceRow, any Error> {
        JSONLinesRows(cursor: JSONLinesCursor(files: files, reading: reading, take: take))
    }

    private func rowCount(of file: SourceFile, bytes: Int) throws -> Int {
        try ResourceProblem.naming(file) { () throws(FileProblem) in
            var reader = try LineReader(path: file.path)
            var count = 0
            while let line = try reader.next() {
                if !line.isBlank { count += 1 }
                guard bytes >= Self.exactCountBytes, reader.consumedBytes >= Self.estimateBytes else {
                    continue
                }
                return Int((Double(count) * Double(bytes) / Double(reader.consumedBytes)).rounded())
            }
            return count
        }
    }

    /// A source without rows and a file that is one big JSON array are mistakes worth telling before a run starts.
    private func checkFirstRow(named option: String) throws {
        var cursor = LineCursor(files: files)
        guard let (file, line) = try cursor.next() else {
            throw ResourceProblem(name: option, "`\(option)` has no rows: it is empty or blank")
        }
        let start = line.bytes.drop { $0 == 0x20 || $0 == 0x09 }.filter { $0 != 0x20 && $0 != 0x09 }.prefix(2)
        guard !start.elementsEqual("[".utf8), !start.elementsEqual("[{".utf8) else {
            throw ResourceProblem(
                name: file.name,
                "`\(file.name)` is one JSON array and not JSON Lines; convert it with `jq -c '.[]'`"
            )
        }
    }
}

extension ResourceProblem {
    /// Runs something that reads a file and turns its failure into a problem with that file.
    static func naming<Result>(
        _ file: SourceFile,
        _ work: () throws(FileProblem) -> Result
    ) throws(ResourceProblem) -> Result {
        do throws(FileProblem) {
            return try work()
        } catch {
            throw ResourceProblem(name: file.name, error.description)
        }
    }
}
