import CorpusExporters
import CorpusKit
import Foundation
import Glibc
import Testing

@Suite("Export files")
struct RowFilesTests {
    private static let many = (0..<500).map { index in
        Made.row(
            [
                Message(.user, "\(index)"),
                Message(.assistant, String(repeating: "answer ", count: index + 1)),
            ],
            split: index % 3 == 0 ? "test" : "train"
        )
    }

    @Test(
        "The same rows are the same bytes, and the receipt tells the truth about them",
        arguments: ["none", "gzip"]
    )
    func determinism(compress: String) async throws {
        let benches = [ExportBench(), ExportBench()]
        var receipts: [ExportReceipt] = []
        for bench in benches {
            let options: [String: JSONValue] = ["compress": .string(compress)]
            receipts.append(try await bench.write("sft-messages", Self.many, options: options))
        }

        #expect(receipts[0] == receipts[1])
        #expect(benches[0].names == receipts[0].files.map(\.path).sorted())
        for file in receipts[0].files {
            let bytes = try benches[0].bytes(file.path)
            #expect(bytes == (try benches[1].bytes(file.path)))
            #expect(file.bytes == bytes.count)
            #expect(file.digest == Digest(of: bytes))
            // Nothing but the rows: no name, time or system in a gzip header.
            if file.path.hasSuffix(".gz") {
                #expect(Array(bytes[..<10]) == [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255])
            }
        }
        #expect(receipts[0].files.map(\.rows) == [333, 167, 0])
        #expect(receipts[0].files.map(\.split) == ["train", "test", nil])
    }

    @Test("Splits get their rows in order, and a split without rows an empty file")
    func splits() async throws {
        let bench = ExportBench()

        let receipt = try await bench.write(
            "sft-messages",
            Self.many,
            splits: ["train", "test", "validation"]
        )

        let train = try bench.rows("out/train-00000-of-00001.jsonl")
        let numbers = train.compactMap { $0["messages"]?.elements?.first?["content"]?.text.flatMap(Int.init) }
        #expect(numbers == (0..<500).filter { $0 % 3 != 0 })
        #expect(try bench.bytes("out/validation-00000-of-00001.jsonl") == [])
        #expect(receipt.files.first { $0.split == "validation" }?.rows == 0)
    }

    @Test("Rows that end in an error leave the old files as they were and nothing beside them")
    func failure() async throws {
        let bench = ExportBench()
        _ = try await bench.write("sft-messages", [Made.row(Made.short)])
        let before = try bench.bytes("out/train-00000-of-00001.jsonl")
        let names = bench.names

        await #expect(throws: RowStream.Broken.self) {
            try await bench.write("sft-messages", Self.many, failingAfter: 300)
        }

        #expect(try bench.bytes("out/train-00000-of-00001.jsonl") == before)
        #expect(bench.names == names)
    }

    @Test("A process killed while it writes leaves no file of any split's name")
    func killed() async throws {
        let bench = ExportBench()

        await #expect(processExitsWith: .signal(SIGKILL)) { [folder = bench.folder as String] in
            struct Deadly: AsyncSequence, AsyncIteratorProtocol {
                var left = 2000
                func makeAsyncIterator() -> Deadly { self }
                mutating func next() async throws -> ExportRow? {
                    left -= 1
                    if left == 0 { kill(getpid(), SIGKILL) }
                    return Made.row([
                        Message(.user, "\(left)"), Message(.assistant, String(repeating: "x", count: 999)),
                    ])
                }
            }
            let job = ExportJob(name: "out", folder: folder, splits: ["train", "test"])
            _ = try await ExportBench().make("sft-messages").write(Deadly(), for: job)
        }

        #expect(bench.names.allSatisfy { $0.hasPrefix("out/.") && $0.hasSuffix(".tmp") })
        #expect(!bench.names.isEmpty)
        _ = try await bench.write("sft-messages", [Made.row(Made.short)])
        #expect(try bench.rows("out/train-00000-of-00001.jsonl").count == 1)
    }

    private static func facts(_ receipts: [String: ExportReceipt]) -> CardFacts {
        CardFacts(
            corpus: "x",
            productVersion: "1",
            recipe: "x",
            exports: receipts.sorted { $0.key < $1.key }.map { name, receipt in
                CardFacts.Export(name: name, exporter: "sft-messages", receipt: receipt)
            },
            counts: CardFacts.Counts(candidates: 0, exported: 0),
            command: "corpusmith run x.yaml"
        )
    }

    @Test("Files of splits, exports and packings that are no more go with the next papers")
    func obsolete() async throws {
        let bench = ExportBench()
        let old = try await bench.write("sft-messages", Self.many)
        let other = try await bench.write("sft-messages", Self.many, name: "other")
        try Self.facts(["out": old, "other": other]).writePapers(to: bench.folder)
        try Data("mine".utf8).write(to: URL(fileURLWithPath: bench.folder + "/out/notes.txt"))

        let rows = Self.many.map { ExportRow($0.body, split: "train") }
        let new = try await bench.write(
            "sft-messages",
            rows,
            options: ["compress": "gzip"],
            splits: ["train"]
        )
        try Self.facts(["out": new]).writePapers(to: bench.folder)

        #expect(
            bench.names == [
                "README.md", "manifest.json", "out/notes.txt", "out/train-00000-of-00001.jsonl.gz",
                "templates/chatml_masked.jinja",
            ]
        )
        #expect(!FileManager.default.fileExists(atPath: bench.folder + "/other"))
    }

    @Test("A file that somebody else changed, and a path that leads out of the folder, stay")
    func foreign() async throws {
        let bench = ExportBench()
        var old = try await bench.write("sft-messages", Self.many)
        let outside = URL(fileURLWithPath: bench.folder + "-outside")
        try Data("x".utf8).write(to: outside)
        defer { try? FileManager.default.removeItem(at: outside) }
        let digest = Digest(of: "x")
        for path in [
            "../\(outside.lastPathComponent)", outside.path, "out/../../\(outside.lastPathComponent)",
        ] {
            old.files.append(ExportReceipt.File(path: path, split: nil, rows: 0, bytes: 1, digest: digest))
        }
        try Self.facts(["out": old]).writePapers(to: bench.folder)
        let edited = bench.folder + "/out/test-00000-of-00001.jsonl"
        var bytes = try bench.bytes("out/test-00000-of-00001.jsonl")
        bytes[0] = UInt8(ascii: " ")
        try Data(bytes).write(to: URL(fileURLWithPath: edited))

        let new = try await bench.write("sft-messages", [Made.row(Made.short)], splits: ["train"])
        try Self.facts(["out": new]).writePapers(to: bench.folder)

        #expect(bench.names.contains("out/test-00000-of-00001.jsonl"))
        #expect(FileManager.default.fileExists(atPath: outside.path))
    }

    @Test("A manifest that cannot be read is no reason to remove anything")
    func brokenManifest() async throws {
        let bench = ExportBench()
        let receipt = try await bench.write("sft-messages", Self.many)
        try Data("{".utf8).write(to: URL(fileURLWithPath: bench.folder + "/manifest.json"))

        try Self.facts([:]).writePapers(to: bench.folder)

        #expect(Set(bench.names).isSuperset(of: receipt.files.map(\.path)))
    }

    @Test("A split that the job does not have, and names that are no file names, are refused")
    func names() async throws {
        let bench = ExportBench()
        let rows = [Made.row(Made.short, split: "dev")]

        let unknown = await #expect(throws: ExportProblem.self) {
            try await bench.write("sft-messages", rows)
        }
        #expect(unknown?.description == "a row belongs to the split `dev`, which the export does not have")
        for (name, splits) in [
            ("../out", ["train"]), ("out", ["a/b"]), (".out", ["a"]), ("", ["a"]), ("out", ["a", "a"]),
        ] {
            await #expect(throws: ExportProblem.self) {
                try await bench.write("sft-messages", [], name: name, splits: splits)
            }
        }
        #expect(bench.names == [])
    }

    @Test("A folder that cannot be written is named")
    func blocked() async throws {
        let bench = ExportBench()
        _ = try await bench.write("sft-messages", [], name: "a")
        try Data().write(to: URL(fileURLWithPath: bench.folder + "/file"))

        await #expect {
            try await bench.write("sft-messages", [], name: "file")
        } throws: { error in
            "\(error)".contains("cannot create the folder `\(bench.folder)/file`")
        }
    }
}
