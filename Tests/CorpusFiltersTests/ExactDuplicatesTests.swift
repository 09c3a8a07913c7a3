import CorpusKit
import Testing

@testable import CorpusFilters

@Suite("Exact duplicates")
struct ExactDuplicatesTests {
    private func index(_ options: JSONValue, _ samples: [Sample]) throws -> any SelectionIndex {
        let entry = try #require(BuiltInSelectors.all.first { $0.manifest.name == "exact-duplicates" })
        let setup = PluginSetup(plugin: "exact-duplicates", stage: "test", finder: finder())
        var index = try entry.make(options, [], setup).makeIndex()
        for sample in samples { try index.observe(sample) }
        try index.seal()
        return index
    }

    private func areEqual(_ left: Sample, _ right: Sample, _ options: JSONValue = [:]) throws -> Bool {
        let index = try index(options, [left, right])
        return index.selection(for: left.key) != .keep || index.selection(for: right.key) != .keep
    }

    private func turn(_ text: String, answer: String = "Yes.", ordinal: Int = 0) -> Sample {
        sample([Message(.user, text), Message(.assistant, answer)], ordinal: ordinal)
    }

    @Test("The smallest key stays, in any order of arrival", arguments: 0..<5)
    func order(seed: Int) throws {
        let samples = (0..<6).map { turn("Sort  a list", ordinal: $0) } + [turn("Sort a set")]
        let kept = try #require(samples.prefix(6).map(\.key).min())
        var random = RandomStream(seed: seed, purpose: ["order"])

        let index = try index([:], random.shuffled(samples))

        for sample in samples {
            let expected: Selection =
                sample.key == kept || sample.key == samples[6].key
                ? .keep : .drop("exact-duplicate", rival: kept.description)
            #expect(index.selection(for: sample.key) == expected)
        }
    }

    @Test(
        "The normal form says what is equal",
        arguments: [
            ("Sort a list", "Sort a list", [true, true, true]),
            ("Sort a list", "Sort\n\ta  list ", [false, true, true]),
            ("Sort a list", "sort A LIST", [false, false, true]),
            ("Sort a list", "Sort a set", [false, false, false]),
            ("café", "cafe\u{301}", [false, true, true]), ("ÉCOLE", "école", [false, false, true]),
            ("ａ　ｂ", "ab", [false, true, true]),
        ]
    )
    func forms(left: String, right: String, expected: [Bool]) throws {
        let found = try ["bytes", "whitespace", "case"].map { form in
            try areEqual(turn(left, ordinal: 1), turn(right, ordinal: 2), ["normal_form": .string(form)])
        }
        #expect(found == expected)
    }

    @Test("Text that moves from one turn to the next is other text")
    func turns() throws {
        #expect(try !areEqual(turn("ab", answer: "c"), turn("a", answer: "bc")))
        let system = sample([Message(.system, "x"), Message(.assistant, "y")])
        #expect(try !areEqual(system, sample([Message(.user, "x"), Message(.assistant, "y")])))
    }

    @Test(
        "A part of the sample can be compared alone",
        arguments: [
            ("messages", false, false), ("answer", true, false), ("instruction", false, true),
        ]
    )
    func over(scope: String, sameAnswer: Bool, sameTask: Bool) throws {
        let options: JSONValue = ["over": .string(scope)]
        #expect(try areEqual(turn("one", answer: "same"), turn("two", answer: "SAME"), options) == sameAnswer)
        #expect(try areEqual(turn("same", answer: "one"), turn("Same", answer: "two"), options) == sameTask)
    }

    @Test("Without messages the content's fields are compared, ids among them not")
    func fields() throws {
        let left = sample(fields: ["code": "x = 1", "tests": ["a": 1], "row": 1])
        let right = sample(fields: ["code": "x=1", "tests": ["a": 1], "row": 2])
        let other = sample(fields: ["code": "x=1", "tests": ["a": 2], "row": 2])
        #expect(try areEqual(left, right))
        #expect(try !areEqual(left, other))
        #expect(try !areEqual(sample(fields: ["row": 1]), sample(fields: ["row": 2])))
    }

    @Test("Samples without the compared part are no duplicates of each other")
    func nothing() throws {
        #expect(try !areEqual(sample(fields: ["n": 1]), sample(fields: ["n": 2]), ["over": "answer"]))
        #expect(try !areEqual(turn("", answer: " ", ordinal: 1), turn(" ", answer: "", ordinal: 2)))
    }

    @Test("A sample that was never seen, or twice, is kept")
    func stray() throws {
        let index = try index([:], [turn("a"), turn("a")])
        #expect(index.selection(for: turn("a").key) == .keep)
        #expect(index.selection(for: turn("b").key) == .keep)
    }

    @Test("Many samples agree with a dictionary")
    func oracle() throws {
        var random = RandomStream(seed: 9, purpose: ["many"])
        let samples = (0..<9000).map { turn("task \(random.below(3000))", ordinal: $0) }
        var kept: [String: ItemKey] = [:]
        for sample in samples {
            let text = sample.content.messages[0].content
            kept[text] = min(kept[text] ?? sample.key, sample.key)
        }
        let index = try index([:], samples)
        let wrong = samples.count { sample in
            let winner = kept[sample.content.messages[0].content]
            let expected: Selection =
                winner == sample.key ? .keep : .drop("exact-duplicate", rival: winner?.description)
            return index.selection(for: sample.key) != expected
        }
        #expect(wrong == 0)
    }

    @Test("A key survives as two numbers, in order")
    func keys() {
        var random = RandomStream(seed: 4, purpose: ["keys"])
        let keys = (0..<100).map { _ in ItemKey(bytes: (0..<16).map { _ in UInt8(random.below(256)) }) }
        #expect(keys.map { Key128($0).itemKey } == keys)
        #expect(keys.sorted() == keys.map(Key128.init).sorted().map(\.itemKey))
    }

    @Test("An unknown form is refused")
    func badOption() {
        #expect(throws: BadOption.self) { try index(["normal_form": "loose"], []) }
    }
}
