import CorpusKit
import CorpusTesting
import TestSupport
import Testing

@testable import CorpusFilters

@Suite("Decontamination")
struct DecontaminateTests {
    private static let long = """
        Given the heights of the tide at a pier for every hour of one day, return the longest stretch of hours in \
        which a ship of draught d can stay moored without touching the ground
        """
    private static let short = "Sort the lanterns by brightness"
    private static let code = """
        def moored(tide, draught):
            best = run = 0
            for height in tide:
                run = run + 1 if height > draught else 0
                best = max(best, run)
            return best
        """
    private static let rows: [JSONValue] = [
        [
            "task_id": "Pier/1", "text": .string(long), "code": .string(code),
            "tests": ["assert moored([3, 5, 6, 2], 4) == 2", "assert moored([], 4) == 0"],
        ],
        ["task_id": "Pier/2", "text": .string(short), "code": "lanterns", "tests": []],
    ]
    private func filter(_ options: [String: JSONValue] = [:]) throws -> any SampleFilter {
        try decontaminate(rows: Self.rows, options)
    }

    @Test("A prompt is found in another layout and case, with its item and place")
    func prompt() throws {
        let selection = try filter().selection(
            of: sample([
                Message(
                    .user,
                    "Please help:\n\n" + Self.long.uppercased().split(separator: " ").joined(separator: "\n")
                ),
                Message(.assistant, "No."),
            ])
        )

        #expect(selection.rule == "word-13")
        #expect(selection.detail?["benchmark"] == "bench")
        #expect(selection.detail?["item"] == "Pier/1")
        #expect(selection.detail?["field"] == "text")
        #expect(selection.detail?["place"] == "messages[0]")
        #expect(selection.detail?["tier"] == "contaminated")
        #expect(selection.detail?["match"]?.text?.hasPrefix("GIVEN\nTHE\nHEIGHTS") == true)
        #expect(selection.detail?["match"]?.text?.count ?? 0 <= 200)
    }

    @Test(
        "Every text of a sample is read",
        arguments: [
            ("messages[1]", sample([Message(.user, "x"), Message(.assistant, Self.long)])),
            ("messages[0]", sample([Message(.system, Self.long), Message(.user, "x")])),
            ("code", sample(fields: ["code": .string(Self.long)])),
            ("tests.cases[0].stdin", sample(fields: ["tests": ["cases": [["stdin": .string(Self.long)]]]])),
        ]
    )
    func places(place: String, sample: Sample) throws {
        #expect(try filter().selection(of: sample).detail?["place"]?.text == place)
    }

    @Test(
        "An item spread over the turns of one voice is found, whatever stands between",
        arguments: [
            [Message.Role.user, .assistant, .user], [.user, .assistant, .user, .assistant, .user],
        ]
    )
    func spread(roles: [Message.Role]) throws {
        let words = Self.long.split(separator: " ").map(String.init)
        let voices = roles.count { $0 == .user }
        var random = RandomStream(seed: 1, purpose: ["spread"])
        var part = 0
        let messages = roles.map { role -> Message in
            guard role == .user else { return Message(role, madeUp(12, &random).joined(separator: " ")) }
            defer { part += 1 }
            let range = words.count * part / voices..<words.count * (part + 1) / voices
            return Message(role, words[range].joined(separator: " "))
        }
        #expect(try filter().selection(of: sample(messages)).rule == "word-13")
    }

    @Test("More than half of a field counts, even where no thirteen words agree in a row")
    func coverage() throws {
        var words = Self.long.split(separator: " ").map(String.init)
        for index in stride(from: 11, to: words.count, by: 12) { words[index] = "zebra" }

        let selection = try filter().selection(of: sample([Message(.user, words.joined(separator: " "))]))

        #expect(selection.rule == "word-8")
        let coverage = try #require(selection.detail?["coverage"]?.real)
        #expect(coverage > 0.85 && coverage < 1)
    }

    @Test("A prompt is found though only zero-width spaces part its words")
    func zeroWidthSpaces() throws {
        let text = Self.long.split(separator: " ").joined(separator: "\u{200B}")

        #expect(try filter().selection(of: sample([Message(.user, text)])).rule == "word-13")
    }

    @Test("Less than half of a field does not count, nor does a paraphrase", arguments: [8, 5, 3])
    func paraphrase(every: Int) throws {
        var words = Self.long.split(separator: " ").map(String.init)
        for index in stride(from: every - 1, to: words.count, by: every) { words[index] = "zebra" }
        #expect(
            try filter(["strict": true]).selection(of: sample([Message(.user, words.joined(separator: " "))]))
                == .keep
        )
    }

    @Test("Ten words in a row are suspect: kept with a mark, and dropped only under strict")
    func suspect() throws {
        let ten = Self.long.split(separator: " ")[4..<14].joined(separator: " ")
        let suspect = sample([Message(.user, "Explain this phrase: \(ten). Thanks")])

        guard case .keep(let detail, let labels) = try filter().selection(of: suspect) else {
            Issue.record("the suspect sample was dropped")
            return
        }
        #expect(labels == ["suspect_of": ["bench word-10"]])
        #expect(detail["item"] == "Pier/1")
        #expect(detail["tier"] == "suspect")
        #expect(detail["match"]?.text == ten)
        #expect(detail["text_sha256"]?.text == Digest(of: suspect.content.messages[0].content).description)
        let strict = try filter(["strict": true]).selection(of: suspect)
        #expect(strict.rule == "word-10")
        #expect(strict.detail?["tier"] == "suspect")
        #expect(strict.detail?["match"]?.text == ten)
    }

    @Test(
        "A short item is found whole, and not by its start",
        arguments: [
            ("Now sort the LANTERNS, by brightness!", true), ("Sort the lanterns by size", false),
            ("sort the lanterns by", false),
        ]
    )
    func shortItem(text: String, isFound: Bool) throws {
        let selection = try filter().selection(of: sample([Message(.user, text)]))
        #expect(selection.rule == (isFound ? "short-anchor" : nil))
        if isFound { #expect(selection.detail?["item"] == "Pier/2") }
    }

    @Test("Short items below `min_words` are left alone", arguments: [(5, true), (6, false)])
    func minWords(least: Int, isFound: Bool) throws {
        let selection = try filter(["min_words": .int(least)]).selection(
            of: sample([Message(.user, Self.short)])
        )
        #expect((selection != .keep) == isFound)
    }

    @Test(
        "A test is found line by line, and numbers alone are no test",
        arguments: [
            ("Example:\n>>> x\nassert moored([3,5,6,2],4)==2  # yes", false),
            ("check\n  assert  moored([3,5,6,2],4)==2\nend", true), ("3 5 6 2 4 2\n1 2 3 4 5 6", false),
        ]
    )
    func testLines(text: String, isFound: Bool) throws {
        let selection = try filter().selection(of: sample(fields: ["tests": .string(text)]))
        #expect(selection.rule == (isFound ? "test-line" : nil))
    }

    @Test("Runs of numbers are no match")
    func numbers() throws {
        let row = (1...40).map(String.init).joined(separator: ", ")
        let filter = try decontaminate(
            rows: [["id": 1, "text": .string("Return the sum of \(row), which a clerk wrote down")]],
            ["strict": true]
        )
        let other = sample(fields: [
            "code": .string("primes = [\((5...30).map(String.init).joined(separator: ", "))]")
        ])
        #expect(try filter.selection(of: other) == .keep)
    }

    @Test("Numbers of hidden tests are no text")
    func arguments() throws {
        let hidden: JSONValue = [
            "kind": "call", "entry_point": "moored", "cases": [["args": [[3, 5, 6, 2], 4], "expect": 2]],
        ]
        #expect(try filter(["strict": true]).selection(of: sample(fields: ["tests": hidden])) == .keep)
    }

    @Test(
        "Chinese text counts by characters, and a stock phrase is not enough",
        arguments: [
            ("给定一个港口的灯笼时间表请返回恰好有两个灯笼同时点亮的分钟数", true), ("给定一个港口的灯笼时间表请问今天天气如何我们出去玩吧", false),
        ]
    )
    func chinese(text: String, isFound: Bool) throws {
        let filter = try decontaminate(
            rows: [["id": "灯", "text": "给定一个港口的灯笼时间表，请返回恰好有两个灯笼同时点亮的分钟数，并且按照从小到大的顺序排列结果，没有则返回空列表。"]],
            ["strict": true]
        )
        #expect((try filter.selection(of: sample([Message(.user, text)])) != .keep) == isFound)
    }

    @Test(
        "Innocent texts are kept",
        arguments: ["", "x", "Write a function to sort a list.", Self.code.uppercased() + "?"]
    )
    func innocent(text: String) throws {
        let other = try decontaminate(rows: [Self.rows[1]], ["strict": true])
        #expect(try other.selection(of: sample([Message(.user, text)])) == .keep)
    }

    @Test("Words that half of the items open with are no match")
    func openings() throws {
        var random = RandomStream(seed: 3, purpose: ["openings"])
        let opening = "Write a function in the language of your choice to compute"
        let rows = (0..<20).map { _ in
            JSONValue.object(["text": .string("\(opening) \(madeUp(3, &random)[0])")])
        }
        let filter = try decontaminate(rows: rows, ["strict": true])

        #expect(
            try filter.selection(of: sample([Message(.user, "\(opening) the height of a tower")])) == .keep
        )
        #expect(
            try filter.selection(of: sample([Message(.user, rows[4]["text"]?.text ?? "")])).rule == "word-8"
        )
    }

    @Test("A pack finds what the text finds, in any number of benchmarks", arguments: [false, true])
    func pack(isTwo: Bool) throws {
        let lines = Array(Self.rows.map(\.canonical).joined(separator: "\n").utf8)
        let request = FingerprintRequest(
            name: "pier",
            source: "",
            licence: "",
            fields: ["text", "code", "tests"],
            id: "task_id"
        )
        let bytes = try FingerprintBuilder.pack(ofJSONLines: lines, for: request).bytes()
        let other = "something else entirely that nobody would ever write twice in the same words"
        let finder = MemoryFinder(bytes: ["other.txt": Array(other.utf8), "packs/pier.csfp": bytes])
        let against: JSONValue = isTwo ? ["other.txt", "packs/pier.csfp"] : ["packs/pier.csfp"]
        let filter = try decontaminate(["against": against], finder: finder)

        let found = try filter.selection(of: sample([Message(.user, "so: " + Self.code)]))

        #expect(found.detail?["benchmark"] == "pier")
        #expect(found.detail?["item"] == "Pier/1")
        #expect(found.detail?["field"] == "code")
        #expect(try filter.selection(of: sample([Message(.user, Self.short)])).rule == "short-anchor")
        #expect(try filter.selection(of: sample([Message(.user, "Sort the lanterns by size")])) == .keep)
    }

    @Test("The built-in packs load, and their items are counted")
    func builtIn() throws {
        for (name, items) in [("humaneval", 164), ("mbpp", 974)] {
            let bytes = try finder().bytes(at: Repository.path + "/Templates/Fingerprints/\(name).csfp")
            let pack = try FingerprintPack.read(bytes, name: name)
            #expect(pack.benchmarks.map(\.items.count) == [items])
            #expect(pack.bytes() == bytes)
        }
        let filter = try decontaminate([:])
        #expect(try filter.selection(of: sample([Message(.user, Self.long)])) == .keep)
    }

    @Test(
        "Files of several kinds and folders are read",
        arguments: [
            "bench.json", "bench.txt", "bench.jsonl", "bench", "bench/",
        ]
    )
    func files(name: String) throws {
        let finder = finder([
            "bench.json": JSONValue.array(Self.rows).canonical, "bench.txt": Self.long,
            "bench.jsonl": "\n" + (Self.rows.map(\.canonical).joined(separator: "\n")),
            "bench/one.md": Self.short, "bench/deep/two.py": Self.code + "\n\n" + Self.long,
        ])
        let filter = try decontaminate(["against": [.string(name)]], finder: finder)

        let selection = try filter.selection(of: sample([Message(.user, Self.long)]))

        #expect(selection.rule == "word-13")
        #expect(selection.detail?["benchmark"] == "bench")
    }

    @Test(
        "What cannot be compared with is refused by name",
        arguments: [
            ([] as JSONValue, "option `against` must name at least one benchmark"),
            (
                ["humanevil"],
                "option `against` names `humanevil`, which is neither a built-in pack (humaneval, mbpp) nor a path"
            ),
            (["a.txt", "a.txt"], "option `against` must not name a benchmark twice"),
            (
                ["bad.jsonl"],
                "option `against` cannot be used: line 2 of `bad.jsonl` is not JSON (a value cannot start with this character at byte 0)"
            ),
            (["empty.jsonl"], "option `against` names `empty.jsonl`, which holds no text"),
            (
                ["bad.csfp"],
                "option `against` cannot be used: `bad.csfp` is no fingerprint pack: it does not start with `CSFP`; give a file made by `corpusmith fingerprint build`, or the benchmark itself as JSON Lines"
            ),
        ] as [(JSONValue, String)]
    )
    func refused(against: JSONValue, message: String) {
        let finder = finder([
            "a.txt": "a", "bad.jsonl": "{}\nx", "empty.jsonl": "{\"n\": 1}", "bad.csfp": "nothing",
        ])
        let error = #expect(throws: BadOption.self) {
            try decontaminate(["against": against], finder: finder)
        }
        #expect(error?.description == message)
    }

    @Test("A file that is missing is named")
    func missing() {
        let error = #expect(throws: ResourceProblem.self) {
            try decontaminate(["against": ["no/such.jsonl"]])
        }
        #expect(error?.name == "no/such.jsonl")
    }

    @Test("The self-checks hold")
    func selfChecks() throws {
        for entry in BuiltInFilters.all {
            for check in entry.selfChecks {
                let filter = try decontaminate(.object(check.options))
                let selection = try filter.selection(of: sample(fields: check.seed.content.fields))
                switch check.expectation {
                case .accepts: #expect(selection == .keep, "\(check.name)")
                case .refuses(let reason):
                    #expect(selection.detail != nil && entry.manifest.reasons == [reason], "\(check.name)")
                }
            }
        }
    }

    @Test("Windows that are planted are found, and only those", arguments: 0..<20)
    func planted(seed: Int) throws {
        var random = RandomStream(seed: seed, purpose: ["planted"])
        let items = (0..<5).map { _ in madeUp(20 + random.below(40), &random) }
        let filter = try decontaminate(
            rows: items.map { ["text": .string($0.joined(separator: " "))] },
            ["strict": true]
        )
        for length in [7, 9, 10, 12, 13, 16] {
            let item = items[random.below(5)]
            let start = random.below(item.count - length)
            let planted = madeUp(30, &random) + item[start..<start + length] + madeUp(30, &random)

            let selection = try filter.selection(of: sample([Message(.user, planted.joined(separator: " "))]))

            let share = Double(length) / Double(item.count)
            let expected: String? =
                length >= 13 ? "word-13" : length >= 10 ? (share > 0.5 ? "word-8" : "word-10") : nil
            #expect(selection.rule == expected)
        }
    }
}
