package import CorpusModel
import CorpusText
import Foundation
import GRDB

/// How large a ledger is, and what of.
package struct LedgerStats: Sendable, Hashable {
    /// A table with its indexes.
    package struct Table: Sendable, Hashable {
        package var name: String
        package var rows: Int
        /// Nil when this SQLite cannot tell.
        package var bytes: Int?
    }

    /// A column of packed bodies.
    package struct Bodies: Sendable, Hashable {
        /// `call.reply`.
        package var name: String
        package var count = 0
        package var packedBytes = 0
        /// What they come to unpacked.
        package var bytes = 0
        /// Dropped ones; not in the numbers above.
        package var dropped = 0
    }

    /// Replies of one model.
    package struct Model: Sendable, Hashable {
        package var name: String
        package var bought: Int
        package var imported: Int
        /// Of the bought ones; nil when the endpoint did not count the tokens of some.
        package var inputTokens: Int?
        package var outputTokens: Int?
        /// Billionths of a US dollar; nil when the price of some is not known.
        package var cost: Int?
    }

    /// One start of the run; times in seconds since 1970.
    package struct Pass: Sendable, Hashable {
        package var number: Int
        package var state: String
        package var product: String
        package var started: Double
        package var ended: Double?
    }

    package var name: String
    package var schema: Int
    /// Whether runs share it.
    package var isShared: Bool
    package var fileBytes: Int
    package var freeBytes: Int
    package var tables: [Table]
    package var bodies: [Bodies]
    package var models: [Model]
    package var passes: [Pass]
}

extension Ledger {
    /// Counts and sizes; reads the whole file once.
    ///
    /// - Throws: ``LedgerProblem``.
    package func stats() throws(LedgerProblem) -> LedgerStats {
        let free = try freeBytes()
        return try Self.wrapping(path) {
            try pool.read { database in
                LedgerStats(
                    name: try String.fetchOne(database, sql: "SELECT name FROM pass ORDER BY id DESC") ?? "",
                    schema: try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0,
                    isShared: try Self.isShared(database) == true,
                    fileBytes: fileBytes,
                    freeBytes: free,
                    tables: try Self.tables(database),
                    bodies: try Self.bodies.map { try Self.sizes(of: $0, in: $1, database) },
                    models: try Self.models(database),
                    passes: try Self.passes(database)
                )
            }
        }
    }

    /// Every column of packed bodies, with its table.
    private static let bodies = [
        ("request", "call"), ("reply", "call"), ("job", "execution"), ("result", "execution"),
        ("body", "edge"),
        ("body", "pair"), ("rows", "batch"),
    ]

    private static func tables(_ database: Database) throws -> [LedgerStats.Table] {
        let names = try String.fetchAll(
            database,
            sql:
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name"
        )
        // Not every SQLite is built with this table.
        let sizes = try? Row.fetchAll(
            database,
            sql: """
                SELECT tbl_name, sum(pgsize) FROM dbstat JOIN sqlite_master USING (name)
                WHERE aggregate = TRUE GROUP BY 1
                """
        ).reduce(into: [:]) { $0[$1[0] as String] = $1[1] as Int }
        return try names.map { name in
            LedgerStats.Table(
                name: name,
                rows: try Int.fetchOne(database, sql: "SELECT count(*) FROM \(name)") ?? 0,
                bytes: sizes.map { $0[name] ?? 0 }
            )
        }
    }

    private static func sizes(of column: String, in table: String, _ database: Database) throws
        -> LedgerStats.Bodies
    {
        var sizes = LedgerStats.Bodies(name: "\(table).\(column)")
        // A frame's head says how much it holds.
        let rows = try Row.fetchCursor(
            database,
            sql: "SELECT length(\(column)), substr(\(column), 1, \(Zstd.headLength)) FROM \(table)"
        )
        while let row = try rows.next() {
            let head: Data = row[1]
            guard !DroppedBody.isMark(head) else {
                sizes.dropped += 1
                continue
            }
            sizes.count += 1
            sizes.packedBytes += row[0]
            sizes.bytes += Zstd.contentLength(head: Array(head)) ?? 0
        }
        return sizes
    }

    private static func models(_ database: Database) throws -> [LedgerStats.Model] {
        try Row.fetchAll(
            database,
            sql: """
                SELECT model, sum(attempts > 0) AS bought, sum(attempts = 0) AS imported,
                    sum(CASE WHEN attempts > 0 THEN input END) AS input,
                    sum(CASE WHEN attempts > 0 THEN output END) AS output,
                    sum(attempts > 0 AND input IS NULL) AS uncounted,
                    sum(CASE WHEN attempts > 0 THEN cost END) AS cost, sum(attempts > 0 AND cost IS NULL) AS unpriced
                FROM call GROUP BY 1 ORDER BY 1
                """
        ).map { row in
            let isCounted = row["uncounted"] as Int == 0
            return LedgerStats.Model(
                name: row["model"],
                bought: row["bought"],
                imported: row["imported"],
                inputTokens: isCounted ? row["input"] ?? 0 : nil,
                outputTokens: isCounted ? row["output"] ?? 0 : nil,
                cost: row["unpriced"] as Int == 0 ? row["cost"] ?? 0 : nil
            )
        }
    }

    private static func passes(_ database: Database) throws -> [LedgerStats.Pass] {
        try Row.fetchAll(
            database,
            sql: "SELECT id, state, product, started, ended FROM pass ORDER BY id"
        ).map {
            LedgerStats.Pass(
                number: $0["id"],
                state: $0["state"],
                product: $0["product"],
                started: $0["started"],
                ended: $0["ended"]
            )
        }
    }
}

extension LedgerStats {
    /// The counts as one JSON document; `schema` rises when a field changes its meaning.
    package var json: JSONValue {
        func number(_ value: Int?) -> JSONValue { value.map(JSONValue.int) ?? .null }
        return [
            "schema": 1, "name": .string(name), "ledger_schema": .int(self.schema),
            "is_shared": .bool(isShared), "bytes": .int(fileBytes),
            "free_bytes": .int(freeBytes),
            "tables": .array(
                tables.map { ["name": .string($0.name), "rows": .int($0.rows), "bytes": number($0.bytes)] }
            ),
            "bodies": .array(
                bodies.map {
                    [
                        "name": .string($0.name), "count": .int($0.count),
                        "packed_bytes": .int($0.packedBytes),
                        "bytes": .int($0.bytes), "dropped": .int($0.dropped),
                    ]
                }
            ),
            "models": .array(
                models.map {
                    [
                        "model": .string($0.name), "replies": .int($0.bought), "imported": .int($0.imported),
                        "input_tokens": number($0.inputTokens), "output_tokens": number($0.outputTokens),
                        "usd": RunReport.dollars($0.cost),
                    ]
                }
            ),
            "passes": .array(
                passes.map {
                    [
                        "number": .int($0.number), "state": .string($0.state), "product": .string($0.product),
                        "started": .number($0.started), "ended": $0.ended.map(JSONValue.number) ?? .null,
                    ]
                }
            ),
        ]
    }
}
