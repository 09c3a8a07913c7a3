import CorpusConfig
import CorpusKit
import CorpusLedger
import CorpusPipeline
import Foundation
import GRDB
import TestSupport
import Testing

@Suite("Shards and their merge", .timeLimit(.minutes(5)))
struct ShardTests {
    private static func shards(_ texts: [String]) throws -> [Shard] { try texts.map(Shard.init(parsing:)) }

    @Test("A shard is a number of parts and one of them; anything else is told what it should be")
    func reading() throws {
        let shard = try Shard(parsing: "02/3")
        #expect(shard.index == 2 && shard.count == 3 && "\(shard)" == "2/3" && shard.folder == "2-of-3")
        for (text, fault) in [
            ("4/3", "there is no shard `4/3`: the first number must be from 1 to 3"),
            ("1/0", "there is no shard `1/0`: a run is cut into 1 to 10000 parts"),
            ("2 of 3", "`2 of 3` is no shard: write `2/3` for the second of three"),
        ] {
            #expect(try #require(throws: Shard.Fault.self) { try Shard(parsing: text) }.description == fault)
        }
    }

    @Test(
        "Every seed and every row that is none falls to one shard, and none is seen twice",
        arguments: [1, 2, 3, 7]
    )
    func dealing(count: Int) async throws {
        let text = TestRun.withoutPairs.edited(
            "count: 12, broken: 1",
            to: "count: 60, broken: 9, refused: 7"
        )
        let whole = try TestRun()
        defer { whole.remove() }
        let (_, expected) = try await whole.pass(text)
        let run = try TestRun()
        defer { run.remove() }
        var (seeds, failed, dropped, calls) = (0, 0, 0, 0)
        for shard in try Self.shards((1...count).map { "\($0)/\(count)" }) {
            let endpoint = ToyEndpoint()
            let (end, report) = try await run.pass(text, endpoint: endpoint, shard: shard)
            #expect(end.stop == nil && end.held == report.counts.open)
            seeds += report.seeds
            failed += report.counts.failed["unreadable-row"] ?? 0
            dropped += report.counts.dropped["not-ours"] ?? report.counts.dropped["licence"] ?? 0
            calls += endpoint.calls
        }

        #expect(seeds == 60 && failed == 9 && dropped == 7)
        #expect(calls == 240 && expected.seeds == 60)
    }

    @Test(
        "Caps are divided and never come to nothing, the time is not, and the target's parts come to the whole"
    )
    func parts() throws {
        let text = TestRun.withoutPairs
            .edited(
                "budget: { tokens: 1000000 }",
                to:
                    "budget: { usd: 0, tokens: 1000000, calls: 2, wall: 1h, per_role: { m: { tokens: 10, wall: 5m } } }\n"
                    + "target: { accepted: 10, at: unique }"
            ).edited("model: toy,", to: "model: toy, price: { input: 0, output: 0 },")
        let plan = try TestRun.plan(text)
        let part = plan.part(of: try Shard(parsing: "2/3"))
        let budget = try #require(part.recipe.budget)

        #expect(budget.nanoDollars == 0 && budget.tokens == 333_333 && budget.calls == 1)
        #expect(budget.wallSeconds == 3600)
        #expect(budget.perRole["m"]?.tokens == 3 && budget.perRole["m"]?.wallSeconds == 300)
        #expect(part.recipe.target?.accepted == 4 && part.target?.cells.map(\.quota) == [4])
        #expect(part.nodes.map(\.digest) == plan.nodes.map(\.digest))
        #expect(part.estimate.seeds == 4 && plan.estimate.seeds == 12)
    }

    // MARK: - Merges that are cut off

    /// A moment of a merge: the row before which it is cut off.
    struct Cut: Sendable, CustomTestStringConvertible {
        var event: String
        var condition: String
        var testDescription: String { "\(event), \(condition)" }
    }

    static let cuts =
        ["call", "item", "edge", "trace"].flatMap { table in
            [0, 1, 8, 25, 40].map {
                Cut(event: "INSERT ON \(table)", condition: "(SELECT count(*) FROM \(table)) >= \($0)")
            }
        } + [
            Cut(event: "INSERT ON charge", condition: "TRUE"),
            Cut(event: "INSERT ON charge", condition: "(SELECT count(*) FROM charge) >= 3"),
            Cut(event: "INSERT ON pass", condition: "(SELECT count(*) FROM pass) >= 2"),
            Cut(event: "UPDATE OF state ON pass", condition: "old.id = 1"),
            Cut(event: "UPDATE OF state ON pass", condition: "old.id = 2"),
            Cut(event: "UPDATE OF state ON pass", condition: "new.state = 'merged'"),
            Cut(event: "INSERT ON stage", condition: "(SELECT count(*) FROM stage) >= 3"),
        ]

    @Test(
        "A merge that is cut off at any row is sound, and the same merge again makes of it what it would have been",
        arguments: cuts
    )
    func cutOff(cut: Cut) async throws {
        let shards = try Self.shards(["1/2", "2/2", "1/3"])
        let run = try TestRun()
        defer { run.remove() }
        for shard in shards { _ = try await run.pass(shard: shard) }
        try merge(shards, in: run)
        let expected = try rows(of: run)
        for suffix in ["", "-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: run.ledgerPath() + suffix)
        }
        // Makes the ledger, and nothing in it.
        _ = try LedgerMerge(into: run.ledgerPath(), subject(), product: "test", now: 0)
        try run.tamper(
            "CREATE TRIGGER cut BEFORE \(cut.event) WHEN \(cut.condition) BEGIN SELECT RAISE(ABORT, 'cut off'); END"
        )
        #expect(throws: LedgerProblem.self) { try merge(shards, in: run) }
        var faults: [LedgerFault] = []
        _ = try run.ledger().verify { faults.append($0) }
        try run.tamper("DROP TRIGGER cut")
        let isNew = try merge(shards, in: run)
        let endpoint = ToyEndpoint()

        #expect(
            faults.filter {
                $0.what != "there is none, so this is no run" && !$0.what.contains("stages of its plan")
            } == []
        )
        #expect(isNew)
        #expect(try rows(of: run) == expected)
        #expect(try !merge(shards, in: run))
        let (end, report) = try await run.pass(endpoint: endpoint)
        #expect(end.stop == nil && endpoint.calls == 0 && report.counts.open == 0)
    }

    @Test("A later merge takes what shards have done since, and nothing a second time")
    func later() async throws {
        let shards = try Self.shards(["1/2", "2/2", "1/3"])
        let whole = try TestRun()
        defer { whole.remove() }
        let (_, expected) = try await whole.pass()
        let run = try TestRun()
        defer { run.remove() }
        let control = RunControl()
        let stopping = ToyEndpoint { number, _ in if number == 5 { control.requestStop(.interrupted) } }
        _ = try await run.pass(endpoint: stopping, control: control, shard: shards[0])
        try merge([shards[0]], in: run)
        _ = try await run.pass(shard: shards[1])
        try merge(Array(shards[0...1]), in: run)
        // The first goes on, the third comes to it.
        _ = try await run.pass(shard: shards[0])
        _ = try await run.pass(shard: shards[2])
        try merge(shards, in: run)
        let isNew = try merge(shards.reversed(), in: run)
        let bought = try sum("SELECT count(*) FROM call WHERE attempts > 0", of: shards, in: run)
        let endpoint = ToyEndpoint()
        let (end, report) = try await run.pass(endpoint: endpoint)

        #expect(!isNew)
        #expect(end.stop == nil && endpoint.calls == 0)
        #expect(report.counts == expected.counts)
        #expect(try run.exports() == whole.exports())
        #expect(report.spending.calls + report.spending.unanswered.calls == bought)
    }

    private func subject() throws -> LedgerMerge.Subject {
        LedgerMerge.Subject(name: "toy", recipe: TestRun.recipe, plan: try TestRun.plan(TestRun.recipe).json)
    }

    @discardableResult
    private func merge(_ shards: [Shard], in run: TestRun) throws -> Bool {
        let ledgers = try shards.compactMap { try LedgerMerge.prepare(run.ledgerPath($0)) }
        let merge = try LedgerMerge(into: run.ledgerPath(), subject(), product: "test", now: 0, portion: 7)
        guard try merge.begin(ledgers) else { return false }
        for ledger in ledgers { _ = try merge.take(ledger) }
        try merge.end()
        return true
    }

    /// What the run's ledger holds, without the numbers that depend on when it came there.
    private func rows(of run: TestRun) throws -> [String: [String]] {
        var configuration = Configuration()
        configuration.readonly = true
        let queue = try DatabaseQueue(path: run.ledgerPath(), configuration: configuration)
        defer { try? queue.close() }
        let names = "(SELECT s.name FROM stage s WHERE s.id = t.stage)"
        let shown = [
            "call": "hex(key) || hex(reply) || attempts || coalesce(cost, '') || role",
            "execution": "hex(key) || hex(result)",
            "item": "hex(key) || \(names) || coalesce(hex(input), '') || ordinal || part || state || detail",
            "edge": "hex(child) || hex(item) || sample || labels || hex(body)",
            "trace": "hex(item) || position || kind || hex(key)",
            "charge": "hex(call) || tokens || coalesce(cost, '') || role",
            "mark": "role || calls || tokens || cost",
        ]
        return try shown.reduce(into: [:]) { all, entry in
            all[entry.key] = try queue.read {
                try String.fetchAll($0, sql: "SELECT \(entry.value) FROM \(entry.key) t ORDER BY 1")
            }
        }
    }

    private func sum(_ sql: String, of shards: [Shard], in run: TestRun) throws -> Int {
        try shards.reduce(0) { sum, shard in
            let queue = try DatabaseQueue(path: run.ledgerPath(shard))
            defer { try? queue.close() }
            return try sum + (queue.read { try Int.fetchOne($0, sql: sql) } ?? 0)
        }
    }
}
