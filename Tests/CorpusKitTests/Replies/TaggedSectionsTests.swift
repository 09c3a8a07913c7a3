import CorpusKit
import Testing

@Suite("Tagged sections")
struct TaggedSectionsTests {
    @Test("A section runs from its tag to the next one or the end")
    func sections() {
        let reply = TaggedSections(
            parsing: "Sure!\n\n<<<DIAGNOSIS>>>\n\nOff by one.\n\n<<<SOLUTION>>>\ncode\n\n  more\n"
        )

        #expect(reply.preamble == "Sure!")
        #expect(reply.names == ["DIAGNOSIS", "SOLUTION"])
        #expect(reply["DIAGNOSIS"] == "Off by one.")
        #expect(reply["SOLUTION"] == "code\n\n  more")
        #expect(reply.sections.map(\.line) == [3, 7])
    }

    @Test(
        "Only a line that is exactly a tag opens a section",
        arguments: [
            ("<<<A>>>", true), ("<<<A_2-B>>>  ", true), ("<<<A>>>\r", true), (" <<<A>>>", false),
            ("<<<a>>>", false),
            ("<<<A>>", false), ("<<<>>>", false), ("<<<A B>>>", false), ("<<<1A>>>", false),
            ("x <<<A>>>", false),
            ("<<<A>>> x", false), ("<<<Ä>>>", false), ("cat <<<WORD", false),
        ]
    )
    func tagLines(line: String, isTag: Bool) {
        let reply = TaggedSections(parsing: "before\n\(line)\nafter")

        #expect(reply.sections.isEmpty != isTag)
        #expect((reply.preamble == "before") == isTag)
    }

    @Test("Lines may end in carriage return and newline")
    func carriageReturns() {
        let reply = TaggedSections(parsing: "<<<A>>>\r\none\r\n<<<B>>>\r\ntwo\r\n")

        #expect(reply["A"] == "one")
        #expect(reply["B"] == "two")
    }

    @Test("Tags outside the given names stay text")
    func chosenNames() {
        let script = TaggedSections(parsing: "<<<USER>>>\nAnswer with\n<<<SOLUTION>>>\n…", names: ["USER"])

        #expect(script.names == ["USER"])
        #expect(script["USER"] == "Answer with\n<<<SOLUTION>>>\n…")
    }

    @Test("Code of any kind survives between tags", arguments: 0..<200)
    func roundTrip(seed: Int) {
        var random = RandomStream(seed: seed, purpose: ["tagged"])
        let pieces = [
            "x = 1", "", "```python", "```", "  indented", "<<<lower>>>", " <<<A>>>", "<<< B >>>", "{}", "é🙂",
        ]
        var expected: [(name: String, text: String)] = []
        for _ in 0..<(1 + random.below(4)) {
            let body =
                ["start"] + (0..<random.below(6)).map { _ in pieces[random.below(pieces.count)] } + ["end"]
            expected.append(("S\(random.below(3))", body.joined(separator: "\n")))
        }
        let text = expected.map { "<<<\($0.name)>>>\n\($0.text)" }.joined(separator: "\n")

        let reply = TaggedSections(parsing: text)

        #expect(reply.names == expected.map(\.name))
        #expect(reply.sections.map(\.text) == expected.map(\.text))
    }

    @Test(
        "Required sections must be there once, in order and not blank",
        arguments: [
            ("<<<B>>>\nx", "the reply has no section `A`"), ("<<<A>>>\nx", "the reply has no section `B`"),
            (
                "<<<B>>>\nx\n<<<A>>>\ny",
                "the sections of the reply stand in the wrong order or more than once"
            ),
            (
                "<<<A>>>\nx\n<<<B>>>\ny\n<<<A>>>\nz",
                "the sections of the reply stand in the wrong order or more than once"
            ),
            ("<<<A>>>\n \n<<<B>>>\ny", "the section `A` of the reply is blank"),
            ("", "the reply has no section `A`"),
        ]
    )
    func requiredSections(text: String, problem: String) {
        let skip = #expect(throws: Skip.self) { try TaggedSections(parsing: text).required("A", "B") }

        #expect(skip == Skip("format-broken", problem))
    }

    @Test("Required sections come back in order and others are ignored")
    func requiredFound() throws {
        let texts = try TaggedSections(parsing: "<<<NOTE>>>\nn\n<<<A>>>\nx\n<<<C>>>\n<<<B>>>\ny").required(
            "A",
            "B"
        )

        #expect(texts == ["x", "y"])
    }
}
