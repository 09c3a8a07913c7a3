import CorpusKit
import CorpusLedger
import CorpusPipeline
import Foundation
import GRDB
import TestSupport
import Testing

@Suite("Writes that fail", .timeLimit(.minutes(30)))
struct FailingWriteTests {
    private static let recipe = TestRun.recipe.edited("count: 12", to: "count: 3")
    private static let tables = ["item", "edge", "trace", "call", "pair", "file"]

    /// Lets the ledger take some rows and refuses the next, for good.
    private func arm(_ run: TestRun, after rows: Int) throws {
        let triggers = Self.tables.map { table in
            """
            CREATE TRIGGER fuse_\(table) BEFORE INSERT ON \(table) BEGIN
                SELECT CASE WHEN (SELECT left FROM fuse) <= 0 THEN RAISE(ABORT, 'no more') END;
                UPDATE fuse SET left = left - 1;
            END;
            """
        }
        let start = "CREATE TABLE fuse (left INTEGER NOT NULL); INSERT INTO fuse VALUES (\(rows));"
        try run.tamper(start + triggers.joined())
    }

    private func disarm(_ run: TestRun) throws {
        try run.tamper(
            Self.tables.map { "DROP TRIGGER fuse_\($0);" }.joined() + "DROP TABLE fuse;"
        )
    }

    /// Makes the ledger's tables and nothing more.
    private func begin(_ run: TestRun) async throws {
        let control = RunControl()
        control.requestStop(.interrupted)
        _ = try await run.pass(Self.recipe, control: control)
    }

    @Test(
        "Whichever write fails, the run stops, the ledger is sound, and the next run ends as if nothing had been"
    )
    func everyWrite() async throws {
        let reference = try TestRun()
        defer { reference.remove() }
        let (_, undisturbed) = try await reference.pass(Self.recipe)
        let expected = try reference.exports()
        let isNightly = ProcessInfo.processInfo.environment["NIGHTLY"] != nil
        var failed = 0
        var rows = 0
        while true {
            let run = try TestRun()
            defer { run.remove() }
            try await begin(run)
            try arm(run, after: rows)
            let first = ToyEndpoint(shuffle: rows)
            let broke: Bool
            do {
                broke = try await run.pass(Self.recipe, endpoint: first).end.stop != nil
            } catch is LedgerProblem {
                // The files of an export are the last to be booked.
                broke = true
            }
            let faults = try run.ledger().faults()
            #expect(faults == [], "after \(rows) rows")
            try disarm(run)
            let second = ToyEndpoint(shuffle: rows + 1)
            let (end, report) = try await run.pass(Self.recipe, endpoint: second)
            #expect(end.stop == nil, "after \(rows) rows")
            #expect(report.counts == undisturbed.counts && report.pairs == undisturbed.pairs)
            let exports = try run.exports()
            #expect(exports == expected, "after \(rows) rows")
            // Only replies that were in flight when the write failed are bought again.
            #expect(first.calls + second.calls <= 12 + 16)
            guard broke else { break }
            failed += 1
            rows += isNightly ? 1 : 19
        }
        #expect(failed >= (isNightly ? 60 : 4))
    }
}
