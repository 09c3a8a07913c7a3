import CorpusKit
import CorpusLedger
import CorpusPipeline
import Foundation
import GRDB
import TestSupport
import Testing

@Suite("Pay once", .timeLimit(.minutes(5)))
struct PayOnceTests {
    /// Runs each answer once; `option` changes the stage and not its jobs.
    private static func tested(_ option: String) -> String {
        TestRun.withoutPairs.edited(
            "verify: toy-check, from: solved",
            to: "verify: toy-run, from: solved, options: { note: \(option) }"
        )
    }

    @Test("A stage that is redone runs the same jobs and none of them again")
    func redoneExecutions() async throws {
        let run = try TestRun()
        defer { run.remove() }
        let (first, second) = (ToySandbox(), ToySandbox())
        let (end, before) = try await run.pass(Self.tested("one"), sandbox: first)
        let exports = try run.exports()
        let (done, report) = try await run.pass(Self.tested("two"), sandbox: second)

        #expect(end.stop == nil && done.stop == nil)
        #expect(before.counts.exported > 0)
        #expect(first.runs > 0 && first.ranTwice == 0)
        #expect(first.runs == end.figures.executions)
        #expect(second.runs == 0)
        #expect(done.figures.reusedExecutions > 0 && done.figures.reusedItems > 0)
        #expect(report.counts == before.counts)
        #expect(try run.exports() == exports)
    }

    @Test("A reply and the result of a job are on the ledger when a plug-in sees them")
    func durableFirst() async throws {
        let run = try TestRun()
        defer { run.remove() }
        let text = TestRun.withoutPairs.edited("count: 12, broken: 1", to: "count: 1")
            .edited(
                "generate: toy-solve, from: tasks, model: m",
                to:
                    "generate: toy-witness, from: tasks, model: m, options: { ledger: \(run.folder)/ledger.sqlite }"
            )
            .edited("verify: toy-check", to: "verify: toy-label")
            .edited(
                "verify: toy-rate, from: tested, siblings: tested.fail",
                to: "verify: toy-label, from: tested"
            )
        let (end, report) = try await run.pass(text, sandbox: ToySandbox())

        #expect(end.stop == nil)
        #expect(report.counts.exported == 1 && report.counts.failed == [:])
        let line = try #require(try run.exports().values.joined().split(separator: "\n").first)
        #expect(line.contains(#""seen":"calls 1 1 2 2, executions 0 1 1 2""#))
    }
}

/// Asks and runs in turn, twice, and writes down how much of both another reader finds on the ledger each time.
struct ToyWitness: GeneratorPlugin {
    struct Options: PluginOptions {
        var ledger = ""
    }

    static let manifest = Manifest(
        name: "toy-witness",
        version: 1,
        summary: "looks at the ledger",
        needs: [.model, .sandbox],
        requires: ["instruction"],
        produces: ["code", "seen"]
    )
    static let selfChecks: [SelfCheck] = []
    let options: Options

    init(options: Options, setup: PluginSetup) throws { self.options = options }

    var givesAnswers: Bool { true }
    var worstCaseCalls: [String: Int] { ["model": 2] }

    func drafts(from seed: Seed, in context: PluginContext) async throws -> [Draft] {
        let question = Message(.user, try seed.text("instruction"))
        var (calls, executions): ([String], [String]) = ([], [])
        func look() throws {
            var configuration = Configuration()
            configuration.readonly = true
            let queue = try DatabaseQueue(path: options.ledger, configuration: configuration)
            let count = { (table: String) in
                try queue.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM \(table)") ?? 0 }
            }
            calls.append(String(try count("call")))
            executions.append(String(try count("execution")))
            try queue.close()
        }
        for number in 0..<2 {
            _ = try await context.reply(to: [question])
            try look()
            _ = try await context.run(ToyRun.job("seen \(number)"))
            try look()
        }
        let seen =
            "calls \(calls.joined(separator: " ")), executions \(executions.joined(separator: " "))"
        return [
            Draft(
                from: seed,
                messages: [question, Message(.assistant, seen)],
                fields: ["code": "fine 0", "seen": .string(seen)]
            )
        ]
    }
}
