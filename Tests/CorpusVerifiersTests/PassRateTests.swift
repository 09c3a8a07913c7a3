import CorpusKit
import CorpusTesting
import Foundation
import TestSupport
import Testing

@testable import CorpusVerifiers

@Suite("Pass rate")
struct PassRateTests {
    private static let task: [String: JSONValue] = [
        "instruction": "Return three times a number.",
        "tests": ["kind": "call", "entry_point": "triple", "cases": [["args": [1], "expect": 3]]],
    ]
    private static let solution = "Here:\n```python\ndef triple(n): return 3 * n\n```\n"

    private func group(_ options: JSONValue, drafts: [Sample], siblings: [Sample] = []) async throws
        -> [Verdict]
    {
        guard case .group(let judge) = try verifier("pass-rate", options) else {
            throw WorkFailure("plugin-error", "without a model the rate is that of a group")
        }
        return try await judge.verdicts(on: drafts, siblings: siblings, in: ScriptedHost().context())
    }

    private func attempts(_ outcomes: [Evidence.Outcome?]) -> [Sample] {
        outcomes.enumerated().map {
            sample(["code": .int($0.offset)], evidence: $0.element, ordinal: $0.offset)
        }
    }

    @Test(
        "The band follows the thirds of the rate",
        arguments: [
            (1, 8, "hard"), (2, 6, "medium"), (4, 8, "medium"), (4, 6, "medium"), (5, 6, "easy"),
            (8, 8, "easy"),
        ]
    )
    func bands(passes: Int, attempts count: Int, band: String) async throws {
        let outcomes = (0..<count).map { $0 < passes ? Evidence.Outcome.pass : .fail }
        let samples = attempts(outcomes)

        let verdicts = try await group(
            [:],
            drafts: Array(samples[..<passes]),
            siblings: Array(samples[passes...])
        )

        #expect(verdicts.count == passes)
        #expect(verdicts.allSatisfy { $0.outcome == .pass })
        #expect(verdicts.first?.labels["difficulty"] == .string(band))
        #expect(verdicts.first?.score == Double(passes) / Double(count))
        #expect(verdicts.first?.detail["attempts"] == .int(count))
    }

    @Test("A model is not asked to solve what this machine cannot test")
    func untestable() async throws {
        let host = ScriptedHost(
            answer: { _, _ in throw WorkFailure("no-reply", "nobody should be asked") },
            require: { _, _ in throw WorkFailure("toolchain-missing", "no python") }
        )
        guard case .single(let judge) = try verifier("pass-rate", [:], roles: ["model"]) else {
            throw WorkFailure("plugin-error", "with a model each task is rated by itself")
        }

        let failure = await #expect(throws: WorkFailure.self) {
            try await judge.verdict(on: sample(Self.task), in: host.context())
        }

        #expect(failure?.code == "toolchain-missing")
        #expect(host.calls.isEmpty)
    }

    @Test(
        "Rates outside the wanted range are too easy or too hard",
        arguments: [
            (0, ["min": 0], "too-hard"), (1, ["min": 0.5], "too-hard"),
            (4, ["max": 0.9], "too-easy"),
        ] as [(Int, JSONValue, String)]
    )
    func limits(passes: Int, options: JSONValue, reason: String) async throws {
        let verdicts = try await group(
            options,
            drafts: attempts((0..<4).map { $0 < passes ? .pass : .fail })
        )

        #expect(verdicts.allSatisfy { $0.outcome == .fail(ReasonCode(reason)) })
    }

    @Test("The limits themselves are kept")
    func inclusive() async throws {
        let verdicts = try await group(
            ["min": 0.5, "max": 0.5],
            drafts: attempts([.pass, .fail])
        )
        #expect(verdicts.first?.outcome == .pass)
    }

    @Test("A sample on both sides counts once, an untested one not, a missing one as failed")
    func counting() async throws {
        let samples = attempts([.pass, .fail, nil])

        let verdicts = try await group(["attempts": 4], drafts: samples, siblings: samples)

        #expect(verdicts.first?.detail["passes"] == 1)
        #expect(verdicts.first?.detail["attempts"] == 4)
        #expect(verdicts.first?.detail["missing"] == 2)
    }

    @Test(
        "The number of attempts is what the recipe says, and never less than what arrived",
        arguments: [
            (0, [Evidence.Outcome.pass, .pass], 2, 0, 1.0), (4, [.pass, .pass], 4, 2, 0.5),
            (4, [.pass, .pass, nil], 4, 2, 0.5), (2, [.pass, .fail, .pass], 3, 0, 2.0 / 3),
            (1, [.pass, nil, .unsure], 3, 2, 1.0 / 3), (0, [.pass, nil, .unsure], 1, 0, 1.0),
        ] as [(Int, [Evidence.Outcome?], Int, Int, Double)]
    )
    func attemptsMade(
        option: Int,
        outcomes: [Evidence.Outcome?],
        count: Int,
        missing: Int,
        rate: Double
    ) async throws {
        let verdict = try await group(["attempts": .int(option)], drafts: attempts(outcomes)).first

        #expect(verdict?.detail["attempts"] == .int(count))
        #expect(verdict?.detail["missing"] == .int(missing))
        #expect(verdict?.score == rate)
    }

    @Test("The shipped recipe rates its answers by all that were asked for")
    func shippedRecipe() throws {
        let recipe = try String(
            contentsOfFile: Repository.path + "/Templates/Recipes/quickstart.yaml",
            encoding: .utf8
        )
        let asked = try #require(recipe.firstMatch(of: /generate: solve,.*attempts: (\d+)/)?.1)
        let rated = try #require(recipe.firstMatch(of: /verify: pass-rate,.*attempts: (\d+)/)?.1)

        #expect(asked == rated)
    }

    @Test("A group that was never tested is undecided")
    func untested() async throws {
        let verdicts = try await group([:], drafts: attempts([nil, nil]))
        #expect(verdicts.map(\.outcome) == [.unsure("untested"), .unsure("untested")])
    }

    @Test("A model stops once the band is clear")
    func stopsEarly() async throws {
        let host = ScriptedHost(texts: [Self.solution], verdicts: [.ok])
        let rate = try single("pass-rate", ["attempts": 10], roles: ["model"])

        let verdict = try await rate.verdict(on: sample(Self.task), in: host.context())

        // After five passes of five the posterior of the easy band is 1 - (2/3)^6 = 0.912; after four it is 0.868.
        #expect(host.asked.count == 5)
        #expect(verdict.outcome == .pass)
        #expect(verdict.labels["difficulty"] == "easy")
        #expect(verdict.detail["stopped_early"] == true)
        #expect(rate.worstCaseCalls == ["model": 10])
    }

    @Test(
        "Where no attempt passes, the task's own code says whether it is hard or its tests are broken",
        arguments: [
            ([.wrongAnswer, .wrongAnswer, .ok, .wrongAnswer], "unsolved", "passed"),
            ([.wrongAnswer, .wrongAnswer, .ok, .ok], "vacuous-test", "passed"),
            ([.wrongAnswer, .wrongAnswer, .timeout], "test-failed", "failed"),
        ] as [([ExecutionResult.Verdict], String, JSONValue)]
    )
    func reference(verdicts: [ExecutionResult.Verdict], reason: String, reference: JSONValue) async throws {
        let host = ScriptedHost(texts: [Self.solution], verdicts: verdicts)
        let fields = Self.task.merging(["code": "def triple(n): return n + n + n"]) { $1 }
        let rate = try single("pass-rate", ["attempts": 2], roles: ["model"])

        let verdict = try await rate.verdict(on: sample(fields), in: host.context())

        #expect(verdict.outcome == .fail(ReasonCode(reason)))
        #expect(verdict.detail["reference"] == reference)
        #expect(host.jobs.count == verdicts.count)
    }

    @Test("The evidence names the models whose rate it is")
    func models() async throws {
        let host = ScriptedHost(texts: [Self.solution])
        let rate = try single("pass-rate", ["attempts": 1], roles: ["model"])

        let solved = try await rate.verdict(on: sample(Self.task), in: host.context())
        let tested = try await group(
            [:],
            drafts: [sample(["code": "1"], evidence: .pass, models: ["student"])],
            siblings: [sample(["code": "2"], evidence: .fail, models: ["student"])]
        )

        #expect(solved.detail["models"] == ["scripted"])
        #expect(tested.first?.detail["models"] == ["student"])
    }

    @Test("All attempts are made when stopping early is off")
    func allAttempts() async throws {
        let host = ScriptedHost(texts: [Self.solution], verdicts: [.ok, .wrongAnswer, .ok, .wrongAnswer])
        let rate = try single("pass-rate", ["attempts": 6, "stop_early": false], roles: ["model"])

        let verdict = try await rate.verdict(on: sample(Self.task), in: host.context())

        #expect(host.asked.count == 6)
        #expect(verdict.score == 2.0 / 6)
        #expect(verdict.labels["difficulty"] == "medium")
    }

    @Test("The model sees the task and its contract, and its code is what runs")
    func prompt() async throws {
        let host = ScriptedHost(texts: [Self.solution], verdicts: [.ok])

        _ = try await single("pass-rate", ["attempts": 1], roles: ["model"])
            .verdict(on: sample(Self.task), in: host.context())

        let question = try #require(host.asked.first?.first?.content)
        #expect(question.contains("Return three times a number."))
        #expect(question.contains("in python"))
        #expect(question.contains("a function named `triple`"))
        #expect(!question.contains("{{"))
        #expect(host.jobs.map(\.source) == ["def triple(n): return 3 * n"])
    }

    @Test(
        "A cut-off or empty reply is a failed attempt that runs nothing",
        arguments: [
            ModelReply(text: "```python\ndef triple(n): return 3 * n\n```", finish: .length),
            ModelReply(text: "```python\ndef triple(n):"), ModelReply(text: "  \n"),
            ModelReply(text: "```ruby\ndef triple(n) = 3 * n\n```"),
        ]
    )
    func unusableReply(reply: ModelReply) async throws {
        let host = ScriptedHost(replies: [reply], results: [ExecutionResult(of: .ok)])

        let verdict = try await single("pass-rate", ["attempts": 2], roles: ["model"])
            .verdict(on: sample(Self.task), in: host.context())

        #expect(verdict.outcome == .fail("too-hard"))
        #expect(verdict.detail["attempts"] == 2)
        #expect(host.jobs.isEmpty)
    }

    @Test(
        "Impossible options are refused",
        arguments: [
            (["attempts": 101], "option `attempts` must be between 0 and 100, not 101"),
            (["min": 0.8, "max": 0.2], "option `min` must not exceed `max`, both between 0 and 1"),
        ] as [(JSONValue, String)]
    )
    func badOptions(options: JSONValue, message: String) {
        let error = #expect(throws: BadOption.self) { try verifier("pass-rate", options) }
        #expect(error?.description == message)
    }
}

@Suite("Counts of passes")
struct PassCountTests {
    @Test(
        "The Wilson interval holds the published values",
        arguments: [
            (0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0), (1, 4, 0.0456, 0.6994),
        ]
    )
    func wilson(passes: Int, attempts: Int, low: Double, high: Double) {
        let interval = PassCount(passes: passes, attempts: attempts).interval
        #expect(abs(interval.lowerBound - low) < 1e-4)
        #expect(abs(interval.upperBound - high) < 1e-4)
    }

    @Test(
        "The chances of the bands agree with numerical integration",
        arguments: [
            (0, 3), (2, 5), (3, 3), (7, 10), (1, 1), (50, 100),
        ]
    )
    func posterior(passes: Int, attempts: Int) {
        let count = PassCount(passes: passes, attempts: attempts)
        // The density of Beta(1 + s, 1 + f), summed by the midpoint rule and normalised.
        let steps = 30_000
        var mass: [PassCount.Band: Double] = [:]
        for step in 0..<steps {
            let rate = (Double(step) + 0.5) / Double(steps)
            var density = 1.0
            for _ in 0..<passes { density *= rate * 2 }
            for _ in passes..<attempts { density *= (1 - rate) * 2 }
            mass[rate < 1.0 / 3 ? .hard : rate < 2.0 / 3 ? .medium : .easy, default: 0] += density
        }
        let total = mass.values.reduce(0, +)
        for band in PassCount.Band.allCases {
            #expect(abs(count.probability(of: band) - (mass[band] ?? 0) / total) < 1e-3)
        }
    }

    @Test("Nothing is decided before the third attempt")
    func early() {
        #expect(!PassCount(passes: 2, attempts: 2).isDecided)
        #expect(!PassCount(passes: 0, attempts: 0).isDecided)
        #expect(PassCount(passes: 0, attempts: 5).isDecided)
        #expect(!PassCount(passes: 3, attempts: 6).isDecided)
    }
}
