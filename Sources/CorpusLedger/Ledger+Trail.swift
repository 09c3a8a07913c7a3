package import CorpusModel
import Foundation
import GRDB

/// What one stage found out about an item.
package struct StoredStep: Sendable, Hashable {
    /// The stage's number.
    package var stage: Int
    package var labels: [String: JSONValue]
    package var evidence: [Evidence]
}

/// Where a pair stands on the ledger.
package struct PairID: Sendable, Hashable {
    /// `pair_` and 32 hexadecimal digits.
    package var text: String
    /// The number of a stage that made it.
    package var stage: Int
}

extension Ledger {
    /// What stages found out about an item in this pass.
    package func steps(of key: ItemKey) throws(LedgerProblem) -> [StoredStep] {
        try Self.wrapping(path) {
            try makeIndexes()
            return try look { database in
                let statement = try database.cachedStatement(
                    sql: """
                        SELECT stage, detail, evidence FROM item WHERE input = ? AND part = 0 AND pass = ? ORDER BY stage
                        """
                )
                return try Row.fetchAll(statement, arguments: [key.data, pass]).map { row in
                    let detail = try JSONValue(parsing: row["detail"] as String)
                    return StoredStep(
                        stage: row["stage"],
                        labels: detail["labels"]?.members ?? [:],
                        evidence: try Evidence.list(in: row)
                    )
                }
            }
        }
    }

    /// The stages that made an item and its forebears, oldest first, each with what it made them from and what its unit
    /// remembers of its work.
    package func makers(
        of key: ItemKey
    ) throws(LedgerProblem) -> [(stage: Int, parent: ItemKey?, detail: [String: JSONValue])] {
        try Self.wrapping(path) {
            try makeIndexes()
            return try look { database in
                let statement = try database.cachedStatement(
                    sql: """
                        WITH RECURSIVE line (child, item, parent, depth) AS (
                            SELECT child, item, parent, 0 FROM edge WHERE child = ?
                            UNION ALL
                            SELECT edge.child, edge.item, edge.parent, depth + 1 FROM edge JOIN line
                                ON edge.child = line.parent
                        )
                        SELECT item.stage, item.detail, line.parent FROM line JOIN item ON item.key = line.item
                        ORDER BY depth DESC
                        """
                )
                return try Row.fetchAll(statement, arguments: [key.data]).map { row in
                    (
                        stage: row["stage"],
                        parent: (row["parent"] as Data?).map(ItemKey.init(data:)),
                        detail: try JSONValue(parsing: row["detail"] as String).members ?? [:]
                    )
                }
            }
        }
    }

    /// The keys of everything that reached an export in this pass, by content id, then key.
    package func exported(stage: Int) throws(LedgerProblem) -> [ItemKey] {
        try Self.wrapping(path) {
            try makeIndexes()
            return try pool.read { database in
                try Data.fetchAll(
                    database,
                    sql: """
                        SELECT item.input FROM item JOIN edge ON edge.child = item.input
                        WHERE item.stage = ? AND item.pass = ? AND item.state = ? ORDER BY edge.sample, item.input
                        """,
                    arguments: [stage, pass, ItemState.exported.rawValue]
                ).map(ItemKey.init(data:))
            }
        }
    }

    /// The ids of the pairs that some stages made in this pass, sorted, each once.
    package func pairs(stages: [Int]) throws(LedgerProblem) -> [PairID] {
        try Self.wrapping(path) {
            try pool.read { database in
                let list = stages.map(String.init).joined(separator: ",")
                return try Row.fetchAll(
                    database,
                    sql: """
                        SELECT id, min(stage) AS stage FROM pair WHERE stage IN (\(list)) AND pass = ?
                        GROUP BY id ORDER BY id
                        """,
                    arguments: [pass]
                ).map { PairID(text: $0["id"], stage: $0["stage"]) }
            }
        }
    }

    /// A pair and its group.
    package func pair(_ id: PairID) throws(LedgerProblem) -> (group: ItemKey, pair: PreferencePair) {
        try Self.wrapping(path) {
            try look { database in
                let statement = try database.cachedStatement(
                    sql: "SELECT root, chosen, rejected, body FROM pair WHERE stage = ? AND id = ?"
                )
                guard let row = try Row.fetchOne(statement, arguments: [id.stage, id.text]),
                    case let body = try JSONValue(packed: row["body"]),
                    let chosen = body["chosen"].flatMap(Message.init(json:)),
                    let rejected = body["rejected"].flatMap(Message.init(json:))
                else { throw LedgerProblem(.damaged, "the ledger has lost the pair `\(id.text)`") }
                let pair = PreferencePair(
                    prompt: body["prompt"]?.elements?.compactMap(Message.init(json:)) ?? [],
                    chosen: chosen,
                    rejected: rejected,
                    chosenKey: ItemKey(data: row["chosen"]),
                    rejectedKey: ItemKey(data: row["rejected"]),
                    detail: body["detail"]?.members ?? [:]
                )
                return (ItemKey(data: row["root"]), pair)
            }
        }
    }

    /// Whether any unit was finished before this pass.
    package func isFresh() throws(LedgerProblem) -> Bool {
        try Self.wrapping(path) {
            try pool.read { try Int.fetchOne($0, sql: "SELECT 1 FROM item LIMIT 1") == nil }
        }
    }
}
