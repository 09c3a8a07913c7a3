package import CorpusModel
import Foundation
import GRDB

/// The two items that a pair sets against each other.
package struct PairSides: Sendable, Hashable {
    /// The pair's id.
    package var id: String
    /// The better answer.
    package var chosen: ItemKey
    /// The other one.
    package var rejected: ItemKey
}

extension Ledger {
    /// The sides of every pair with this id.
    ///
    /// - Parameter id: A pair's id, or the beginning of one.
    /// - Returns: At most 10 pairs, by id.
    /// - Throws: ``LedgerProblem``.
    package func sides(ofPair id: String) throws(LedgerProblem) -> [PairSides] {
        try Self.wrapping(path) {
            try pool.read { database in
                try Row.fetchAll(
                    database,
                    sql: """
                        SELECT id, chosen, rejected FROM pair WHERE id >= ? AND id < ?
                        GROUP BY id ORDER BY id LIMIT 10
                        """,
                    arguments: [id, id + "~"]
                ).map { row in
                    PairSides(
                        id: row["id"],
                        chosen: ItemKey(data: row["chosen"]),
                        rejected: ItemKey(data: row["rejected"])
                    )
                }
            }
        }
    }

    /// The story of one item, seed first; nil when it is not there.
    ///
    /// - Throws: ``LedgerProblem``.
    package func story(of key: ItemKey) throws(LedgerProblem) -> [StoryChapter]? {
        guard let draft = try draft(key) else { return nil }
        let stories = try story(of: draft.contentID)
        return stories.first { $0.last?.draft.key == key } ?? stories.first
    }
}
