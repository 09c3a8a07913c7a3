import CorpusExporters
import CorpusKit
import Foundation

/// A fresh export folder and what is needed to write into it; the folder goes with the value.
final class ExportBench {
    let folder: String

    init() { folder = NSTemporaryDirectory() + "corpus-exporters-" + UUID().uuidString }

    deinit { try? FileManager.default.removeItem(atPath: folder) }

    /// Runs an exporter as the engine does.
    func write(
        _ exporter: String,
        _ rows: [ExportRow],
        options: [String: JSONValue] = [:],
        name: String = "out",
        splits: [String] = ["train", "test"],
        failingAfter: Int? = nil
    ) async throws -> ExportReceipt {
        let job = ExportJob(name: name, folder: folder, splits: splits)
        return try await make(exporter, options).write(
            RowStream(rows: rows, failingAfter: failingAfter),
            for: job
        )
    }

    func make(_ exporter: String, _ options: [String: JSONValue] = [:]) throws -> any Exporter {
        guard let entry = BuiltInExporters.all.first(where: { $0.manifest.name == exporter }) else {
            throw BadOption("write", "names no exporter: `\(exporter)`")
        }
        let setup = PluginSetup(plugin: exporter, stage: "out", finder: NoFiles())
        return try entry.make(.object(options), [], setup)
    }

    func bytes(_ path: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(path)")))
    }

    /// The rows of a plain file.
    func rows(_ path: String) throws -> [JSONValue] {
        try bytes(path).split(separator: UInt8(ascii: "\n")).map { try JSONValue(parsing: $0) }
    }

    /// Every file below the folder, hidden ones too.
    var names: [String] {
        let manager = FileManager.default
        return (manager.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? [])
            .filter { name in
                var isFolder: ObjCBool = false
                let exists = unsafe manager.fileExists(atPath: "\(folder)/\(name)", isDirectory: &isFolder)
                return exists && !isFolder.boolValue
            }
            .sorted()
    }

    private struct NoFiles: ResourceFinder {
        func locate(_ name: String) throws -> String {
            throw ResourceProblem(name: name, "there are no files here")
        }
        func bytes(at path: String) throws -> [UInt8] {
            throw ResourceProblem(name: path, "there are no files here")
        }
        func files(matching pattern: String) throws -> [String] { [] }
    }
}

/// Rows one after the other, ending in an error where a test asks for one.
struct RowStream: AsyncSequence {
    struct Broken: Error {}

    let rows: [ExportRow]
    let failingAfter: Int?

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(rows: rows, failingAfter: failingAfter) }

    struct AsyncIterator: AsyncIteratorProtocol {
        let rows: [ExportRow]
        let failingAfter: Int?
        var index = 0

        mutating func next() async throws -> ExportRow? {
            if index == failingAfter { throw Broken() }
            defer { index += 1 }
            return index < rows.count ? rows[index] : nil
        }
    }
}

/// Samples and pairs to write.
enum Made {
    static func sample(
        _ messages: [Message],
        fields: [String: JSONValue] = [:],
        labels: [String: JSONValue] = ["language": "python"],
        licence: String? = "MIT",
        evidence: [Evidence] = []
    ) -> Sample {
        Sample(
            key: ItemKey(deriving: ["key"]),
            content: Content(messages: messages, fields: fields, labels: labels),
            group: ItemKey(deriving: ["group"]),
            task: ItemKey(deriving: ["task"]),
            origin: Origin(source: "tasks", path: "Seeds/x.jsonl", line: 3),
            licence: licence,
            evidence: evidence,
            provenance: []
        )
    }

    static func row(_ messages: [Message], split: String = "train") -> ExportRow {
        ExportRow(.sample(sample(messages)), split: split)
    }

    static let short = [Message(.user, "Hi"), Message(.assistant, "Hello")]
    static let long = [
        Message(.system, "Be \"brief\"."), Message(.user, "写\u{2028}x\t1"), Message(.assistant, "a\nb \\ 🙂"),
        Message(.user, "2024-01-01"), Message(.assistant, "```python\nprint(1)\n```"),
    ]

    static func pair(
        _ prompt: [Message] = [Message(.user, "Sort")],
        chosen: Message = Message(.assistant, "sorted(x)"),
        rejected: Message = Message(.assistant, "x")
    ) -> PreferencePair {
        PreferencePair(
            prompt: prompt,
            chosen: chosen,
            rejected: rejected,
            chosenKey: ItemKey(deriving: ["c"]),
            rejectedKey: ItemKey(deriving: ["r"]),
            detail: ["basis": "tests"]
        )
    }
}
