import CorpusModel
import Foundation
import GRDB

/// Copies units of work with all that came of them: a unit is here with its drafts, drops and traces, or not at all.
struct ShardUnits {
    let database: Database
    /// The number of the merge's pass.
    let pass: Int
    /// Whether the work on some seeds is left out.
    let refusesSome: Bool

    private static let columns = """
        key, stage, input, ordinal, part, state, reason, summary, detail, drops, attempts, pass, evidence
        """
    /// The same of the shard, with its numbers for those here; what the merge's report counts belongs to its pass.
    private static let values = """
        i.key, st.own, i.input, i.ordinal, i.part, i.state, i.reason, i.summary, i.detail, i.drops, i.attempts,
        CASE WHEN st.isPlanned AND mp.met THEN :pass ELSE mp.own END, i.evidence
        """
    /// `CROSS JOIN` keeps the order: without statistics SQLite would now and then begin with all rows of a stage.
    private static let numbers = """
        CROSS JOIN merge_stage st ON st.shard = i.stage CROSS JOIN merge_pass mp ON mp.shard = i.pass
        """
    private static let edgeColumns = """
        child, item, parent, position, sample, labels, note, task, root, origin, licence, body
        """

    /// Copies the units of a portion of rows.
    ///
    /// - Parameters:
    ///   - range: The numbers of the shard's rows.
    ///   - failed: Whether those that failed, or all others.
    /// - Returns: How many units were not here.
    /// - Throws: SQLite's errors.
    func copy(_ range: ClosedRange<Int>, failed: Bool) throws -> Int {
        let bounds: StatementArguments = ["first": range.lowerBound, "last": range.upperBound]
        let failure = ItemState.failed.rawValue
        let isWanted = failed ? "i.state = \(failure)" : "i.state <> \(failure)"
        let isThere = failed ? "TRUE" : "o.state <> \(failure)"
        let isRefused =
            refusesSome
            ? """
            AND NOT EXISTS (SELECT 1 FROM shard.edge e JOIN merge_refused r ON r.root = e.root WHERE e.child = i.input)
            """ : ""
        try run("DELETE FROM merge_unit")
        try run(
            """
            INSERT INTO merge_unit SELECT i.key FROM shard.item i \(Self.numbers)
            WHERE i.id BETWEEN :first AND :last AND i.part = 0 AND \(isWanted) \(isRefused)
                AND NOT EXISTS (SELECT 1 FROM main.item o WHERE o.key = i.key AND \(isThere))
            """,
            bounds
        )
        let count = database.changesCount
        // Here already, from another shard or another merge: they count in this one's report.
        try run(
            """
            UPDATE main.item SET pass = :pass WHERE pass <> :pass AND key IN (
                SELECT i.key FROM shard.item i \(Self.numbers)
                WHERE i.id BETWEEN :first AND :last AND st.isPlanned AND mp.met AND \(isWanted))
            """,
            ["pass": pass, "first": range.lowerBound, "last": range.upperBound]
        )
        guard count > 0 else { return 0 }
        if !failed { try removeFailed() }
        try insert()
        return count
    }

    /// Makes room where a unit failed that was done elsewhere.
    private func removeFailed() throws {
        let rows = try Row.fetchAll(
            database.cachedStatement(
                sql: "SELECT o.key, o.drops FROM merge_unit u CROSS JOIN main.item o ON o.key = u.key"
            )
        )
        for row in rows {
            let unit = try ItemKey(stored: row["key"])
            for index in 0..<(row["drops"] as Int) {
                try run("DELETE FROM main.item WHERE key = ?", [ItemKey.drop(index, of: unit).data])
            }
            try run("DELETE FROM main.item WHERE key = ?", [unit.data])
        }
    }

    private func insert() throws {
        try run(
            """
            INSERT INTO main.item (\(Self.columns)) SELECT \(Self.values)
            FROM merge_unit u CROSS JOIN shard.item i ON i.key = u.key \(Self.numbers)
            """,
            ["pass": pass]
        )
        try run(
            """
            INSERT OR REPLACE INTO main.item (\(Self.columns)) SELECT \(Self.values)
            FROM merge_unit u CROSS JOIN shard.item w ON w.key = u.key
            CROSS JOIN shard.item i ON i.input = w.input AND i.stage = w.stage AND i.ordinal = w.ordinal
                AND i.part BETWEEN 1 AND w.drops \(Self.numbers)
            WHERE w.drops > 0
            """,
            ["pass": pass]
        )
        try run(
            """
            INSERT OR REPLACE INTO main.edge (\(Self.edgeColumns)) SELECT \(Self.edgeColumns)
            FROM merge_unit u CROSS JOIN shard.edge e ON e.item = u.key
            """
        )
        try run("DELETE FROM main.trace WHERE item IN (SELECT key FROM merge_unit)")
        try run(
            """
            INSERT INTO main.trace (item, position, kind, key) SELECT t.item, t.position, t.kind, t.key
            FROM merge_unit u CROSS JOIN shard.trace t ON t.item = u.key ORDER BY t.id
            """
        )
    }

    private func run(_ sql: String, _ arguments: StatementArguments = []) throws {
        try database.cachedStatement(sql: sql).execute(arguments: arguments)
    }
}
