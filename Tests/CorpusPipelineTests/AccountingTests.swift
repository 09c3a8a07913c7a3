import CorpusDiagnostics
import CorpusKit
import CorpusLedger
import CorpusPipeline
import Foundation
import Synchronization
import TestSupport
import Testing

@Suite("Accounting", .timeLimit(.minutes(5)))
struct AccountingTests {
    @Test("An item that no reader's `when:` takes is dropped as unrouted, never lost")
    func unrouted() async throws {
        let run = try TestRun()
        defer { run.remove() }
        let text = TestRun.recipe.edited(
            "from: tasks, model: m",
            to: "from: tasks, model: m, when: { kind: other }"
        )
        let (_, report) = try await run.pass(text)
        #expect(report.counts.dropped == ["unrouted": 12])
        #expect(report.counts.candidates == 13)
    }

    @Test("A row that the recipe does not take is dropped, and one that cannot be read has failed")
    func refusedSeeds() async throws {
        let run = try TestRun()
        defer { run.remove() }
        let (end, report) = try await run.pass(
            TestRun.recipe.edited("broken: 1", to: "broken: 1, refused: 2")
        )

        #expect(end.stop == nil)
        #expect(report.counts.dropped["licence"] == 2 && end.figures.dropped["licence"] == 2)
        #expect(report.counts.failed == ["unreadable-row": 1])
        #expect(report.counts.open == 0)
    }

    @Test("Pairs and files of an earlier pass are told of until those of the next are made")
    func formerPairs() async throws {
        let run = try TestRun()
        defer { run.remove() }
        _ = try await run.pass()
        let lines = try run.exports().filter { $0.key.hasPrefix("dpo") }.values.joined()
        let ids = lines.split(separator: "\n").map { String($0.prefix(37)) }
        let control = RunControl()
        control.requestStop(.interrupted)
        let edited = TestRun.recipe.edited("count: 12", to: "count: 1, line: 5")
        let (stopped, _) = try await run.pass(edited, control: control)
        let known = try ids.map { try run.ledger().sides(ofPair: $0).count }
        let (end, report) = try await run.pass(edited)
        let left = try ids.map { try run.ledger().sides(ofPair: $0).count }

        #expect(stopped.stop != nil && end.stop == nil)
        #expect(ids.count > 1 && known.allSatisfy { $0 == 1 })
        #expect(left.reduce(0, +) == report.pairs && report.pairs < ids.count)
    }

    @Test(
        "A sample whose evidence is gone, failed or about another text is refused, not exported and not paired",
        arguments: [
            "NULL", "json_set(evidence, '$[0].outcome', 'unsure')",
            "json_set(evidence, '$[0].subject', 'smp_0')",
        ],
        [true, false]
    )
    func missingEvidence(tampering: String, withPairs: Bool) async throws {
        let run = try TestRun()
        defer { run.remove() }
        let text = withPairs ? TestRun.recipe : TestRun.withoutPairs
        let (_, before) = try await run.pass(text)
        try run.tamper(
            "UPDATE item SET evidence = \(tampering) WHERE json_extract(evidence, '$[0].check') = 'toy-check'"
        )
        try run.tamper("DELETE FROM item WHERE stage = (SELECT id FROM stage WHERE name = 'sft')")
        let (end, report) = try await run.pass(text)

        #expect(end.stop == nil)
        #expect(before.counts.exported > 0)
        #expect(report.counts.exported == 0 && report.pairs == 0)
        #expect(report.counts.dropped["missing-evidence"] == before.counts.exported)
        #expect(report.counts.candidates == before.counts.candidates)
        #expect(try run.exports().values.allSatisfy(\.isEmpty))
    }

    @Test("What an export cannot write is dropped with its reason, and costs nobody else their place")
    func refusedRows() async throws {
        let run = try TestRun()
        defer { run.remove() }
        let (_, before) = try await run.pass(TestRun.withoutPairs)
        let text = TestRun.withoutPairs.edited(
            "write: toy-write, from: unique",
            to: "write: toy-write, from: unique, options: { refuses: 2 }"
        )
        let (end, report) = try await run.pass(text)
        let refused = report.counts.dropped["blank-answer"] ?? 0

        #expect(end.stop == nil)
        #expect(refused > 0 && report.counts.exported > 0)
        #expect(report.counts.exported + refused == before.counts.exported)
        #expect(report.counts.candidates == before.counts.candidates)
    }

    @Test("What one of its ways refused is not exported after the ways have joined")
    func refusedOnOneWay() async throws {
        let run = try TestRun()
        defer { run.remove() }
        // The left way checks, the right way only labels; both meet, and the export reads the join and the left way.
        let text = TestRun.withoutPairs.edited(
            "  rated:  { verify: toy-rate, from: tested, siblings: tested.fail }",
            to:
                "  side: { verify: toy-label, from: solved }\n  rated: { verify: toy-label, from: [tested, side] }"
        ).edited(
            "write: toy-write, from: unique",
            to: "write: toy-write, from: [unique, tested]"
        )
        let (end, report) = try await run.pass(text)
        let odd = try run.exports().values.joined().split(separator: "\n").filter { line in
            line.contains("\"check\":\"toy-check\",\"detail\":{},\"outcome\":\"fail\"")
        }

        #expect(end.stop == nil)
        #expect(report.counts.open == 0)
        #expect(report.counts.exported > 0)
        #expect(odd.isEmpty)
        #expect(report.counts.dropped["test-failed"] ?? 0 > 0)
    }

    @Test("A deadline stops calls and nothing that needs none, and the same run again ends what is left")
    func deadline() async throws {
        let run = try TestRun()
        defer { run.remove() }
        let text = TestRun.recipe.edited(
            "tokens: 1000000 }",
            to: "tokens: 1000000, wall: 10s }"
        )
        let clock = Mutex(0.0)
        let slow = ToyEndpoint { number, _ in if number == 20 { clock.withLock { $0 = 11 } } }
        let (end, _) = try await run.pass(text, endpoint: slow, now: { clock.withLock { $0 } })
        let (done, report) = try await run.pass(text)

        guard case .wall = end.stop else {
            Issue.record("stopped by \(String(describing: end.stop))")
            return
        }
        #expect((20..<48).contains(slow.calls))
        #expect(done.stop == nil && report.counts.open == 0)
    }

    @Test("When the time is up, calls that wait for their turn end at once, whatever else is in work")
    func deadlineEndsWaits() async throws {
        let run = try TestRun()
        defer { run.remove() }
        let text = TestRun.recipe.edited("tokens: 1000000 }", to: "tokens: 1000000, wall: 10s }")
        let plan = try TestRun.plan(text)
        let ledger = try Ledger.begin(
            path: run.folder + "/ledger.sqlite",
            name: "toy",
            recipe: text,
            plan: plan.json,
            product: "test",
            now: 0
        )
        let clock = Mutex(0.0)
        let queue = QueueingEndpoint()
        let services = RunServices(
            endpoint: queue,
            sandbox: nil,
            now: { clock.withLock { $0 } },
            drain: { queue.drain() },
            sleep: { seconds in
                await queue.hasCaller()
                clock.withLock { $0 += seconds }
            }
        )
        let engine = Engine(plan: plan, ledger: ledger, services: services, control: RunControl())
        let end = try await engine.run { _ in }

        guard case .wall = end.stop else {
            Issue.record("stopped by \(String(describing: end.stop))")
            return
        }
        #expect(end.figures.calls == 0 && end.left > 0)
    }

    @Test("Unfinished files of a killed run go with the next export, and nothing else does")
    func remains() async throws {
        let run = try TestRun()
        defer { run.remove() }
        _ = try await run.pass()
        let before = try run.exports()
        for name in [".sft-train.txt.1abc.tmp", "mine.txt"] {
            try Data().write(to: URL(fileURLWithPath: run.folder + "/export/" + name))
        }
        _ = try await run.pass()

        #expect(try Set(run.exports().keys) == Set(before.keys).union(["mine.txt"]))
    }

    @Test("A deadline that passes after the last call stops nothing")
    func lateDeadline() async throws {
        let run = try TestRun()
        defer { run.remove() }
        let text = TestRun.recipe.edited(
            "tokens: 1000000 }",
            to: "tokens: 1000000, wall: 10s }"
        )
        let clock = Mutex(0.0)
        let slow = ToyEndpoint { number, _ in if number == 48 { clock.withLock { $0 = 11 } } }
        _ = try await run.pass(text, endpoint: slow, now: { clock.withLock { $0 } })
        let endpoint = ToyEndpoint()
        let (done, report) = try await run.pass(text, endpoint: endpoint, now: { 0 })

        #expect(slow.calls == 48 && endpoint.calls == 0)
        #expect(done.stop == nil && report.counts.open == 0)
    }

    @Test(
        "A pair that an export cannot write is no pair, and its better side says why",
        arguments: [1, 3, 5]
    )
    func refusedPairs(digit: Int) async throws {
        let run = try TestRun()
        defer { run.remove() }
        let (_, before) = try await run.pass()
        let text = TestRun.recipe.edited(
            "pairs: true }",
            to: "pairs: true, refuses: \(digit) }"
        )
        .edited(
            "  sft: { write: toy-write, from: unique, splits: { train: 0.7, test: 0.3 } }\n",
            to: ""
        )
        let (end, report) = try await run.pass(text)
        let refused = report.counts.dropped["blank-answer"] ?? 0

        #expect(end.stop == nil)
        #expect(report.pairs + refused == before.pairs)
        #expect(report.counts.dropped["other-side"] == nil)
        #expect(report.counts.open == 0)
        #expect(report.files.reduce(0) { $0 + $1.rows } == report.pairs)
    }

    @Test("Two stages that are alike in all but their names work side by side")
    func twins() async throws {
        let run = try TestRun()
        defer { run.remove() }
        let text = TestRun.withoutPairs.edited(
            "  unique:",
            to:
                "  first: { select: toy-unique, from: rated }\n  second: { select: toy-unique, from: rated }\n  unique:"
        ).edited("from: unique", to: "from: [first, second, unique]")
        let (end, report) = try await run.pass(text)

        #expect(end.stop == nil)
        #expect(report.counts.open == 0)
        #expect(report.counts.exported > 0)
        #expect(try run.ledger().faults() == [])
    }

    @Test("A stage by another name draws anew, and buys the replies that it has not got")
    func renamed() async throws {
        let run = try TestRun()
        defer { run.remove() }
        let reference = try TestRun()
        defer { reference.remove() }
        let text = TestRun.recipe.edited("solved", to: "answered")
        _ = try await run.pass()
        _ = try await run.pass(text)
        _ = try await reference.pass(text)

        #expect(try run.exports() == reference.exports())
    }

    @Test(
        "Another licence or label of the seeds is on every row, as in a fresh run",
        arguments: ["licence", "label"]
    )
    func seedPapers(what: String) async throws {
        let run = try TestRun()
        defer { run.remove() }
        let reference = try TestRun()
        defer { reference.remove() }
        let text = TestRun.recipe.edited(
            "count: 12",
            to: "count: 12, \(what): other, line: 7"
        )
        _ = try await run.pass()
        let endpoint = ToyEndpoint()
        let (_, report) = try await run.pass(text, endpoint: endpoint)
        _ = try await reference.pass(text)

        #expect(endpoint.calls == 0)
        #expect(report.counts.open == 0)
        #expect(try run.exports() == reference.exports())
        #expect(try run.exports().values.contains { $0.contains("other") })
    }

    @Test("A unit that drops something and then fails or gives up is counted for both")
    func dropThenEnd() async throws {
        let run = try TestRun()
        defer { run.remove() }
        let text = TestRun.recipe.edited(
            "from: tasks, model: m",
            to: "from: tasks, model: m, options: { again: true }"
        )
        let flaky = ToyEndpoint { _, request in
            if request.messages.last?.content.hasPrefix("again task 3") == true {
                throw WorkFailure("endpoint-refused", "the endpoint refused the request")
            }
        }
        let (end, report) = try await run.pass(text, endpoint: flaky)
        let second = try await run.pass(text, endpoint: ToyEndpoint()).report

        #expect(end.stop == nil)
        #expect(report.counts.dropped["low-quality"] == 48)
        #expect(report.counts.failed["endpoint-refused"] == 4)
        #expect(report.counts.dropped["off-target"] == 44)
        #expect(report.counts.candidates == 97 && report.counts.open == 0)
        #expect(second.counts.failed == ["unreadable-row": 1])
        #expect(second.counts.dropped == ["low-quality": 48, "off-target": 48])
    }

    @Test("Groups straight from a source are complete and judged")
    func sourceGroups() async throws {
        let run = try TestRun()
        defer { run.remove() }
        let text = TestRun.withoutPairs.edited(
            "  solved:",
            to: "  known: { verify: toy-rate, from: tasks, siblings: tasks }\n  solved:"
        ).edited("from: tasks, model", to: "from: known, model")
        let (end, report) = try await run.pass(text)

        #expect(end.stop == nil)
        #expect(report.counts.open == 0)
        #expect(report.counts.exported > 0)
    }

    @Test(
        "A group verifier that throws or miscounts is booked on its drafts, and the run goes on",
        arguments: [
            ("skip", "off-target", true), ("fail", "transport", false), ("miscount", "plugin-error", false),
            ("trap", "plugin-error", false),
        ]
    )
    func groupFaults(fault: String, code: String, isDrop: Bool) async throws {
        let run = try TestRun()
        defer { run.remove() }
        let text = TestRun.recipe.edited(
            "verify: toy-rate, ",
            to: "verify: toy-rate, options: { fault: \(fault) }, "
        )
        let (end, report) = try await run.pass(text)

        #expect(end.stop == nil)
        #expect(report.counts.open == 0 && report.counts.exported == 0)
        #expect((isDrop ? report.counts.dropped : report.counts.failed)[code] == 20)
    }

    @Test("An export that would get what failed a check is refused before anything is called")
    func unprovenExport() throws {
        let text = TestRun.recipe.edited(
            "unique: { select: toy-unique, from: rated }",
            to: "unique: { select: toy-unique, from: [rated, tested.fail] }"
        )
        let error = #expect(throws: DiagnosticReport.self) { try TestRun.plan(text) }
        let fault = try #require(error?.diagnostics.first)
        #expect(fault.code == "wrong-input")
        #expect(fault.message.contains("`unique` gives what comes from `tested.fail`"))
    }

    @Test(
        "What was charged without a reply is on the ledger before the next call, and the budget remembers it"
    )
    func charges() async throws {
        let run = try TestRun()
        defer { run.remove() }
        let failing = ToyEndpoint(charge: Charge(tokens: 700, cost: 9)) { number, _ in
            if number.isMultiple(of: 4) { throw WorkFailure("timeout", "no reply came in time") }
        }
        let (_, report) = try await run.pass(endpoint: failing)
        let spent = try run.ledger().spent().total

        #expect(report.counts.failed["timeout"] == 12)
        let lost = report.spending.unanswered
        #expect(lost.calls == 12 && lost.tokens == 12 * 700 && lost.cost == 12 * 9)
        #expect(spent.calls == 48 && spent.tokens == 36 * 5 + 12 * 700 && spent.nanoDollars == 12 * 9)
    }

    @Test("A unit of several calls stops between them when the pass is to end, and buys none of them again")
    func haltedUnit() async throws {
        let run = try TestRun()
        defer { run.remove() }
        let text = TestRun.recipe.edited(
            "from: tasks, model: m",
            to: "from: tasks, model: m, width: 1, options: { again: true }"
        )
        let control = RunControl()
        let first = ToyEndpoint { number, _ in if number == 7 { control.requestStop(.interrupted) } }
        let (end, _) = try await run.pass(text, endpoint: first, control: control)
        let second = ToyEndpoint()
        let (done, report) = try await run.pass(text, endpoint: second)

        #expect(end.stop != nil && done.stop == nil)
        #expect(first.calls == 7)
        #expect(first.calls + second.calls == 96)
        #expect(report.counts.open == 0)
    }
}
