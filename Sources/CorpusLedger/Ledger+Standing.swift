package import CorpusModel
import GRDB

/// How far the latest pass of a run has come, as far as its ledger knows.
package struct LedgerStanding: Sendable {
    /// One node of the graph.
    package struct Stage: Sendable, Hashable {
        package var name: String
        package var verb: String
        package var plugin: String
        package var width: Int
        /// Units by how they ended.
        package var units: [ItemState: Int] = [:]
    }

    package var name: String
    package var recipe: String
    /// The number of the pass.
    package var pass: Int
    /// As for ``Ledger/end(state:now:)``, or `running`, also for one that was killed.
    package var state: String
    /// Seconds since 1970.
    package var started: Double
    package var ended: Double?
    package var stages: [Stage] = []
    /// As it was begun.
    package var plan = JSONValue.null
}

extension Ledger {
    /// How far the latest pass has come.
    ///
    /// - Throws: ``LedgerProblem``.
    package func standing() throws(LedgerProblem) -> LedgerStanding {
        try Self.wrapping(path) {
            try pool.read { database in
                guard
                    let last = try Row.fetchOne(database, sql: "SELECT * FROM pass ORDER BY id DESC LIMIT 1")
                else { throw LedgerProblem(.missing, "the ledger `\(path)` holds no run") }
                var standing = LedgerStanding(
                    name: last["name"],
                    recipe: last["recipe"],
                    pass: last["id"],
                    state: last["state"],
                    started: last["started"],
                    ended: last["ended"]
                )
                let plan = try JSONValue(parsing: last["plan"] as String)
                standing.plan = plan
                let reader = ReportReader(database: database, pass: standing.pass, plan: plan)
                let widths = (plan["nodes"]?.elements ?? []).reduce(into: [[String]: Int]()) { widths, node in
                    widths[[node["verb"]?.text ?? "", node["name"]?.text ?? ""]] = node["width"]?.whole
                }
                standing.stages = try reader.numberedNodes().map { id, stage in
                    LedgerStanding.Stage(
                        name: stage.name,
                        verb: stage.verb,
                        plugin: stage.plugin,
                        width: widths[[stage.verb, stage.name]] ?? 0,
                        units: try reader.units(ofStage: id)
                    )
                }
                return standing
            }
        }
    }
}

extension ReportReader {
    fileprivate func units(ofStage id: Int) throws -> [ItemState: Int] {
        let rows = try Row.fetchAll(
            database,
            sql: "SELECT state, count(*) FROM item WHERE pass = ? AND stage = ? AND part = 0 GROUP BY state",
            arguments: [pass, id]
        )
        return rows.reduce(into: [:]) { units, row in
            if let state = ItemState(rawValue: row[0]) { units[state] = row[1] }
        }
    }
}
