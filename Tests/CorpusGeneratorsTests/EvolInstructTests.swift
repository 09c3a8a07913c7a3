import CorpusKit
import CorpusTesting
import Testing

@Suite("Evol-Instruct")
struct EvolInstructTests {
    private static let parent = "Count the vowels of a text."
    private let seed = Seed(
        id: "s",
        fields: [
            "instruction": .string(parent), "tests": ["kind": "call"], "signature": "def f(t):",
            "example": "f('a')",
            "code": "x", "topic_note": "kept",
        ],
        labels: [
            "difficulty": "easy", "topic": "graphs", "llm_score": 6.5, "style": "terse",
            "suspect_of": ["mbpp word-10"], "language": "python",
        ]
    )
    private static let once: [String: JSONValue] = [
        "rounds": 1, "operators": ["add-requirement"], "equality_judge": false,
    ]

    @Test("Every surviving round is a draft, and what described the old task is taken off")
    func rounds() async throws {
        let host = ScriptedHost(
            "Count the vowels of a text, leaving out `y`.",
            "Count the vowels of a text, leaving out `y` and every doubled one."
        )
        let options: [String: JSONValue] = [
            "rounds": 2, "operators": ["more-steps", "tighter-bounds"], "equality_judge": false,
        ]

        let outcome = try await Outcome.of("evol-instruct", seed, options, host: host)

        #expect(outcome.drafts.map(\.note) == ["round 1", "round 2"])
        #expect(
            outcome.drafts.map { $0.content.fields["instruction"]?.text }
                == host.calls.indices.map {
                    [
                        "Count the vowels of a text, leaving out `y`.",
                        "Count the vowels of a text, leaving out `y` and every doubled one.",
                    ][$0]
                }
        )
        #expect(outcome.drafts.allSatisfy { Set($0.content.fields.keys) == ["instruction", "topic_note"] })
        #expect(Set(outcome.drafts.compactMap { $0.content.labels["operation"]?.text }).count == 2)
        #expect(outcome.drafts.map { $0.content.labels["round"] } == [1, 2])
        #expect(
            outcome.drafts.allSatisfy {
                Set($0.content.labels.keys) == ["language", "operation", "round", "equality"]
                    && $0.content.messages.isEmpty
            }
        )
        #expect(
            host.calls[1].messages.last?.content.hasPrefix(
                "Task: Count the vowels of a text, leaving out `y`.\n"
            ) == true
        )
    }

    @Test(
        "A rewriting that breaks a rule is booked with its reason and the parent stays",
        arguments: [
            (ModelReply(text: ""), "empty"),
            (ModelReply(text: "Count the vowels twice over.", finish: .length), "truncated"),
            (ModelReply(text: "I'm sorry, but I can't."), "refusal"),
            (ModelReply(text: "Count all vowels"), "low-quality"),
            (ModelReply(text: String(repeating: "count vowels and ", count: 10)), "low-quality"),
            (ModelReply(text: "The rewritten prompt: count the vowels twice."), "prompt-leak"),
            (ModelReply(text: "<<<REWRITEN>>\nCount the vowels of a text twice."), "prompt-leak"),
            (ModelReply(text: "Count vowels, where a tab stands for four blanks."), "prompt-leak"),
            (ModelReply(text: "Count the vowels\nof a text."), "no-gain"),
            (ModelReply(text: "Count the vowels of a text!"), "no-gain"),
            (ModelReply(text: "Count the vowels twice:\n```python\nx\n```"), "format-broken"),
            (ModelReply(text: "Use def count(text): to count the vowels"), "format-broken"),
            (ModelReply(text: "<<<REWRITTEN>>>\n"), "empty"),
        ] as [(ModelReply, ReasonCode)]
    )
    func badReplies(reply: ModelReply, reason: ReasonCode) async throws {
        let options = Self.once.merging(["rounds": 2]) { $1 }
        let host = ScriptedHost(replies: [reply, ModelReply(text: "Count the vowels of a text backwards.")])

        let outcome = try await Outcome.of("evol-instruct", seed, options, host: host)

        #expect(outcome.drops == [reason], "\(reply.text)")
        #expect(outcome.drafts.map { $0.content.labels["round"] } == [2])
        #expect(host.calls[1].messages.last?.content.hasPrefix("Task: \(Self.parent)\n") == true)
    }

    @Test(
        "The equality judge is asked in both orders and only two `EQUAL` count",
        arguments: [
            (["EQUAL", "EQUAL"], nil, 3), (["EQUAL", "different"], "different", 3),
            (["Different."], "different", 2),
            (["Both are EQUAL", "EQUAL"], "unsure", 3), (["EQUAL", "hm"], "unsure", 3),
        ] as [([String], JSONValue?, Int)]
    )
    func equality(verdicts: [String], label: JSONValue?, calls: Int) async throws {
        let host = ScriptedHost(replies: ["Count the vowels of a text backwards."] + verdicts)
        let options = Self.once.merging(["equality_judge": true]) { $1 }

        let outcome = try await Outcome.of("evol-instruct", seed, options, host: host)

        #expect(outcome.drafts.first?.content.labels["equality"] == label)
        #expect(outcome.drops == (label == nil ? ["no-gain"] : []))
        #expect(host.calls.count == calls)
        #expect(host.calls.dropFirst().allSatisfy { $0.settings.temperature == 0 })
        if calls == 3 {
            let asked = host.calls.dropFirst().compactMap(\.messages.last?.content)
            #expect(asked[0] != asked[1])
        }
    }

    @Test("Operators are used evenly, and a second one tries when the first fails", arguments: 0..<10)
    func evenUse(random: Int) async throws {
        let host = ScriptedHost(answer: { call, index in
            ModelReply(
                text: index == 0 ? "" : "Count the vowels of a text in way number \(index * 1111) of them."
            )
        })
        let options: [String: JSONValue] = [
            "rounds": 4,
            "operators": ["add-requirement", "rarer-requirement", "more-steps", "tighter-bounds", "deepen"],
            "equality_judge": false,
        ]

        let outcome = try await Outcome.of("evol-instruct", seed, options, host: host, random: random)

        let lastLines = host.calls.compactMap { $0.messages.last?.content.textLines.last }
        #expect(lastLines.count == 5)
        #expect(Set(lastLines).count == 5)
        #expect(outcome.drafts.count == 4)
    }

    @Test("Misleading code must be there, is kept apart, and a coin says whether it is announced")
    func misleadingCode() async throws {
        let options: [String: JSONValue] = [
            "rounds": 1, "operators": ["misleading-code"], "equality_judge": false,
        ]
        let text = "Count the vowels of a text. Start from:\n```python\ndef f(t): return 5\n```"

        let with = try await Outcome.of("evol-instruct", seed, options, host: ScriptedHost(text))
        let without = try await Outcome.of(
            "evol-instruct",
            seed,
            options,
            host: ScriptedHost("Count the vowels of two texts.")
        )
        var systems: Set<String> = []
        for random in 0..<12 {
            let host = ScriptedHost(text)
            _ = try await Outcome.of("evol-instruct", seed, options, host: host, random: random)
            systems.insert(host.calls[0].messages[0].content)
        }

        #expect(with.drafts.first?.content.fields["misleading_code"] == "def f(t): return 5")
        #expect(without.drops == ["format-broken"])
        #expect(systems.count == 2)
    }

    @Test("Code and tables of the parent must not get lost")
    func lostBlocks() async throws {
        let table = Seed(
            id: "s",
            fields: ["instruction": "Sum up the columns:\n| a | b |\n| 1 | 2 |\n```\nx\n```"]
        )

        let lost = try await Outcome.of(
            "evol-instruct",
            table,
            Self.once,
            host: ScriptedHost("Sum up the columns of a large table.")
        )
        let kept = try await Outcome.of(
            "evol-instruct",
            table,
            Self.once,
            host: ScriptedHost(
                "Sum up the columns, but the second one twice:\n| a | b |\n| 1 | 2 |\n```\nx\n```"
            )
        )

        #expect(lost.drops == ["low-quality"])
        #expect(kept.drafts.count == 1)
    }

    @Test(
        "The words of misleading code do not count against the task, up to 400 in all",
        arguments: [(60, "ok"), (420, "low-quality")]
    )
    func wordsOfCode(words: Int, end: String) async throws {
        let options: [String: JSONValue] = [
            "rounds": 1, "operators": ["misleading-code"], "equality_judge": false,
        ]
        let code = Array(repeating: "x =", count: words / 2).joined(separator: "\n")

        let outcome = try await Outcome.of(
            "evol-instruct",
            seed,
            options,
            host: ScriptedHost("Count the vowels of a text. Start here:\n```\n\(code)\n```")
        )

        #expect((outcome.drops.first?.description ?? "ok") == end)
    }

    @Test("Chosen fields of the old task can be kept")
    func keptFields() async throws {
        let options = Self.once.merging(["keep_fields": ["signature"]]) { $1 }

        let outcome = try await Outcome.of(
            "evol-instruct",
            seed,
            options,
            host: ScriptedHost("Count the vowels of a text backwards.")
        )

        #expect(outcome.drafts.first?.content.fields["signature"] == "def f(t):")
        #expect(outcome.drafts.first?.content.fields["tests"] == nil)
    }
}
