import CorpusKit
import Testing

@testable import CorpusFilters

@Suite("Rollout pairs")
struct RolloutsTests {
    private static let question = [Message(.user, "Return three times a number.")]

    private func pairs(
        _ chosen: [Sample],
        _ rejected: [Sample],
        _ options: JSONValue = [:],
        seed: Int = 1
    ) throws -> [PreferencePair] {
        let entry = try #require(BuiltInPairers.all.first { $0.manifest.name == "rollouts" })
        let pairer = try entry.make(
            options,
            [],
            PluginSetup(plugin: "rollouts", stage: "test", finder: finder())
        )
        return try pairer.pairs(
            chosen: chosen,
            rejected: rejected,
            random: RandomStream(seed: seed, purpose: ["pairs"])
        )
    }

    private func answer(
        _ code: String,
        _ verdict: String = "ok",
        passed: Int = 1,
        prompt: [Message] = RolloutsTests.question,
        by models: [String] = []
    ) -> Sample {
        let messages = prompt + [Message(.assistant, "```python\n\(code)\n```")]
        let subject = Content(messages: messages).id
        let evidence = Evidence(
            "tests",
            verdict == "ok" ? .pass : .fail,
            about: subject,
            detail: ["verdict": .string(verdict), "passed": .int(passed), "total": 4]
        )
        return sample(messages, evidence: [evidence], models: models)
    }

    @Test("A passing and a failing answer to one prompt make a pair")
    func pair() throws {
        let (good, bad) = (answer("return 3 * n", passed: 4), answer("return 2 * n", "wrong_answer"))

        let pair = try #require(try pairs([good], [bad]).first)

        #expect(pair.prompt == Self.question)
        #expect(pair.chosen == good.content.messages.last)
        #expect(pair.rejected == bad.content.messages.last)
        #expect((pair.chosenKey, pair.rejectedKey) == (good.key, bad.key))
        #expect(pair.detail["margin_source"] == "tests")
        #expect(pair.detail["failure"] == "wrong_answer")
        #expect(pair.detail["pass_fraction_chosen"] == 1.0)
        #expect(pair.detail["pass_fraction_rejected"] == 0.25)
    }

    @Test(
        "Sides that do not belong together make no pair",
        arguments: [
            "other prompt", "same code", "same but for comments", "same but for a bare comment", "too long",
            "too short", "does not parse", "no code", "untested", "tested otherwise", "passes too",
            "chosen fails",
        ]
    )
    func noPair(why: String) throws {
        var good = answer("return 3 * n")
        var bad = answer("return 2 * n", "wrong_answer")
        switch why {
        case "other prompt": bad = answer("return 2 * n", "wrong_answer", prompt: [Message(.user, "Other.")])
        case "same code": bad = answer("return 3 * n", "wrong_answer")
        case "same but for comments": bad = answer("# three times\nreturn 3 * n  \n\n", "wrong_answer")
        case "same but for a bare comment": bad = answer("#todo\nreturn 3 * n\n#done", "wrong_answer")
        case "too long":
            bad = answer("return 2 * n" + String(repeating: " + 0 * n", count: 20), "wrong_answer")
        case "too short": good = answer("return 3 * n" + String(repeating: " + 0 * n", count: 20))
        case "does not parse": bad = answer("return 2 *", "compile_error")
        case "no code":
            let messages = Self.question + [Message(.assistant, "I would rather not.")]
            bad = sample(messages, evidence: bad.evidence)
        case "untested": bad = sample(bad.content.messages)
        case "tested otherwise":
            bad = sample(bad.content.messages, evidence: answer("return n", "wrong_answer").evidence)
        case "passes too": bad = answer("return n * 3", "ok")
        default: good = answer("return 4 * n", "wrong_answer")
        }
        #expect(try pairs([good], [bad]).isEmpty)
    }

    @Test("Both sides are of one model, unless a recipe mixes them")
    func onPolicy() throws {
        let good = [
            answer("return 3 * n", by: ["teacher"]), answer("return n * 3", by: ["student"]),
            answer("return 3 * n", by: ["student"]),
        ]
        let bad = answer("return 2 * n", "wrong_answer", by: ["student"])

        let own = try pairs(good, [bad], ["per_prompt": 9])
        let mixed = try pairs(good, [bad], ["per_prompt": 9, "same_model": false])

        #expect(Set(own.map(\.chosenKey)) == [good[1].key, good[2].key])
        #expect(try pairs([good[0]], [bad]).isEmpty)
        #expect(try pairs([good[0]], [bad], ["same_model": false]).count == 1)
        #expect(mixed.count == 2 && Set(mixed.map(\.id)).count == 2)
    }

    @Test("Code of another indentation is other code")
    func indentation() throws {
        let good = answer("for x in y:\n    z = 1\nreturn z")
        #expect(
            try pairs([good], [answer("for x in y:\n    z = 1\n    return z", "wrong_answer")]).count == 1
        )
    }

    @Test("There are at most as many pairs as asked for, and no pair twice", arguments: [1, 2, 3, 9])
    func perPrompt(count: Int) throws {
        let good = (0..<2).map { answer("return \($0) + 3 * n") }
        let bad = (0..<2).map { answer("return \($0) + 2 * n", "wrong_answer") }

        let pairs = try pairs(good, bad, ["per_prompt": .int(count)])

        #expect(pairs.count == min(count, 4))
        #expect(Set(pairs.map(\.id)).count == pairs.count)
    }

    @Test("Two pairs use four sides where there are four", arguments: 0..<20)
    func distinctSides(seed: Int) throws {
        let good = (0..<3).map { answer("return \($0) + 3 * n") }
        let bad = (0..<3).map { answer("return \($0) + 2 * n", "wrong_answer") }
        let pairs = try pairs(good, bad, seed: seed)
        #expect(Set(pairs.map(\.chosenKey)).count == 2)
        #expect(Set(pairs.map(\.rejectedKey)).count == 2)
    }

    @Test("Ways of failing take turns", arguments: 0..<20)
    func failures(seed: Int) throws {
        let good = (0..<4).map { answer("return \($0) + 3 * n") }
        let wrong = (0..<8).map { answer("return \($0) + 2 * n", "wrong_answer") }
        let bad =
            wrong + [answer("return 2 ** n ** n", "timeout"), answer("return n / 0 + 1", "runtime_error")]

        let pairs = try pairs(good, bad, ["per_prompt": 3], seed: seed)

        #expect(
            Set(pairs.compactMap { $0.detail["failure"]?.text }) == [
                "wrong_answer", "timeout", "runtime_error",
            ]
        )
    }

    @Test("About half of the picks are the closest, and those are")
    func closeness() throws {
        let good = answer("return 3 * n + 0")
        let near = answer("return 2 * n + 0", "wrong_answer")
        let far = (0..<9).map { answer("x = \($0)\nwhile x: n += x", "wrong_answer") }
        var closest = 0
        for seed in 0..<200 {
            let pair = try #require(try pairs([good], [near] + far, ["per_prompt": 1], seed: seed).first)
            if pair.detail["picked"] == "closest" {
                closest += 1
                #expect(pair.rejectedKey == near.key)
            }
        }
        #expect((70...130).contains(closest))
    }

    @Test("The same stream gives the same pairs, whatever order the engine read them in")
    func repeatable() throws {
        let good = (0..<5).map { answer("return \($0) + 3 * n") }.sorted { $0.key < $1.key }
        let bad = (0..<9).map { answer("return \($0) + 2 * n", "wrong_answer") }.sorted { $0.key < $1.key }
        #expect(try pairs(good, bad, seed: 5) == pairs(good, bad, seed: 5))
    }

    @Test("Equal failing answers are one side")
    func equalSides() throws {
        let bad = answer("return 2 * n", "wrong_answer")
        let again = answer("return 2 * n  # again", "wrong_answer")
        let copy = answer("# again\nreturn 2 * n", "wrong_answer")
        #expect(try pairs([answer("return 3 * n")], [bad, copy]).count == 1)
        #expect(try pairs([answer("return 3 * n")], [bad, again]).count == 2)
    }

    @Test(
        "Impossible options are refused",
        arguments: [
            (["per_prompt": 0] as JSONValue, "option `per_prompt` must be at least 1, not 0"),
            (
                ["length_ratio": [2, 1]],
                "option `length_ratio` must be two positive numbers, the smaller first"
            ),
            (["length_ratio": [1]], "option `length_ratio` must be two positive numbers, the smaller first"),
        ] as [(JSONValue, String)]
    )
    func badOptions(options: JSONValue, message: String) {
        let error = #expect(throws: BadOption.self) { try pairs([], [], options) }
        #expect(error?.description == message)
    }
}

@Suite("Edit distance")
struct EditDistanceTests {
    private func naive(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var row = Array(0...right.count)
        for (index, byte) in left.enumerated() {
            var corner = row[0]
            row[0] = index + 1
            for (column, other) in right.enumerated() {
                let replaced = corner + (byte == other ? 0 : 1)
                corner = row[column + 1]
                row[column + 1] = min(replaced, row[column] + 1, corner + 1)
            }
        }
        return row[right.count]
    }

    @Test("It agrees with the table of all prefixes", arguments: 0..<60)
    func oracle(seed: Int) {
        var random = RandomStream(seed: seed, purpose: ["distance"])
        let letters = 1 + random.below(5)
        let left = (0..<random.below(300)).map { _ in UInt8(random.below(letters)) }
        var right = left
        for _ in 0..<random.below(40) {
            switch random.below(3) {
            case 0: right.insert(UInt8(random.below(letters)), at: random.below(right.count + 1))
            case 1 where !right.isEmpty: right.remove(at: random.below(right.count))
            default: right = Array(right.reversed())
            }
        }
        #expect(EditDistance.between(left, right) == naive(left, right))
        #expect(EditDistance.between(right, left) == naive(left, right))
    }

    @Test("Block borders are no borders", arguments: [63, 64, 65, 127, 128, 129])
    func blocks(length: Int) {
        let left = [UInt8](repeating: 1, count: length)
        #expect(EditDistance.between(left, left) == 0)
        #expect(EditDistance.between(left, left + [2]) == 1)
        #expect(EditDistance.between(left, Array(left.dropLast())) == 1)
        #expect(EditDistance.between(left, [UInt8](repeating: 2, count: length)) == length)
    }
}
