import CorpusModel
import CorpusText
import Foundation
import GRDB

/// Something on a ledger that cannot be so.
package struct LedgerFault: Sendable, Hashable {
    /// The table; `file` for what SQLite itself finds wrong with its pages.
    package var table: String
    /// The row's key, in the words of the table; empty where it is not one row.
    package var key: String
    package var what: String
}

/// What was looked at.
package struct LedgerCheck: Sendable, Hashable {
    /// Rows by table.
    package var rows: [String: Int] = [:]
    package var faults = 0
    /// Bodies that `ledger vacuum` dropped: of them only the digest can be looked at.
    package var droppedBodies = 0
    /// The last pass has not ended: it is at work, or was killed.
    package var isUnfinished = false
}

extension Ledger {
    /// Looks for everything that cannot be so; all that it reads is of one moment, also while a run writes.
    ///
    /// - Parameter found: Given each fault as soon as it is found.
    /// - Returns: What was looked at.
    /// - Throws: ``LedgerProblem`` when the file cannot be read at all.
    package func verify(_ found: @escaping (LedgerFault) -> Void) throws(LedgerProblem) -> LedgerCheck {
        try Self.wrapping(path) {
            try pool.read { database in
                let verifier = LedgerVerifier(database: database, found: found)
                try verifier.verify()
                return verifier.check
            }
        }
    }
}

private final class LedgerVerifier {
    private let database: Database
    private let found: (LedgerFault) -> Void
    private(set) var check = LedgerCheck()

    init(database: Database, found: @escaping (LedgerFault) -> Void) {
        self.database = database
        self.found = found
    }

    func verify() throws {
        try attempt("file") {
            let texts = try String.fetchCursor(database, sql: "PRAGMA integrity_check(1000000)")
            while let text = try texts.next() { if text != "ok" { fault("file", "", text) } }
        }
        // Rows of pages that do not fit together may hold anything.
        guard check.faults == 0 else { return }
        for table in try tables() {
            try attempt(table) {
                check.rows[table] = try Int.fetchOne(database, sql: "SELECT count(*) FROM \(table)") ?? 0
            }
        }
        for (table, sql) in LedgerRules.all {
            try attempt(table) {
                let rows = try Row.fetchCursor(database, sql: sql)
                while let row = try rows.next() { fault(table, row[0], row[1]) }
            }
        }
        try attempt("item") { try checkDrops() }
        try attempt("edge") { try checkContents() }
        try attempt("call") { try checkCalls() }
        try attempt("execution") { try checkExecutions() }
        try attempt("pair") { try checkPairs() }
        try attempt("batch") {
            try forEach("SELECT tag AS key, rows AS body FROM batch") { row in
                _ = value(row["body"], of: "its rows", "batch", row["key"])
            }
        }
        try attempt("pass") { try checkSums() }
    }

    private func tables() throws -> [String] {
        try String.fetchAll(
            database,
            sql:
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name"
        )
    }

    private func fault(_ table: String, _ key: String, _ what: String) {
        check.faults += 1
        found(LedgerFault(table: table, key: key, what: what))
    }

    /// Goes on with the next check where this one meets pages that cannot be read.
    private func attempt(_ table: String, _ body: () throws -> Void) throws {
        do {
            try body()
        } catch let error as DatabaseError where error.resultCode == .SQLITE_CORRUPT {
            fault(table, "", "cannot be read to its end: \(error.message ?? "its pages do not fit together")")
        } catch let problem as LedgerProblem {
            fault(table, "", problem.description)
        } catch let error as JSONError {
            fault(table, "", "holds something that is no JSON: \(error)")
        }
    }

    private func forEach(_ sql: String, _ body: (Row) throws -> Void) throws {
        let rows = try Row.fetchCursor(database, sql: sql)
        while let row = try rows.next() { try body(row) }
    }

    private func hex(_ row: Row) -> String { Array(row["key"] as Data).hex }

    // MARK: - Bodies

    /// The text of a body; nil when it was dropped, or is damaged, which is a fault.
    private func text(_ body: Data, of what: String, _ table: String, _ key: String) -> CanonicalJSON? {
        if DroppedBody.isMark(body) {
            check.droppedBodies += 1
            if body.count != DroppedBody.length {
                fault(table, key, "\(what) is no body and no digest of one")
            }
            return nil
        }
        do {
            return try CanonicalJSON(packed: body)
        } catch {
            fault(table, key, "\(what) \(error)")
            return nil
        }
    }

    private func value(_ body: Data, of what: String, _ table: String, _ key: String) -> JSONValue? {
        guard let text = text(body, of: what, table, key) else { return nil }
        guard let value = try? text.value() else {
            fault(table, key, "\(what) is no JSON")
            return nil
        }
        return value
    }

    private func checkContents() throws {
        try forEach("SELECT child AS key, sample, body FROM edge") { row in
            let (key, id): (String, String) = (hex(row), row["sample"])
            guard let text = text(row["body"], of: "its content", "edge", key) else { return }
            // A body is the canonical text that the id is the digest of.
            if "smp_\(text.key)" != id {
                fault("edge", key, "its content is that of `smp_\(text.key)` and not `\(id)`")
            }
        }
    }

    private func checkCalls() throws {
        try forEach("SELECT key, request, reply FROM call") { row in
            let key = hex(row)
            let request: Data = row["request"]
            let digest =
                text(request, of: "its request", "call", key)?.key ?? DroppedBody.key(of: request)
            if let digest, digest.description != key {
                fault("call", key, "its request has the key \(digest)")
            }
            if let reply = value(row["reply"], of: "its reply", "call", key), reply.members == nil {
                fault("call", key, "its reply is no reply")
            }
        }
    }

    /// A key holds the version of what judged the program, which is not kept: it cannot be made again here.
    private func checkExecutions() throws {
        try forEach("SELECT key, job, result FROM execution") { row in
            let key = hex(row)
            if let job = value(row["job"], of: "its job", "execution", key),
                job["source"]?.text == nil || job["tests"].map({ (try? TestSuite(json: $0)) == nil }) ?? true
            {
                fault("execution", key, "its job is no program with tests")
            }
            if let result = value(row["result"], of: "its result", "execution", key),
                ExecutionResult(json: result) == nil
            {
                fault("execution", key, "its result is none")
            }
        }
    }

    private func checkPairs() throws {
        try forEach("SELECT id, stage, body FROM pair") { row in
            let id: String = row["id"]
            guard var members = value(row["body"], of: "its body", "pair", id)?.members else { return }
            members["detail"] = nil
            let digest = "pair_" + Digest(of: JSONValue.object(members)).key.description
            if digest != id { fault("pair", id, "its sides are those of `\(digest)`") }
        }
    }

    // MARK: - Sums

    private func checkDrops() throws {
        let statement = try database.makeStatement(sql: "SELECT 1 FROM item WHERE key = ?")
        try forEach("SELECT key, drops FROM item WHERE drops > 0") { row in
            let unit = try ItemKey(stored: row["key"])
            for index in 0..<(row["drops"] as Int) {
                let drop = ItemKey.drop(index, of: unit)
                if try Int.fetchOne(statement, arguments: [drop.data]) == nil {
                    fault("item", unit.description, "drop \(index + 1) inside it, \(drop), is not there")
                }
            }
        }
    }

    /// Candidates = exported + dropped + failed (+ open, while a pass has not ended), counted all at once and one by one.
    private func checkSums() throws {
        guard let last = try Row.fetchOne(database, sql: "SELECT * FROM pass ORDER BY id DESC LIMIT 1") else {
            return fault("pass", "", "there is none, so this is no run")
        }
        let key = String(last["id"] as Int)
        check.isUnfinished = last["state"] == "running"
        var report = RunReport(name: last["name"], state: last["state"], product: last["product"])
        let plan = try JSONValue(parsing: last["plan"] as String)
        try ReportReader(database: database, pass: last["id"], plan: plan).fill(&report)
        let counts = report.counts
        if report.state == "done", counts.open > 0 {
            fault("pass", key, "it is done, and \(counts.open) candidates have no final state")
        }
        let nodes = plan["nodes"]?.elements ?? []
        if nodes.count != report.stages.count {
            fault("pass", key, "\(nodes.count - report.stages.count) stages of its plan are not there")
        }
        let reader = try RejectReader(database: database, ledger: "")
        var dropped: [String: Int] = [:]
        var failed: [String: Int] = [:]
        try reader.forEach { place in
            if place.isFailure {
                failed[place.reason, default: 0] += 1
            } else {
                dropped[place.reason, default: 0] += 1
            }
        }
        for (name, sums, rows) in [("dropped", counts.dropped, dropped), ("failed", counts.failed, failed)] {
            for reason in Set(sums.keys).union(rows.keys).sorted() where sums[reason] != rows[reason] {
                let (sum, row) = (sums[reason] ?? 0, rows[reason] ?? 0)
                fault(
                    "pass",
                    key,
                    "\(sum) candidates are counted as \(name) (\(reason)), and \(row) are there"
                )
            }
        }
    }
}

/// What must hold between rows: a table, and a query for the key and the fault of each row that breaks a rule.
enum LedgerRules {
    static let all: [(table: String, sql: String)] =
        [
            sized("item", "key"), sized("item", "input"), sized("call", "key"), sized("execution", "key"),
            sized("edge", "child", of: "child"),
            missing("item", "stage", "stage", "id"), missing("item", "pass", "pass", "id"),
            missing("item", "input", "edge", "child"),
            missing("edge", "item", "item", "key", of: "child"),
            missing("edge", "parent", "edge", "child", of: "child"),
            missing("edge", "task", "edge", "child", of: "child"),
            missing("edge", "root", "edge", "child", of: "child"),
            missing("trace", "item", "item", "key", of: "item"),
            missing("call", "pass", "pass", "id"), missing("charge", "pass", "pass", "id", of: "id"),
            missing("mark", "pass", "pass", "id", of: "role"),
            missing("pair", "pass", "pass", "id", of: "id"),
            missing("pair", "stage", "stage", "id", of: "id"),
            missing("pair", "chosen", "edge", "child", of: "id"),
            missing("pair", "rejected", "edge", "child", of: "id"),
            missing("file", "pass", "pass", "id", of: "path"),
            used(0, "call"), used(1, "execution"),
        ] + rest

    /// A column names a row of another table, or is null.
    private static func missing(
        _ table: String,
        _ column: String,
        _ other: String,
        _ otherKey: String,
        of key: String = "key"
    ) -> (table: String, sql: String) {
        (
            table,
            """
            SELECT \(shown("t.\(key)")), 'its \(column) ' || \(shown("t.\(column)")) || ' is not there'
            FROM \(table) t WHERE t.\(column) IS NOT NULL
                AND NOT EXISTS (SELECT 1 FROM \(other) o WHERE o.\(otherKey) = t.\(column))
            """
        )
    }

    private static func sized(
        _ table: String,
        _ column: String,
        of key: String = "key"
    ) -> (table: String, sql: String) {
        (
            table,
            """
            SELECT \(shown(key)), 'its \(column) has ' || length(\(column)) || ' bytes and not 16' FROM \(table)
            WHERE length(\(column)) <> 16
            """
        )
    }

    private static func used(_ kind: Int, _ table: String) -> (table: String, sql: String) {
        (
            "trace",
            """
            SELECT lower(hex(item)), 'the \(table) ' || lower(hex(key)) || ' that it used is not there'
            FROM trace t WHERE kind = \(kind) AND NOT EXISTS (SELECT 1 FROM \(table) o WHERE o.key = t.key)
            """
        )
    }

    private static func shown(_ column: String) -> String {
        "CASE typeof(\(column)) WHEN 'blob' THEN lower(hex(\(column))) ELSE CAST(\(column) AS TEXT) END"
    }

    private static let rest: [(table: String, sql: String)] = [
        (
            "item",
            """
            SELECT lower(hex(key)), 'it ended as ' || state || ' and has no reason' FROM item
            WHERE state IN (2, 3, 4, 5) AND reason IS NULL
            """
        ),
        (
            "item",
            "SELECT lower(hex(key)), 'there is no state ' || state FROM item WHERE state NOT BETWEEN 0 AND 8"
        ),
        ("item", "SELECT lower(hex(key)), 'its detail is no JSON' FROM item WHERE NOT json_valid(detail)"),
        (
            "edge",
            """
            SELECT lower(hex(child)), 'its labels or its origin are no JSON' FROM edge
            WHERE NOT json_valid(labels) OR NOT json_valid(origin)
            """
        ),
        (
            "item",
            """
            SELECT lower(hex(key)), 'its evidence is no JSON' FROM item
            WHERE evidence IS NOT NULL AND NOT json_valid(evidence)
            """
        ),
        (
            "item",
            """
            SELECT lower(hex(item.key)), 'there is no outcome ' || coalesce(json_extract(value, '$.outcome'), 'null')
            FROM item, json_each(evidence) WHERE json_valid(evidence)
                AND coalesce(json_extract(value, '$.outcome'), '') NOT IN ('pass', 'fail', 'unsure')
            """
        ),
        (
            "trace",
            "SELECT lower(hex(item)), 'it used something of kind ' || kind FROM trace WHERE kind NOT IN (0, 1)"
        ),
    ]
}
