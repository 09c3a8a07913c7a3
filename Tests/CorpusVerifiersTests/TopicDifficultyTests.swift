import CorpusKit
import CorpusTesting
import Testing

@testable import CorpusVerifiers

@Suite("Topic difficulty")
struct TopicDifficultyTests {
    private let draft = sample(["instruction": "Count the vowels of a word."])
    private static func score(_ value: Int) -> String { #"{"score": \#(value), "reason": "one loop"}"# }

    @Test("The topic is asked for first, then the score within it")
    func order() async throws {
        let host = ScriptedHost(texts: ["String Algorithms", Self.score(6)])

        let verdict = try await single("topic-difficulty", roles: ["model"]).verdict(
            on: draft,
            in: host.context()
        )

        #expect(verdict.outcome == .pass)
        #expect(
            verdict.labels == [
                "topic": "string-algorithm", "topics": ["string-algorithm"], "llm_score": 6.0,
            ]
        )
        #expect(verdict.score == 6)
        #expect(verdict.detail["reason"] == "one loop")
        #expect(host.asked.count == 4)
        let questions = host.asked.compactMap(\.first?.content)
        #expect(questions.allSatisfy { $0.contains("Count the vowels of a word.") && !$0.contains("{{") })
        #expect(questions.last?.contains("Topic: string algorithm") == true)
        #expect(host.calls.map(\.settings).map { $0.schema == nil } == [false, false, false, false])
    }

    @Test(
        "The anchors are of the task's own topic, or else of several",
        arguments: [
            (#"["rope splicing", "graph traversal"]"#, "graphs and trees", "of that topic"),
            (#"["regular expressions", "text"]"#, "parsing", "of that topic"),
            (#"["rope splicing"]"#, "general", "of several topics"),
        ]
    )
    func anchors(topics: String, anchors: String, words: String) async throws {
        let host = ScriptedHost(texts: [#"{"topics": \#(topics)}"#, Self.score(5)])

        let verdict = try await single("topic-difficulty", roles: ["model"]).verdict(
            on: draft,
            in: host.context()
        )

        #expect(verdict.detail["anchors"] == .string(anchors))
        #expect(host.asked.last?.first?.content.contains(words) == true)
    }

    @Test("Every topic that a model names is kept, with its reason, and the first is the main one")
    func tags() async throws {
        let reply = """
            {"topics": [{"topic": "Binary Searches", "reason": "the list is sorted"}, {"topic": "a b c d e"},
            {"topic": "binary search"}, "Arrays"]}
            """
        let host = ScriptedHost(texts: [reply, Self.score(5)])

        let verdict = try await single("topic-difficulty", ["max_topics": 3], roles: ["model"]).verdict(
            on: draft,
            in: host.context()
        )

        #expect(verdict.labels["topic"] == "binary-search")
        #expect(verdict.labels["topics"] == ["binary-search", "array"])
        #expect(
            verdict.detail["topics"]
                == [
                    ["topic": "binary-search", "reason": "the list is sorted"],
                    ["topic": "array", "reason": ""],
                ]
        )
        #expect(host.asked[0][0].content.contains("one to 3"))
    }

    @Test(
        "Scores below the least wanted are too easy, the least itself passes",
        arguments: [(2, false), (3, true)]
    )
    func threshold(value: Int, passes: Bool) async throws {
        let host = ScriptedHost(texts: ["strings", Self.score(value)])

        let verdict = try await single("topic-difficulty", roles: ["model"]).verdict(
            on: draft,
            in: host.context()
        )

        #expect(verdict.outcome == (passes ? .pass : .fail("too-easy")))
    }

    @Test("Of several scores the mean counts, and they are not asked for at temperature 0")
    func mean() async throws {
        let host = ScriptedHost(texts: ["strings", Self.score(2), Self.score(3), Self.score(3)])
        let judge = try single("topic-difficulty", roles: ["model"])

        let verdict = try await judge.verdict(on: draft, in: host.context())

        #expect(verdict.outcome == .fail("too-easy"))
        #expect(verdict.detail["scores"] == [2, 3, 3])
        #expect(host.calls.map(\.settings).last?.temperature == nil)
        #expect(judge.worstCaseCalls == ["model": 8])
    }

    @Test("An unreadable reply is sent back once, and the second counts")
    func repair() async throws {
        let host = ScriptedHost(texts: [
            "strings", "I would say four", "Sorry.\n```json\n\(Self.score(4))\n```",
        ])

        let verdict = try await single("topic-difficulty", ["calls": 1], roles: ["model"]).verdict(
            on: draft,
            in: host.context()
        )

        #expect(verdict.outcome == .pass)
        #expect(verdict.score == 4)
        #expect(host.asked.last?.map(\.role) == [.user, .assistant, .user])
        #expect(host.asked.last?[1].content == "I would say four")
    }

    @Test(
        "Two unreadable replies leave the task undecided",
        arguments: [
            ["", "", ""], ["strings", "no", #"{"score": 11, "reason": ""}"#],
            ["one two three four five", "-"],
        ]
    )
    func undecided(texts: [String]) async throws {
        let host = ScriptedHost(texts: texts)

        let verdict = try await single("topic-difficulty", roles: ["model"]).verdict(
            on: draft,
            in: host.context()
        )

        #expect(verdict.outcome == .unsure("format-broken"))
        #expect(host.asked.count <= 3)
    }

    @Test("A reply that was cut off is not read")
    func truncated() async throws {
        let host = ScriptedHost(replies: [ModelReply(text: "strings", finish: .length)])

        let verdict = try await single("topic-difficulty", roles: ["model"]).verdict(
            on: draft,
            in: host.context()
        )

        #expect(verdict.outcome == .unsure("format-broken"))
    }

    @Test(
        "Topics come to one spelling",
        arguments: [
            ("Binary Search", "binary-search"), ("Topic: **Regular Expressions**.", "regular-expression"),
            ("\n\n`graphs`\nbecause", "graph"), ("C++ templates", "c++-template"), ("queries", "query"),
            ("classes", "class"), ("{\"topic\": \"Sorting\"}", "sorting"), ("analysis", "analysis"),
            ("HTTP/2", "http-2"), ("数据库", "数据库"),
        ]
    )
    func topics(reply: String, label: String) {
        #expect(Topics(reply)?.topics.first?.label == label)
    }

    @Test("A draft without a task is skipped")
    func noTask() async throws {
        let judge = try single("topic-difficulty", roles: ["model"])
        let host = ScriptedHost(texts: ["strings"])

        let skip = await #expect(throws: Skip.self) {
            try await judge.verdict(on: sample(["code": "x"]), in: host.context())
        }

        #expect(skip?.reason == "missing-field")
        #expect(host.asked.isEmpty)
    }

    @Test(
        "Impossible options are refused",
        arguments: [
            (["calls": 4], "option `calls` must be between 1 and 3, not 4"),
            (["max_topics": 7], "option `max_topics` must be between 1 and 6, not 7"),
            (["min_score": 0], "option `min_score` must be between 1 and 10, not 0.0"),
        ] as [(JSONValue, String)]
    )
    func badOptions(options: JSONValue, message: String) {
        let error = #expect(throws: BadOption.self) {
            try single("topic-difficulty", options, roles: ["model"])
        }
        #expect(error?.description == message)
    }
}
