import CorpusModel
import CorpusText
import Foundation
import GRDB

/// Copies the rows of one shard, which is attached as `shard`, a portion at a time.
struct ShardRows {
    let database: Database
    let shard: ShardLedger
    /// The number of the merge's pass.
    let pass: Int

    /// Rows of a table in one transaction.
    let portion: Int

    // MARK: - Numbers

    /// Finds out what the shard's passes and stages are called here.
    ///
    /// Numbers are a ledger's own: stages are known by their digests, passes by the shard, its number and its beginning.
    func number(_ plan: JSONValue, _ merged: [MergedPass: MergedPass.Booking]) throws {
        try forget()
        try database.execute(
            sql: """
                CREATE TEMP TABLE merge_pass (shard INTEGER PRIMARY KEY, own INTEGER NOT NULL, met INTEGER NOT NULL,
                    isNew INTEGER NOT NULL);
                CREATE TEMP TABLE merge_stage (shard INTEGER PRIMARY KEY, own INTEGER NOT NULL, isPlanned INTEGER NOT NULL);
                CREATE TEMP TABLE merge_refused (root BLOB PRIMARY KEY) WITHOUT ROWID;
                CREATE TEMP TABLE merge_conflict (key BLOB PRIMARY KEY) WITHOUT ROWID;
                CREATE TEMP TABLE merge_unit (key BLOB PRIMARY KEY) WITHOUT ROWID;
                """
        )
        // A pass that did all met all that counts; what one that was stopped met is not all that was done before.
        let last = shard.isDone ? shard.passes.last?.id : nil
        for known in shard.passes {
            guard let booking = merged[MergedPass(known, of: shard)] else { continue }
            try database.execute(
                sql: "INSERT INTO merge_pass VALUES (?, ?, ?, ?)",
                arguments: [
                    known.id, booking.own, last.map { $0 == known.id } ?? true, !booking.isWhole(known),
                ]
            )
        }
        let digests = (plan["nodes"]?.elements ?? []).compactMap { $0["digest"]?.text }
        try database.inTransaction {
            try database.execute(
                sql: """
                    INSERT OR IGNORE INTO main.stage (digest, name, verb, plugin, version)
                        SELECT digest, name, verb, plugin, version FROM shard.stage ORDER BY id;
                    INSERT INTO merge_stage SELECT s.id, o.id,
                            lower(hex(s.digest)) IN (\(digests.map { "'\($0)'" }.joined(separator: ", ")))
                        FROM shard.stage s JOIN main.stage o ON o.digest = s.digest
                    """
            )
            return .commit
        }
    }

    /// Removes what was kept for the time of the merge.
    func forget() throws {
        for name in ["pass", "stage", "refused", "conflict", "unit"] {
            try database.execute(sql: "DROP TABLE IF EXISTS temp.merge_\(name)")
        }
    }

    // MARK: - Rows

    /// Copies all of it: what was bought and run first, so that every unit finds what it used.
    func take() throws -> LedgerMerge.Take {
        var take = LedgerMerge.Take()
        try portions(of: "call") { range in take.calls += try copyCalls(range) }
        try portions(of: "execution") { range in take.executions += try copyExecutions(range) }
        try database.inTransaction {
            // Of what was merged before, the run may have taken up and ended a batch since.
            try database.execute(
                sql: """
                    INSERT OR IGNORE INTO main.batch (tag, model, endpoint, api, made, rows, file, id)
                        SELECT tag, model, endpoint, api, made, rows, file, id FROM shard.batch
                        WHERE EXISTS (SELECT 1 FROM merge_pass WHERE isNew)
                    """
            )
            return .commit
        }
        take.refusedSeeds = try findRefused()
        let units = ShardUnits(database: database, pass: pass, refusesSome: take.refusedSeeds > 0)
        // What failed is tried again: it does not keep out what another shard has done.
        try portions(of: "item") { range in take.units += try units.copy(range, failed: false) }
        try portions(of: "item") { range in take.units += try units.copy(range, failed: true) }
        take.boughtTwice = try copyMoney()
        return take
    }

    /// Goes through a table of the shard in the order in which it was written, a transaction at a time.
    private func portions(of table: String, _ body: (ClosedRange<Int>) throws -> Void) throws {
        let last = try Int.fetchOne(database, sql: "SELECT max(id) FROM shard.\(table)") ?? 0
        for start in stride(from: 1, through: last, by: portion) {
            try database.inTransaction(.immediate) {
                try body(start...min(last, start + portion - 1))
                return .commit
            }
        }
    }

    private static let callColumns = """
        key, model, endpoint, request, reply, finish, input, cached, output, cost, milliseconds, attempts, booked, role, stage
        """

    /// Copies replies that are not here, and notes those to which another one is.
    private func copyCalls(_ range: ClosedRange<Int>) throws -> Int {
        let bounds: StatementArguments = [range.lowerBound, range.upperBound]
        // Bodies are compared only where the reply here is another purchase.
        let known = try Row.fetchAll(
            database,
            sql: """
                SELECT s.id AS there, o.id AS here, s.key FROM shard.call s
                CROSS JOIN main.call o ON o.key = s.key CROSS JOIN merge_pass m ON m.shard = s.pass
                WHERE s.id BETWEEN ? AND ? AND o.pass <> m.own AND (o.reply <> s.reply OR o.finish <> s.finish)
                """,
            arguments: bounds
        )
        for row in known where try !isSame(here: row["here"], there: row["there"]) {
            try database.execute(
                sql: "INSERT OR IGNORE INTO merge_conflict VALUES (?)",
                arguments: [row["key"] as Data]
            )
        }
        try database.cachedStatement(
            sql: """
                INSERT INTO main.call (\(Self.callColumns), pass)
                SELECT \(Self.callColumns), m.own FROM shard.call s CROSS JOIN merge_pass m ON m.shard = s.pass
                WHERE s.id BETWEEN ? AND ? AND NOT EXISTS (SELECT 1 FROM main.call o WHERE o.key = s.key)
                ORDER BY s.id
                """
        ).execute(arguments: bounds)
        return database.changesCount
    }

    /// Whether two replies say the same although their bodies differ: one was dropped, or packed by another program.
    ///
    /// What was dropped here is brought back.
    private func isSame(here: Int, there: Int) throws -> Bool {
        let sql = "SELECT request, reply, finish FROM"
        guard
            let own = try Row.fetchOne(database, sql: "\(sql) main.call WHERE id = ?", arguments: [here]),
            let other = try Row.fetchOne(database, sql: "\(sql) shard.call WHERE id = ?", arguments: [there]),
            own["finish"] as String == other["finish"]
        else { return false }
        let (kept, brought): (Data, Data) = (own["reply"], other["reply"])
        guard try Self.mark(kept) == Self.mark(brought) else { return false }
        if DroppedBody.isMark(kept) {
            try database.execute(
                sql: "UPDATE main.call SET request = ?, reply = ? WHERE id = ?",
                arguments: [other["request"] as Data, brought, here]
            )
        }
        return true
    }

    private static func mark(_ body: Data) throws -> Data {
        DroppedBody.isMark(body) ? body : try DroppedBody.mark(packed: body)
    }

    private func copyExecutions(_ range: ClosedRange<Int>) throws -> Int {
        try database.cachedStatement(
            sql: """
                INSERT INTO main.execution (key, job, result) SELECT key, job, result FROM shard.execution s
                WHERE s.id BETWEEN ? AND ? AND NOT EXISTS (SELECT 1 FROM main.execution o WHERE o.key = s.key
                    AND (NOT \(DroppedBody.marks("o.result")) OR \(DroppedBody.marks("s.result"))))
                ORDER BY s.id
                ON CONFLICT (key) DO UPDATE SET job = excluded.job, result = excluded.result
                """
        ).execute(arguments: [range.lowerBound, range.upperBound])
        return database.changesCount
    }

    /// Finds the seeds whose work cannot be used beside what is here: it was made of other replies.
    ///
    /// All that descends from a seed is taken or left together, since later work builds on earlier one.
    private func findRefused() throws -> Int {
        try database.execute(
            sql: """
                INSERT OR IGNORE INTO merge_refused SELECT s.root FROM shard.edge s
                    CROSS JOIN main.edge o ON o.child = s.child WHERE s.sample <> o.sample OR s.labels <> o.labels
                """
        )
        if try Int.fetchOne(database, sql: "SELECT 1 FROM merge_conflict LIMIT 1") != nil {
            try database.execute(
                sql: """
                    INSERT OR IGNORE INTO merge_refused SELECT e.root FROM shard.trace t
                        CROSS JOIN shard.item i ON i.key = t.item CROSS JOIN shard.edge e ON e.child = i.input
                        WHERE t.kind = 0 AND t.key IN (SELECT key FROM merge_conflict)
                    """
            )
        }
        return try Int.fetchOne(database, sql: "SELECT count(*) FROM merge_refused") ?? 0
    }

    /// Copies what was charged, and with it books the shard's passes as merged.
    ///
    /// A reply that was paid for twice is here once: what the second one cost is a charge.
    private func copyMoney() throws -> Int {
        let columns = "call, model, tokens, cost, role, stage"
        var twice = 0
        try database.inTransaction(.immediate) {
            try database.execute(
                sql: """
                    DELETE FROM main.charge WHERE pass IN (SELECT own FROM merge_pass WHERE isNew);
                    INSERT INTO main.charge (\(columns), pass) SELECT \(columns), m.own
                        FROM shard.charge s JOIN merge_pass m ON m.shard = s.pass WHERE m.isNew ORDER BY s.id;
                    INSERT OR REPLACE INTO main.mark (pass, role, calls, tokens, cost)
                        SELECT m.own, role, calls, tokens, cost FROM shard.mark s
                        JOIN merge_pass m ON m.shard = s.pass WHERE m.isNew;
                    """
            )
            try database.execute(
                sql: """
                    INSERT INTO main.charge (\(columns), pass)
                        SELECT s.key, s.model, s.booked, s.cost, s.role, s.stage, m.own FROM shard.call s
                        CROSS JOIN merge_pass m ON m.shard = s.pass CROSS JOIN main.call o ON o.key = s.key
                        WHERE m.isNew AND s.attempts > 0 AND o.pass <> m.own ORDER BY s.id
                    """
            )
            twice = database.changesCount
            try database.execute(
                sql: """
                    UPDATE main.pass SET (state, ended, plan) = (
                        SELECT s.state, s.ended, json_set(main.pass.plan, '$.merged.state', s.state) FROM shard.pass s
                        JOIN merge_pass m ON m.shard = s.id WHERE m.own = main.pass.id)
                    WHERE id IN (SELECT own FROM merge_pass WHERE isNew)
                    """
            )
            return .commit
        }
        return twice
    }
}
