import CorpusModel
import Foundation
import GRDB
import Synchronization

/// What a stage of some name and plug-in came to in the latest pass that had enough of it.
package struct StageHistory: Sendable, Hashable {
    /// Fewer units say nothing about the next ones.
    package static let fewestUnits = 20

    /// Finished units; those that failed are left out.
    package var units = 0
    /// Different items that they worked on.
    package var inputs = 0
    package var states: [ItemState: Int] = [:]
    package var drafts = 0
    /// Replies that they used, each counted once, by the model's identity.
    package var replies: [String: Int] = [:]
    /// Executions that they used, each counted once.
    package var executions = 0
}

/// Tokens of the counted replies of one model to one stage, over all passes.
package struct TokenHistory: Sendable, Hashable {
    package var stage: String
    package var model: String
    /// At least 1.
    package var replies: Int
    package var input: Int
    /// Part of ``input``.
    package var cachedInput: Int
    package var output: Int
}

extension Ledger {
    /// So many of those who say the same are looked at.
    private static let twins = 64

    /// What a stage came to in the latest pass with at least ``StageHistory/fewestUnits`` of its units; nil when there is none.
    ///
    /// Of the copy that a pass is rehearsed on: what is on the ledger itself.
    ///
    /// - Throws: ``LedgerProblem``.
    package func history(ofStage name: String, plugin: String) throws(LedgerProblem) -> StageHistory? {
        try Self.wrapping(path) {
            try pool.read { database in
                let units = """
                    FROM \(schema).stage JOIN \(schema).item ON item.stage = stage.id
                    WHERE stage.name = ? AND stage.plugin = ? AND item.part = 0
                        AND item.state <> \(ItemState.failed.rawValue) AND item.reason IS NOT 'unrouted'
                    """
                let latest = try Int.fetchOne(
                    database,
                    sql: """
                        SELECT item.pass \(units) GROUP BY 1 HAVING count(*) >= \(StageHistory.fewestUnits)
                        ORDER BY 1 DESC LIMIT 1
                        """,
                    arguments: [name, plugin]
                )
                guard let latest else { return nil }
                let own = "\(units) AND item.pass = \(latest)"
                var history = StageHistory()
                for row in try Row.fetchAll(
                    database,
                    sql: "SELECT item.state, count(*) AS units \(own) GROUP BY 1",
                    arguments: [name, plugin]
                ) {
                    guard let state = ItemState(rawValue: row["state"]) else { continue }
                    history.states[state] = row["units"]
                    history.units += row["units"]
                }
                func count(_ sql: String) throws -> Int {
                    try Int.fetchOne(database, sql: sql, arguments: [name, plugin]) ?? 0
                }
                let keys = "SELECT item.key \(own)"
                history.inputs = try count("SELECT count(DISTINCT item.input) \(own)")
                history.drafts = try count(
                    "SELECT count(*) FROM \(schema).edge WHERE edge.item IN (\(keys))"
                )
                history.executions = try count(
                    "SELECT count(DISTINCT key) FROM \(schema).trace WHERE kind = 1 AND item IN (\(keys))"
                )
                for row in try Row.fetchAll(
                    database,
                    sql: """
                        SELECT call.model, count(*) AS replies FROM \(schema).call WHERE call.key IN (
                            SELECT key FROM \(schema).trace WHERE kind = 0 AND item IN (\(keys)))
                        GROUP BY 1
                        """,
                    arguments: [name, plugin]
                ) { history.replies[row["model"]] = row["replies"] }
                return history
            }
        }
    }

    /// What a verifier of some name made of the same content last, before the pass that is rehearsed; nil when it never
    /// came to an end with it.
    ///
    /// - Throws: ``LedgerProblem``.
    package func precedent(ofStage name: String, content id: String) throws(LedgerProblem) -> StoredItem? {
        guard let original else { return nil }
        let key = try Self.wrapping(path) {
            if !original.isSortedBySample.load(ordering: .acquiring) {
                try pool.write {
                    try $0.execute(sql: "CREATE INDEX IF NOT EXISTS edge_sample ON edge (sample)")
                }
                original.isSortedBySample.store(true, ordering: .releasing)
            }
            return try look { database in
                // Not what this pass did: whether it is there yet is a matter of chance.
                let statement = try database.cachedStatement(
                    sql: """
                        SELECT item.key
                        FROM (SELECT child FROM edge WHERE sample = ? ORDER BY rowid LIMIT \(Self.twins)) twin
                        CROSS JOIN item ON item.input = twin.child CROSS JOIN stage ON stage.id = item.stage
                        WHERE stage.name = ? AND stage.verb = 'verify' AND item.part = 0 AND item.reason IS NOT 'unrouted'
                            AND item.rowid <= ?
                            AND NOT EXISTS (SELECT 1 FROM former_failure WHERE former_failure.item = item.key)
                        ORDER BY item.rowid DESC LIMIT 1
                        """
                )
                return try Data.fetchOne(statement, arguments: [id, name, original.lastItem])
            }
        }
        return try key.flatMap { (key) throws(LedgerProblem) in try item(ItemKey(data: key)) }
    }

    /// How many tokens replies took so far, by stage and model; endpoints that do not count are in none of it.
    ///
    /// - Throws: ``LedgerProblem``.
    package func tokenHistory() throws(LedgerProblem) -> [TokenHistory] {
        try Self.wrapping(path) {
            try pool.read { database in
                try Row.fetchAll(
                    database,
                    sql: """
                        SELECT stage, model, count(*) AS replies, sum(input) AS input,
                            sum(coalesce(cached, 0)) AS cached, sum(output) AS output
                        FROM call WHERE stage IS NOT NULL AND input IS NOT NULL AND output IS NOT NULL
                        GROUP BY 1, 2 ORDER BY 1, 2
                        """
                ).map {
                    TokenHistory(
                        stage: $0["stage"],
                        model: $0["model"],
                        replies: $0["replies"],
                        input: $0["input"],
                        cachedInput: $0["cached"],
                        output: $0["output"]
                    )
                }
            }
        }
    }

    /// Whether the pass before this one has not ended: it is at work, or was killed.
    package func isUnfinished() throws(LedgerProblem) -> Bool {
        try Self.wrapping(path) {
            try pool.read { database in
                try String.fetchOne(
                    database,
                    sql: "SELECT state FROM pass WHERE id < ? ORDER BY id DESC LIMIT 1",
                    arguments: [pass]
                ) == "running"
            }
        }
    }

    /// Where the ledger's own rows stand, seen from a reader's connection.
    private var schema: String { original == nil ? "main" : "original" }
}
