import CorpusModel
import Foundation
import GRDB

extension Ledger {
    /// The batches that are under way, oldest first.
    package func openBatches() throws(LedgerProblem) -> [OpenBatch] {
        try Self.wrapping(path) {
            try pool.read { database in
                try Row.fetchAll(database, sql: "SELECT * FROM batch ORDER BY made, tag").map { row in
                    let rows = try JSONValue(packed: row["rows"]).elements ?? []
                    return OpenBatch(
                        tag: row["tag"],
                        model: row["model"],
                        endpoint: row["endpoint"],
                        api: row["api"],
                        madeAt: row["made"],
                        rows: rows.compactMap { value in
                            guard let request = value["request"], let role = value["role"]?.text else {
                                return nil
                            }
                            return OpenBatch.Row(request: request, role: role)
                        },
                        file: row["file"],
                        id: row["id"]
                    )
                }
            }
        }
    }
}
