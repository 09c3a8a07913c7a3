import CorpusModel
import GRDB

extension Ledger {
    /// Some candidates of each reason that the last pass dropped or that failed in it, by reason.
    ///
    /// - Parameter count: How many of each, at least 1.
    /// - Returns: The examples, those of earlier stages first.
    /// - Throws: ``LedgerProblem``.
    package func examples(ofEach count: Int) throws(LedgerProblem) -> [RunReport.Example] {
        try Self.wrapping(path) {
            try pool.read { database in
                try Row.fetchAll(
                    database,
                    sql: """
                        SELECT reason, stage, sample, summary FROM (
                            SELECT item.reason, stage.name AS stage, edge.sample, item.summary,
                                row_number() OVER (PARTITION BY item.reason ORDER BY item.stage, item.key) AS place
                            FROM item JOIN stage ON stage.id = item.stage LEFT JOIN edge ON edge.child = item.input
                            WHERE item.pass = (SELECT max(id) FROM pass) AND item.state IN (2, 3, 4, 5)
                                AND (item.part > 0 OR item.drops = 0 OR item.state = 5)
                        ) WHERE place <= ? ORDER BY reason, place
                        """,
                    arguments: [max(1, count)]
                ).map { row in
                    RunReport.Example(
                        reason: row["reason"] ?? "unknown",
                        stage: row["stage"],
                        sample: row["sample"],
                        summary: row["summary"]
                    )
                }
            }
        }
    }
}
