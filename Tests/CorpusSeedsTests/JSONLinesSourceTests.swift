import CorpusKit
import CorpusSeeds
import Foundation
import Testing

@Suite("JSON Lines source")
struct JSONLinesSourceTests {
    private func read(_ text: String, _ options: [String: JSONValue] = [:]) async throws -> [SourceRow] {
        let tree = try ScratchTree(["Seeds/x.jsonl": text])
        var options = options
        options["path"] = "Seeds/x.jsonl"
        return try await source("jsonl", options, in: tree).allRows()
    }

    private func seed(_ text: String, _ options: [String: JSONValue] = [:]) async throws -> Seed? {
        guard case .seed(let seed)? = try await read(text, options).first else { return nil }
        return seed
    }

    @Test("Members become fields, except labels, conversation and licence; null is absent")
    func members() async throws {
        let seed = try await seed(
            """
            {"instruction": "Sort", "n": 3, "tags": ["a"], "more": {"b": 1.5}, "flag": true, "none": null,
            """.replacing("\n", with: " ") + """
                "labels": {"language": "python"}, "license": "MIT", \
                "messages": [{"role": "user", "content": "Hi", "name": "x"}]}
                """
        )

        #expect(
            seed?.content.fields == [
                "instruction": "Sort", "n": 3, "tags": ["a"], "more": ["b": 1.5], "flag": true,
            ]
        )
        #expect(seed?.content.labels == ["language": "python"])
        #expect(seed?.content.messages == [Message(.user, "Hi")])
        #expect(seed?.licence == "MIT")
        #expect(seed?.origin == Origin(source: "seeds", path: "Seeds/x.jsonl", line: 1))
    }

    @Test("Special names with another kind of value are ordinary fields")
    func ordinary() async throws {
        let seed = try await seed(
            #"{"labels": ["a"], "licence": 3, "messages": [{"role": "narrator", "content": "x"}]}"#
        )

        #expect(
            seed?.content.fields
                == ["labels": ["a"], "licence": 3, "messages": [["role": "narrator", "content": "x"]]]
        )
        #expect(seed?.licence == nil)
    }

    @Test("The id is a digest of the content alone, whatever the order of keys and the place")
    func identity() async throws {
        let tree = try ScratchTree([
            "a/1.jsonl": #"{"x": 1, "y": "é"}"#,
            "b.jsonl": "\n\n" + #"{ "y": "\u00e9", "x": 1 }"# + "\n" + #"{"x": 2}"#,
        ])

        let first = try await source("jsonl", ["path": "a/1.jsonl"], in: tree).allSeeds()
        let second = try await source("jsonl", ["path": "b.jsonl"], in: tree).allSeeds()

        #expect(first.map(\.id) == [second[0].id])
        #expect(second[0].id != second[1].id)
        let content = Content(fields: ["x": 1, "y": "é"])
        #expect(first[0].id == ItemKey(deriving: [content.json.canonical]).description)
        #expect(second[0].origin.line == 3)
    }

    @Test(
        "A bad row is booked with its line, reason and byte, and the rest goes on",
        arguments: [
            (#"{"x": 1,}"#, "unreadable-row", "the line is not JSON: expected a key in quotes at byte 8"),
            (#"{"x": 1"#, "unreadable-row", "the line is not JSON: expected `,` or `}` at byte 7"),
            ("  [1]", "unreadable-row", "expected an object, found an array at byte 2"),
            (
                "Hello {x}", "unreadable-row",
                "the line is no JSON object: it begins with something else than `{`, as plain text does"
            ),
            ("null", "unreadable-row", "expected an object, found null at byte 0"),
            (
                #"{"x": "\ud800"}"#, "unreadable-row",
                "the line is not JSON: a lone surrogate is not a character at byte 7"
            ),
            (
                #"{"x": 1, "x": 2}"#, "unreadable-row",
                "the line is not JSON: the key `x` stands twice in one object at byte 9"
            ),
            (#"{"y": 1}"#, "missing-field", "the row has no field `x`"),
            (#"{"x": null}"#, "missing-field", "the row has no field `x`"),
            (#"{"x": " \n"}"#, "missing-field", "the field `x` is blank"),
        ]
    )
    func badRow(line: String, reason: String, message: String) async throws {
        let rows = try await read(#"{"x": 0}"# + "\n\(line)\r\n \n" + #"{"x": 9}"#, ["require": ["x"]])

        #expect(rows.count == 3)
        guard case .unreadable(let problem) = rows[1] else {
            Issue.record("the row was readable")
            return
        }
        #expect(problem.origin.description == "Seeds/x.jsonl:2")
        #expect(problem.reason.description == reason)
        #expect(problem.message == message)
        guard case .seed(let last) = rows[2] else {
            Issue.record("the rest did not go on")
            return
        }
        #expect(last.content.fields == ["x": 9])
        #expect(last.origin.line == 4)
    }

    @Test("Bytes that are no UTF-8 are told apart from bad JSON")
    func notUTF8() async throws {
        let tree = try ScratchTree()
        try tree.add(
            "x.jsonl",
            Data(#"{"x": 1}"#.utf8) + [0x0A] + Data(#"{"x": ""#.utf8) + [0xC3, 0x28] + Data(#""}"#.utf8)
        )

        let problems = try await source("jsonl", ["path": "x.jsonl"], in: tree).allProblems()

        #expect(problems.map(\.reason) == ["not-utf8"])
        #expect(problems.map(\.message) == ["the line is not valid UTF-8 at byte 7"])
    }

    @Test("Renaming moves members, also in a circle, and asks for them in every row")
    func renaming() async throws {
        let options: [String: JSONValue] = ["fields": ["a": "b", "b": "a", "text": "c"]]

        let seed = try await seed(#"{"a": 1, "b": 2, "c": 3, "text": 4, "d": 5}"#, options)
        let rows = try await read(#"{"a": 1, "b": 2}"#, options)

        #expect(seed?.content.fields == ["a": 2, "b": 1, "text": 3, "d": 5])
        guard case .unreadable(let problem)? = rows.first else {
            Issue.record("the row was readable")
            return
        }
        #expect(problem.reason == "missing-field")
        #expect(problem.message == "the row has no `c`, which `fields` renames to `text`")
    }

    @Test("A row's own licence goes before the default, and its name can be chosen")
    func licences() async throws {
        let tree = try ScratchTree([
            "x.jsonl": #"{"a": 1, "terms": "ISC", "licence": "MIT"}"# + "\n" + #"{"a": 2, "terms": ""}"#
                + "\n" + #"{"a": 3}"#
        ])

        let plain = try await source("jsonl", ["path": "x.jsonl", "licence": "CC0-1.0"], in: tree).allSeeds()
        let chosen = try await source("jsonl", ["path": "x.jsonl", "licence_field": "terms"], in: tree)
            .allSeeds()

        #expect(plain.map(\.licence) == ["MIT", "CC0-1.0", "CC0-1.0"])
        #expect(chosen.map(\.licence) == ["ISC", nil, nil])
        #expect(chosen[0].content.fields == ["a": 1, "licence": "MIT"])
    }

    @Test("A folder and a pattern give their files in the order of their names, whatever the finder's order")
    func manyFiles() async throws {
        let row = { (n: Int) in "{\"n\": \(n)}\n" }
        let tree = try ScratchTree([
            "d/b.jsonl": row(2), "d/a.jsonl": row(1), "d/sub/c.ndjson": row(3), "d/README.md": "no rows",
            "e.jsonl": row(4), "d/B.jsonl": row(0),
        ])

        let folder = try source("jsonl", ["path": "d/"], in: tree)
        let pattern = try source("jsonl", ["path": "d/*.jsonl", "take": 2], in: tree)
        let top = try source("jsonl", ["path": "*.jsonl"], in: tree)

        let seeds = try await folder.allSeeds()
        #expect(seeds.map(\.content.fields["n"]) == [0, 1, 2, 3])
        #expect(
            seeds.map(\.origin.description) == [
                "d/B.jsonl:1", "d/a.jsonl:1", "d/b.jsonl:1", "d/sub/c.ndjson:1",
            ]
        )
        #expect(try folder.countEstimate() == 4)
        #expect(try await pattern.allSeeds().map(\.origin.path) == ["d/B.jsonl", "d/a.jsonl"])
        #expect(try pattern.countEstimate() == 2)
        #expect(try await top.allSeeds().map(\.origin.path) == ["e.jsonl"])
    }

    @Test("`take` counts rows, readable or not")
    func take() async throws {
        let rows = try await read("{}\nbad\n{}\n{}\n", ["take": 3])

        #expect(rows.count == 3)
    }

    @Test("Known fields are those of all readable rows among the first hundred")
    func knownFields() throws {
        let rows = (0..<150).map { $0 < 100 ? #"{"a": 1, "b": \#($0)}"# : #"{"a": 1}"# }
        let tree = try ScratchTree(["x.jsonl": "bad\n" + rows.joined(separator: "\n"), "y.jsonl": "bad"])

        #expect(try source("jsonl", ["path": "x.jsonl"], in: tree).knownFields() == ["a", "b"])
        #expect(
            try source("jsonl", ["path": "x.jsonl", "fields": ["q": "b"]], in: tree).knownFields() == [
                "a", "q",
            ]
        )
        #expect(try source("jsonl", ["path": "y.jsonl"], in: tree).knownFields() == nil)
    }

    @Test("The count of a large file is an estimate near the truth")
    func estimate() throws {
        let tree = try ScratchTree()
        let row = #"{"text": ""# + String(repeating: "x", count: 985) + #""}"# + "\n"
        try tree.add("big.jsonl", Data(String(repeating: row, count: 70_000).utf8))

        let count = try source("jsonl", ["path": "big.jsonl"], in: tree).countEstimate()

        #expect(count.map { abs($0 - 70_000) < 2_100 } == true)
    }

    @Test(
        "A source that cannot give rows is refused at the start",
        arguments: [
            ("", "`x.jsonl` has no rows: it is empty or blank"),
            ("\n \r\n", "`x.jsonl` has no rows: it is empty or blank"),
            ("[\n{}\n]", "`x.jsonl` is one JSON array and not JSON Lines; convert it with `jq -c '.[]'`"),
            (
                "\n [ {\"a\": 1} ]",
                "`x.jsonl` is one JSON array and not JSON Lines; convert it with `jq -c '.[]'`"
            ),
        ]
    )
    func emptySource(text: String, message: String) throws {
        let tree = try ScratchTree(["x.jsonl": text])

        let problem = #expect(throws: ResourceProblem.self) {
            try source("jsonl", ["path": "x.jsonl"], in: tree)
        }

        #expect(problem?.description == message)
    }

    @Test("Missing files and impossible options are refused by name")
    func badOptions() throws {
        let tree = try ScratchTree(["x.jsonl": "{}", "d/readme.txt": ""])
        func refusal(_ options: [String: JSONValue]) -> BadOption? {
            #expect(throws: BadOption.self) { try source("jsonl", options, in: tree) }
        }

        #expect(refusal([:])?.option == "path")
        #expect(
            refusal(["path": "x.jsonl", "take": -1])?.description == "option `take` must be 0 or more, not -1"
        )
        #expect(refusal(["path": "x.jsonl", "fields": ["a": ""]])?.option == "fields")
        #expect(throws: ResourceProblem.self) { try source("jsonl", ["path": "none.jsonl"], in: tree) }
        let none = #expect(throws: ResourceProblem.self) { try source("jsonl", ["path": "d"], in: tree) }
        #expect(none?.description == "no file that this source can read matches `d`")
    }

    @Test("Braces and brackets in a path stand for themselves, which is said where nothing is found")
    func foreignWildcards() async throws {
        let tree = try ScratchTree(["d[1]/a{b}.jsonl": "{}", "d[1]/c.jsonl": "{}"])
        func paths(_ path: String) async throws -> [String?] {
            try await source("jsonl", ["path": .string(path)], in: tree).allSeeds().map(\.origin.path)
        }
        #expect(try await paths("d[1]/a{b}.jsonl") == ["d[1]/a{b}.jsonl"])
        #expect(try await paths("d[1]/*.jsonl") == ["d[1]/a{b}.jsonl", "d[1]/c.jsonl"])
        for path in ["d/{a,c}.jsonl", "d[12]/*.jsonl", "*/{a,c}.jsonl"] {
            let problem = await #expect(throws: BadOption.self) { try await paths(path) }
            #expect(problem?.option == "path")
            #expect(problem?.problem.contains("the only wildcards are `*`, `?` and `**`") == true, "\(path)")
        }
    }

    @Test("Rows are pulled: reading the first of many rows does not read the rest, and twice gives the same")
    func streaming() async throws {
        let tree = try ScratchTree(["a.jsonl": "{}\n", "b.jsonl": "{\"n\": 1}\n"])
        let source = try source("jsonl", ["path": "*.jsonl"], in: tree)

        for try await _ in try source.rows() { break }
        let first = try await source.allRows()
        let second = try await source.allRows()
        #expect(first == second)

        try FileManager.default.removeItem(atPath: tree.path + "/b.jsonl")
        for try await _ in try source.rows() { break }
        await #expect(throws: ResourceProblem.self) { try await source.allRows() }
    }
}
