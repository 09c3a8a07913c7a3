import CorpusKit
import CorpusTesting
import Testing

@testable import CorpusFilters

@Suite("Whitelist of decontamination")
struct WhitelistTests {
    private static let first =
        "Given the heights of the tide at a pier return the longest stretch of hours without ground"
    private static let second =
        "Given the names of all ferries in a harbour return the one that leaves last on a Sunday"
    private static let rows: [JSONValue] = [
        ["task_id": "Pier/1", "text": .string(first)], ["task_id": "Pier/2", "text": .string(second)],
    ]

    private func selection(of sample: Sample, whitelist: String, strict: Bool = true) throws -> Selection {
        let rows = Self.rows.map(\.canonical).joined(separator: "\n")
        let filter = try decontaminate(
            ["against": ["bench.jsonl"], "whitelist": "ok.jsonl", "strict": .bool(strict)],
            finder: finder(["bench.jsonl": rows, "ok.jsonl": whitelist])
        )
        return try filter.selection(of: sample)
    }

    private static let every = ["word-8", "word-10", "word-13"].map {
        #"{"rule": "\#($0)", "item": "Pier/1"}"#
    }.joined(separator: "\n")

    @Test("An item that a rule is excused from is not found by it, and by others it still is")
    func items() throws {
        let text = sample([Message(.user, Self.first)])

        #expect(try selection(of: text, whitelist: "").rule == "word-13")
        #expect(
            try selection(of: text, whitelist: #"{"rule": "word-13", "item": "Pier/1"}"#).rule == "word-8"
        )
        #expect(try selection(of: text, whitelist: Self.every) == .keep)
    }

    @Test("Another item is found though an excused one stands before it")
    func others() throws {
        let text = sample([Message(.user, Self.first + ". " + Self.second)])

        let found = try selection(of: text, whitelist: Self.every)

        #expect(found.detail?["item"] == "Pier/2")
        #expect(found.rule == "word-13")
    }

    @Test("A row that names a benchmark excuses its item alone")
    func benchmark() throws {
        let text = sample([Message(.user, Self.first)])
        func row(_ benchmark: String) -> String {
            Self.every.replacing("}", with: #", "benchmark": "\#(benchmark)"}"#)
        }

        #expect(try selection(of: text, whitelist: row("bench")) == .keep)
        #expect(try selection(of: text, whitelist: row("other")).rule == "word-13")
    }

    @Test("A text that is listed by its digest is not looked at, others beside it are")
    func texts() throws {
        let alone = sample([Message(.user, Self.first)])
        let both = sample([Message(.user, Self.first), Message(.assistant, "No: " + Self.first)])
        let digest = try #require(
            try selection(of: alone, whitelist: "").detail?["text_sha256"]?.text
        )
        let whitelist = #"{"sha256": "\#(digest)"}"# + "\n\n"

        #expect(try selection(of: alone, whitelist: whitelist) == .keep)
        #expect(try selection(of: both, whitelist: whitelist).detail?["place"] == "messages[1]")
    }

    @Test(
        "A file that cannot be used is refused with its line",
        arguments: [
            ("[1]", "line 1 is no JSON object"),
            (#"{"rule": "word-10", "item": "a", "note": "x"}"#, "line 1 has the unknown key `note`"),
            ("\n{\"rule\": \"word-9\", \"item\": \"a\"}", "line 2 needs `rule`, one of `word-8`"),
            (#"{"rule": "word-10"}"#, "line 1 needs `item`"),
            (#"{"sha256": "abc"}"#, "line 1 needs `sha256` alone"),
            (#"{"sha256": "abc", "item": "a"}"#, "line 1 needs `sha256` alone"),
        ]
    )
    func faults(whitelist: String, problem: String) {
        let error = #expect(throws: BadOption.self) {
            try selection(of: sample([Message(.user, "x")]), whitelist: whitelist)
        }

        #expect(error?.option == "whitelist")
        #expect(error?.problem.contains(problem) == true)
    }
}
