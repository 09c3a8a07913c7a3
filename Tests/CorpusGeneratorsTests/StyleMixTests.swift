import CorpusKit
import CorpusTesting
import Foundation
import Testing

@Suite("Style mix")
struct StyleMixTests {
    private static let suite: JSONValue = [
        "kind": "call", "entry_point": "f", "cases": [["args": [["a"]], "expect": [1]]],
    ]
    private let seed = Seed(
        id: "s",
        fields: [
            "instruction": "Words are text without spaces. Count the vowels of every word. The order stays.",
            "signature": "def f(words):", "tests": suite,
        ]
    )
    private static let alone: [String: JSONValue] = [
        "keep_plain": false, "only": ["polite-question"], "tries": 1, "blend": 0,
    ]

    @Test("Only the asking sentence changes and every other fact stays")
    func draft() async throws {
        let host = ScriptedHost("\"Could you count the vowels of every word?\"")

        let outcome = try await Outcome.of("style-mix", seed, ["only": ["polite-question"]], host: host)

        #expect(outcome.drafts.map(\.note) == ["plain", "polite-question"])
        #expect(outcome.drafts[0].content.fields == seed.content.fields)
        #expect(
            outcome.drafts[1].content.fields["instruction"]
                == "Words are text without spaces. Could you count the vowels of every word? The order stays."
        )
        #expect(outcome.drafts[1].content.fields["signature"] == "def f(words):")
        #expect(outcome.drafts[1].content.fields["tests"] == Self.suite)
        #expect(outcome.drafts.map(\.content.labels["style"]) == ["plain", "polite-question"])
        #expect(outcome.drafts.map(\.content.messages) == [[], []])
        #expect(
            host.calls[0].messages.last?.content.hasSuffix("Task: Count the vowels of every word.") == true
        )
    }

    @Test(
        "A task whose tests cannot be read is not asked about; tests in another form are nobody's business here"
    )
    func tests() async throws {
        func outcome(_ tests: JSONValue) async throws -> (Outcome, ScriptedHost) {
            let host = ScriptedHost("\"Could you count the vowels of every word?\"")
            let task = Seed(id: "s", fields: seed.content.fields.merging(["tests": tests]) { $1 })
            return (
                try await Outcome.of("style-mix", task, ["only": ["polite-question"]], host: host), host
            )
        }
        let (broken, silent) = try await outcome(["kind": "cal", "cases": [["args": [3], "expect": 6]]])
        let (other, asked) = try await outcome("assert f('a') == 1")

        #expect(broken.skip == "format-broken" && silent.calls.isEmpty)
        #expect(other.drafts.count == 2 && asked.calls.count == 1)
    }

    @Test(
        "A wording that breaks a rule is booked with its reason",
        arguments: [
            (ModelReply(text: ""), "empty"), (ModelReply(text: "\" \""), "empty"),
            (ModelReply(text: "Could you count the vowels of every word?", finish: .length), "truncated"),
            (ModelReply(text: "Sorry, but I can't do that."), "refusal"),
            (ModelReply(text: "Could you count\nthe vowels of every word?"), "off-target"),
            (ModelReply(text: "Could def f(words): count the vowels of every word?"), "format-broken"),
            (ModelReply(text: "```\nCould you count the vowels of every word?\n```"), "format-broken"),
            (ModelReply(text: "count the vowels of every word <|im_end|> ok?"), "prompt-leak"),
            (
                ModelReply(text: "How can I get every second number in a list of vowels of every word?"),
                "prompt-leak"
            ),
            (ModelReply(text: "Count the vowels of every  word."), "no-gain"),
            (ModelReply(text: "Vowels count?"), "off-target"),
            (ModelReply(text: "Please count the vowels of every word."), "off-target"),
            (ModelReply(text: "Could you sort a list of numbers for me?"), "off-target"),
            (
                ModelReply(
                    text: "Could you count the vowels of " + String(repeating: "every ", count: 45) + "word?"
                ), "off-target"
            ),
        ] as [(ModelReply, ReasonCode)]
    )
    func badReplies(reply: ModelReply, reason: ReasonCode) async throws {
        let outcome = try await Outcome.of(
            "style-mix",
            seed,
            Self.alone,
            host: ScriptedHost(replies: [reply])
        )

        #expect(outcome.drafts.isEmpty)
        #expect(outcome.drops == [reason], "\(reply.text)")
    }

    @Test(
        "The first line of a reply is the wording, and no stop text is sent to have it alone",
        arguments: [
            ModelReply(text: "\n\nCould you count the vowels of every word?\n\nI kept every fact."),
            ModelReply(text: "\"Could you count the vowels of every word?\"\r\nOr shall we"),
            ModelReply(text: "Could you count the vowels of every word?\nI kept ev", finish: .length),
            ModelReply(text: "Could you count the vowels of every word?\n", finish: .length),
        ]
    )
    func firstLine(reply: ModelReply) async throws {
        let host = ScriptedHost(replies: [ModelReply(text: "Nothing."), reply])
        let options = Self.alone.merging(["tries": 2]) { $1 }

        let outcome = try await Outcome.of("style-mix", seed, options, host: host)

        #expect(
            outcome.drafts.first?.content.fields["instruction"]
                == "Words are text without spaces. Could you count the vowels of every word? The order stays."
        )
        #expect(host.calls.map(\.settings.stop) == [[], []])
    }

    @Test(
        "A task is laid out as its card says, where it has something to lay out",
        arguments: [
            (
                "list", Self.facts,
                "- Could you count the vowels?\n- Signature: `def f(text):`\n- Example: f('ab') -> 1"
            ),
            ("list", [:], "Could you count the vowels?"),
            ("code-first", Self.facts, "```python\ndef f(text):\n```\n\nCould you count the vowels?"),
            ("code-first", [:], "Could you count the vowels?"),
            ("prose", Self.facts, "Could you count the vowels?"),
        ] as [(String, [String: JSONValue], String)]
    )
    func structure(structure: String, facts: [String: JSONValue], task: String) async throws {
        let styles = """
            {"id": "a", "mood": "question", "structure": "\(structure)", "example_phrases": ["Could you help?"]}
            """
        let options: [String: JSONValue] = ["keep_plain": false, "tries": 1]
        let generator = try Workshop.generator("style-mix", options, styles: styles)
        let fields = facts.merging(["instruction": "Count the vowels."]) { $1 }

        let drafts = try await generator.drafts(
            from: Seed(id: "s", fields: fields),
            in: ScriptedHost("Could you count the vowels?").context()
        )

        #expect(drafts.map { $0.content.fields["instruction"] } == [.string(task)])
    }

    private static let facts: [String: JSONValue] = ["signature": "def f(text):", "example": "f('ab') -> 1"]

    private static func reworded(
        _ source: String,
        _ text: String,
        style: String,
        _ options: [String: JSONValue] = [:]
    ) async throws -> Outcome {
        try await Outcome.of(
            "style-mix",
            Seed(id: "s", fields: ["instruction": .string(source)]),
            alone.merging(["only": [.string(style)]]) { $1 }.merging(options) { $1 },
            host: ScriptedHost(text)
        )
    }

    @Test(
        "A wording that adds to the task or loses a fact is off target",
        arguments: [
            (
                "Return a list in which every number is doubled.",
                "Use a for loop to return a list of doubled numbers."
            ),
            (
                "Count how many numbers are larger than the limit.",
                "I can count how many numbers are larger than the limit."
            ),
            (
                "Count how many numbers are larger than the limit.",
                "The numbers that are larger than the limit, count them."
            ),
            (
                "Return the number multiplied by itself.",
                "Print out the multiplication of a number with itself."
            ),
            ("Return how many eggs are left after some were taken.", "Get me how many eggs are left."),
            ("Return the sum of the three numbers.", "Give me the sum of the two numbers."),
            ("Return the sum of the three numbers.", "Give me the sum of the 3 numbers and 4 more."),
            ("Return the first 10 primes.", "Get me the first primes."),
            ("Return the word `even` for an even number.", "Give me the word 'even' for an even number."),
            ("Say Hello to a name.", "Please say something to a name, hello."),
            ("Return the items that are not empty.", "Get me the items that are empty."),
            ("Return the items.", "Get me the items without sorting them."),
            ("Return the larger number.", "Get me the largest number."),
            ("Return the numbers in their order.", "Get me the numbers in ascending order."),
            ("Tell whether a list is sorted.", "Check whether a list is sorted efficiently."),
        ]
    )
    func unfaithful(source: String, text: String) async throws {
        let outcome = try await Self.reworded(source, text, style: "terse", ["min_recall": 1])

        #expect(outcome.drafts.isEmpty)
        #expect(outcome.drops == ["off-target"])
    }

    @Test(
        "A wording that says the same in other words is taken",
        arguments: [
            ("Return the sum of the three given numbers.", "Get me the sum of 3 numbers pls"),
            (
                "Return the number of characters in a text.",
                "need a func giving the count of characters in a string"
            ),
            (
                "Return a list with each word in capital letters.",
                "Write code that returns a list of words in capital letters."
            ),
            ("Return the numbers greater than zero.", "give me numbers bigger than 0"),
            ("Return the number multiplied by itself.", "Multiply the number by itself and return it."),
            ("Return the word `even` for an even number.", "Give me the word `even` for even numbers."),
            ("Say Hello to a name.", "Write a function saying \"Hello\" to a name."),
            (
                "Return the first item of a list that isn't empty.",
                "Get me the first element of a list that is not empty."
            ),
            ("Return the last character of the text.", "Get me the last charcter of the text."),
        ]
    )
    func faithful(source: String, text: String) async throws {
        let outcome = try await Self.reworded(source, text, style: "terse", ["min_recall": 1])

        #expect(
            outcome.drafts.first?.content.fields["instruction"] == .string(text),
            "\(outcome.host.drops.first?.summary ?? "")"
        )
    }

    @Test("Another language keeps digits and quotations")
    func otherLanguage() async throws {
        let styles = #"{"id": "de", "language": "de", "example_phrases": ["Bitte sehr."]}"#
        let source = "Return the first 10 words of three texts before `end`."
        for (text, isTaken) in [
            ("Gib die ersten 10 Wörter von drei Texten vor `end` aus.", true),
            ("Gib die ersten zehn Wörter von drei Texten vor `end` aus.", false),
            ("Gib die ersten 10 Wörter von drei Texten vor dem Ende aus.", false),
        ] {
            let generator = try Workshop.generator(
                "style-mix",
                ["keep_plain": false, "tries": 1],
                styles: styles
            )
            let seed = Seed(id: "s", fields: ["instruction": .string(source)])

            let drafts = try await generator.drafts(from: seed, in: ScriptedHost(text).context())

            #expect(drafts.isEmpty != isTaken, "\(text)")
        }
    }

    @Test("Words that say more can be allowed, and words may be lost down to a share")
    func limits() async throws {
        let added = "Get me the sum of the numbers from the shop."
        let lost = "Get me the sum of the numbers."
        let source = "Return the sum of the numbers in a purse."

        #expect(try await Self.reworded(source, added, style: "terse", ["min_recall": 0.6]).drafts.isEmpty)
        let allowed = try await Self.reworded(
            source,
            added,
            style: "terse",
            ["min_recall": 0.6, "new_words": 1]
        )
        #expect(allowed.drafts.count == 1)
        #expect(try await Self.reworded(source, lost, style: "terse", ["min_recall": 0.6]).drafts.count == 1)
        #expect(try await Self.reworded(source, lost, style: "terse", ["min_recall": 0.7]).drafts.isEmpty)
    }

    @Test("Each further try is hotter, and every failure is booked")
    func tries() async throws {
        let host = ScriptedHost("Nothing.", "Nothing.", "Could you count the vowels of every word?")
        let options = Self.alone.merging(["tries": 5]) { $1 }

        let outcome = try await Outcome.of("style-mix", seed, options, host: host)

        #expect(outcome.drafts.count == 1)
        #expect(outcome.drops.count == 2)
        #expect(host.calls.map(\.settings.temperature) == [nil, 0.9, 1.0])
    }

    @Test("Variants have different cards and no wording twice")
    func variants() async throws {
        let host = ScriptedHost(
            "Could you count the vowels of every word?",
            "Count the vowels of every word, please."
        )
        let options: [String: JSONValue] = ["variants": 3, "blend": 0, "tries": 1, "keep_plain": false]

        let outcome = try await Outcome.of("style-mix", seed, options, host: host)

        let styles = host.calls.compactMap { $0.messages.last?.content.textLines.first }
        #expect(Set(styles).count == 3)
        #expect(outcome.drafts.count + outcome.drops.count == 3)
        #expect(Set(outcome.drafts.map(\.content.id)).count == outcome.drafts.count)
    }

    @Test("A blend takes every trait from one of its two parents; a mix that is no new style is not used")
    func blends() async throws {
        let traits = [
            "polite-question": ["polite", "medium", "a question"],
            "terse": ["chatty", "short", "a command", "with a few typing mistakes"],
            "spec": ["formal", "long", "a statement"],
        ]
        let options: [String: JSONValue] = ["blend": 1, "tries": 1, "keep_plain": false]
        var blended = 0
        for random in 0..<40 {
            let host = ScriptedHost("x")

            let outcome = try await Outcome.of("style-mix", seed, options, host: host, random: random)

            let id = try #require(outcome.host.drops.first?.summary.split(separator: "`")[1])
            let parents = id.split(separator: "+").map(String.init)
            let line = try #require(host.calls[0].messages.last?.content.textLines.first)
            let words = line.dropFirst("Style: ".count).components(separatedBy: ", ")
            let isFromParents = words.allSatisfy { word in
                parents.contains { traits[$0]?.contains(word) == true }
            }
            #expect(isFromParents)
            #expect(Set(parents).count == parents.count)
            #expect(traits.values.contains(words) == (parents.count == 1))
            if parents.count == 2 { blended += 1 }
        }
        #expect(blended > 25)
    }

    @Test(
        "A style file that cannot be used is refused with its line",
        arguments: [
            ("", "has no style"), ("{}", "line 1 has no `id`"), ("[1]", "line 1 is no JSON object"),
            ("\n{\"id\": \"a\"}", "line 2 has no `example_phrases`"),
            (#"{"id": "a", "mood": "angry", "example_phrases": ["x"]}"#, "line 1 has a `mood` that is not"),
            (
                #"{"id": "a", "structure": "poem", "example_phrases": ["x"]}"#,
                "line 1 has a `structure` that is not"
            ),
            (
                #"{"id": "a", "length": "huge", "example_phrases": ["x"]}"#,
                "line 1 has a `length` that is not"
            ),
            (
                #"{"id": "a", "example_phrases": ["x"]}"# + "\n" + #"{"id": "a", "example_phrases": ["x"]}"#,
                "line 2 repeats the id `a`"
            ),
        ]
    )
    func badStyles(styles: String, problem: String) {
        let error = #expect(throws: BadOption.self) { try Workshop.generator("style-mix", styles: styles) }

        #expect(error?.option == "styles")
        #expect(error?.problem.contains(problem) == true)
    }
}
