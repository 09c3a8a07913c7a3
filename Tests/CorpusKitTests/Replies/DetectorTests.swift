import CorpusKit
import Testing

@Suite("Refusals")
struct RefusalDetectorTests {
    @Test(
        "A model that declines is heard in every supported language",
        arguments: [
            "I'm sorry, but I can't help with that.", "I\u{2019}m sorry, I cannot.",
            "I am unable to write this function.",
            "As an AI, I have no opinion.", "抱歉，我无法完成这个请求。", "Es tut mir leid, das geht nicht.",
            "Je suis désolé, mais c'est impossible.", "Lo siento, no puedo.", "Sinto muito.",
            "Mi dispiace, non posso.",
            "申し訳ありませんが、できません。", "죄송하지만 도와드릴 수 없습니다.", "Извините, я не могу.",
        ]
    )
    func refusals(text: String) {
        #expect(RefusalDetector.isRefusal(text))
    }

    @Test(
        "An answer is no refusal, even one that apologises",
        arguments: [
            "def f(): return 1", "Here you go.", "",
            "The function raises an error when it cannot parse its input.",
            "I'm sorry for the mistake above:\n```python\nx = 1\n```",
            "Sorry, I was wrong. " + String(repeating: "The loop runs once more than it should. ", count: 12),
            String(repeating: "a long answer, ", count: 20) + "I'm sorry",
        ]
    )
    func answers(text: String) {
        #expect(!RefusalDetector.isRefusal(text))
    }

    @Test("79 words decline and 80 answer")
    func boundary() {
        let apology = "I'm sorry "

        #expect(
            RefusalDetector.isRefusal(apology + Array(repeating: "word", count: 77).joined(separator: " "))
        )
        #expect(
            !RefusalDetector.isRefusal(apology + Array(repeating: "word", count: 78).joined(separator: " "))
        )
    }
}

@Suite("Prompt leaks")
struct PromptLeakDetectorTests {
    private let detector = PromptLeakDetector(templates: [
        """
        {# Reply: the words of this comment are never shown to anybody at all #}
        <<<SYSTEM>>>
        You make programming tasks a little harder without changing {{ language }} at all.
        <<<USER>>>
        {% if hint %}Never use more than one short hint{% endif %}
        {{ task }}
        <<<REWRITTEN>>>
        """
    ])

    @Test(
        "Scaffold is found, whatever its case",
        arguments: [
            "Here: <<<REWRITTEN>>> Sort it", "ok <<<rewritten", "<<<REWRITEN>>\nSort it",
            "The Rewritten Prompt is",
            "As an AI, I sort lists", "<|im_end|>", "You make programming tasks a little harder",
            "x [INST] y",
            "Sort. NEVER use more than, one short... hint",
        ]
    )
    func leaks(text: String) {
        #expect(detector.leak(in: text) != nil)
    }

    @Test(
        "Ordinary text is clean",
        arguments: [
            "Sort the list.", "cat <<<\"$word\"", "cat <<< EOF", "a <<< B", ">>> f(1)",
            "make programming tasks a little",
            "the words of this comment are never shown to anybody at all",
            "changing Python at all. Never use", "",
        ]
    )
    func clean(text: String) {
        #expect(detector.leak(in: text) == nil)
    }

    @Test("What the source says itself is no leak")
    func source() {
        let task = "You make programming tasks a little harder. Print <<<REWRITTEN>>>."

        #expect(detector.leak(in: task) != nil)
        #expect(detector.leak(in: task, source: "Please: " + task) == nil)
    }

    @Test("Runs do not reach across holes")
    func holes() {
        let detector = PromptLeakDetector(templates: ["one two three {{ x }} four five six {y} seven"])

        #expect(detector.leak(in: "one two three four five six") == nil)
        #expect(detector.leak(in: "four five six y seven") == nil)
        #expect(
            PromptLeakDetector(templates: ["one two three four five six"]).leak(
                in: "One two three, four five six!"
            ) != nil
        )
    }

    @Test("More phrases can be forbidden")
    func phrases() {
        #expect(
            PromptLeakDetector(templates: [], phrases: ["The Snippet"]).leak(in: "use the snippet")
                == "the snippet"
        )
    }
}

@Suite("Text likeness")
struct TextLikenessTests {
    @Test("The white-space-free form forgets layout and compatibility forms only")
    func whitespaceFree() {
        #expect(TextLikeness.whitespaceFree(" a\tb\u{3000}c\r\n") == "abc")
        #expect(TextLikeness.whitespaceFree("ｆ（１）") == "f(1)")
        #expect(TextLikeness.whitespaceFree("A b") != TextLikeness.whitespaceFree("a b"))
    }

    @Test(
        "The distance is that of Levenshtein over the longer length",
        arguments: [
            ("", "", 0.0), ("abc", "abc", 0), ("abc", "", 1), ("kitten", "sitting", 3.0 / 7), ("ab", "ba", 1),
        ]
    )
    func distance(left: String, right: String, expected: Double) {
        #expect(TextLikeness.distance(left, right) == expected)
        #expect(TextLikeness.distance(right, left) == expected)
    }

    @Test("The distance agrees with the recursive definition", arguments: 0..<150)
    func oracle(seed: Int) {
        func naive(_ left: Substring, _ right: Substring) -> Int {
            guard let a = left.first else { return right.count }
            guard let b = right.first else { return left.count }
            if a == b { return naive(left.dropFirst(), right.dropFirst()) }
            return 1
                + min(
                    naive(left.dropFirst(), right),
                    naive(left, right.dropFirst()),
                    naive(left.dropFirst(), right.dropFirst())
                )
        }
        var random = RandomStream(seed: seed, purpose: ["distance"])
        func word() -> String {
            String((0..<random.below(7)).map { _ in ["a", "b", "c"][random.below(3)] as Character })
        }
        let (left, right) = (word(), word())

        let distance = TextLikeness.distance(left, right)

        #expect(distance * Double(max(left.count, right.count)) == Double(naive(left[...], right[...])))
        for limit in [0, 0.05, 0.3, 0.5, 1, 1.1] {
            #expect(TextLikeness.isDistance(from: left, to: right, below: limit) == (distance < limit))
        }
    }

    @Test(
        "Words are counted in languages with and without spaces",
        arguments: [("", 0), ("  one two\nthree ", 3), ("数组求和", 2), ("用Python写一个函数", 4), ("a,b", 1)]
    )
    func words(text: String, count: Int) {
        #expect(TextLikeness.wordCount(text) == count)
    }
}
