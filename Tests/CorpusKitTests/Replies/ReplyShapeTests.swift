import CorpusKit
import Testing

@Suite("Objects in replies")
struct JSONReplyTests {
    @Test(
        "The object is found whatever stands around it",
        arguments: [
            #"{"a": 1}"#, #"Here it is: {"a": 1}. Good luck"#, "```json\n{\"a\": 1}\n```",
            "{not this}\n```JSON\n{\"a\": 1}\n```", "the set {1, 2} and {\"a\": 1}", "{ open\n{\"a\": 1}",
            "```\n{\"a\": 1}\n```", "{\"a\": 1} {\"a\": 2}",
        ]
    )
    func found(text: String) {
        #expect(JSONReply.object(in: text) == ["a": 1])
    }

    @Test("Braces and quotes inside strings do not count")
    func strings() {
        let object = JSONReply.object(in: #"x {"a": "}{\"}", "b": {"c": "\\"}} }"#)

        #expect(object == ["a": "}{\"}", "b": ["c": "\\"]])
    }

    @Test(
        "What is no object is not made one",
        arguments: [
            "", "no braces", "{", "}{", "[1, 2]", #"{"a": 1"#, "```json\n[1]\n```",
            "```json\n{\"a\":\n```\n{\"a\": 1}",
            "```json\n{\"a\": 1}", "{'a': 1}",
        ]
    )
    func absent(text: String) {
        #expect(JSONReply.object(in: text) == nil)
    }

    @Test(
        "A megabyte of braces is given up in no time",
        .timeLimit(.minutes(5)),
        arguments: ["{", "{\"", "}", "{}{"]
    )
    func hostile(piece: String) {
        let text = String(repeating: piece, count: 1_000_000 / piece.count) + " ["

        #expect(JSONReply.object(in: text)?.members?.isEmpty ?? true)
    }

    @Test("Every object survives the way through a reply", arguments: 0..<100)
    func roundTrip(seed: Int) {
        var random = RandomStream(seed: seed, purpose: ["json"])
        let atoms: [JSONValue] = ["{", "}", "\"", "\\", "```", "\n", 7, true, nil, 0.5, "é🙂", [], [:]]
        func value(_ depth: Int) -> JSONValue {
            guard depth > 0, random.below(3) > 0 else { return atoms[random.below(atoms.count)] }
            return random.below(2) == 0
                ? .array((0..<random.below(3)).map { _ in value(depth - 1) })
                : .object(
                    Dictionary(
                        uniqueKeysWithValues: (0..<random.below(3)).map { ("k\($0)", value(depth - 1)) }
                    )
                )
        }
        let object: JSONValue = ["v": value(4)]

        #expect(JSONReply.object(in: "I think \(object.canonical) fits") == object)
    }
}

@Suite("One-word verdicts")
struct VerdictReplyTests {
    @Test(
        "Only the first word counts",
        arguments: [
            ("YES", "YES"), ("yes.", "YES"), ("**No**, because yes", "NO"), ("  \n\"No\"", "NO"),
            ("1. YES", "YES"),
            ("_yes_", "YES"), ("YES/NO", "YES"), ("not sure", nil), ("know", nil), ("The answer is YES", nil),
            ("", nil), ("42 !", nil), ("yesterday", nil), ("да", nil),
        ]
    )
    func firstWord(text: String, verdict: String?) {
        #expect(VerdictReply.choice(of: ["YES", "NO"], in: text) == verdict)
    }

    @Test("A verdict may hold an underscore")
    func underscore() {
        #expect(
            VerdictReply.choice(of: ["TEST_WRONG", "CODE_WRONG"], in: "code_wrong: the loop") == "CODE_WRONG"
        )
    }
}

@Suite("Usable replies")
struct UsableReplyTests {
    @Test(
        "A reply that cannot be parsed is skipped with its reason",
        arguments: [
            (ModelReply(text: "fine", finish: .length), "truncated"),
            (ModelReply(text: "fine", finish: .other), "truncated"),
            (ModelReply(text: "fine", finish: .filtered), "refusal"), (ModelReply(text: ""), "empty"),
            (ModelReply(text: " \n\t\u{A0}"), "empty"),
            (ModelReply(text: "I'm sorry, but I can't."), "refusal"),
            (ModelReply(text: String(repeating: "x", count: 65_537)), "low-quality"),
        ] as [(ModelReply, ReasonCode)]
    )
    func unusable(reply: ModelReply, reason: ReasonCode) {
        let skip = #expect(throws: Skip.self) { try reply.usableText() }

        #expect(skip?.reason == reason)
    }

    @Test("White space around a good reply is cut off")
    func usable() throws {
        let text = try ModelReply(text: "\n def f():\n").usableText()
        let longest = try ModelReply(text: String(repeating: "x", count: 65_536)).usableText()

        #expect(text == "def f():")
        #expect(longest.utf8.count == ModelReply.mostUsableBytes)
    }
}
