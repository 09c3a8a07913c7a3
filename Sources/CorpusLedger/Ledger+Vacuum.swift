import CorpusModel
import CorpusText
import Foundation
import GRDB

/// Bodies that a ledger can do without, at a price.
package enum DroppableBodies: String, Sendable, Hashable, CaseIterable {
    /// Requests and replies.
    case calls
    /// Programs with their tests, and what came of them.
    case executions
    /// Both.
    case all

    var kinds: [DroppableBodies] { self == .all ? [.calls, .executions] : [self] }

    /// The table, what its rows are ordered by, and its two columns of bodies.
    fileprivate var place: (table: String, order: String, first: String, second: String) {
        self == .calls ? ("call", "id", "request", "reply") : ("execution", "key", "job", "result")
    }
}

extension Ledger {
    private static let rowsAtOnce = 256

    /// The bodies that dropping would drop: of how many rows, and how many bytes they take more than what would stand there.
    ///
    /// - Throws: ``LedgerProblem``.
    package func droppable(_ bodies: DroppableBodies) throws(LedgerProblem) -> (rows: Int, bytes: Int) {
        try Self.wrapping(path) {
            try pool.read { database in
                var sum = (rows: 0, bytes: 0)
                for kind in bodies.kinds {
                    let (table, _, first, second) = kind.place
                    let row = try Row.fetchOne(
                        database,
                        sql: """
                            SELECT count(*) AS rows,
                                coalesce(sum(length(\(first)) + length(\(second))), 0) AS bytes
                            FROM \(table) WHERE NOT \(DroppedBody.marks(second))
                            """
                    )
                    let rows: Int = row?["rows"] ?? 0
                    sum.rows += rows
                    sum.bytes += (row?["bytes"] ?? 0) - rows * 2 * DroppedBody.length
                }
                return (sum.rows, max(0, sum.bytes))
            }
        }
    }

    /// Puts the digest of each body in its place; everything else about a call or execution stays.
    ///
    /// Whoever is killed meanwhile has dropped some of them, and can go on.
    ///
    /// - Returns: Of how many rows.
    /// - Throws: ``LedgerProblem``; a body that is damaged already stays as it is and is named.
    @discardableResult
    package func drop(_ bodies: DroppableBodies) throws(LedgerProblem) -> Int {
        try Self.wrapping(path) {
            var count = 0
            for kind in bodies.kinds {
                var last = DatabaseValue.null
                while true {
                    let rows = try pool.write { try dropSome(kind, after: last, in: $0) }
                    guard let next = rows.last else { break }
                    count += rows.count
                    last = next
                }
            }
            return count
        }
    }

    private func dropSome(
        _ kind: DroppableBodies,
        after last: DatabaseValue,
        in database: Database
    ) throws -> [DatabaseValue] {
        let (table, order, first, second) = kind.place
        let rows = try Row.fetchAll(
            database,
            sql: """
                SELECT \(order) AS place, key, \(first) AS first, \(second) AS second FROM \(table)
                WHERE \(last.isNull ? "?1 IS NULL" : "\(order) > ?1") AND NOT \(DroppedBody.marks(second))
                ORDER BY \(order) LIMIT \(Self.rowsAtOnce)
                """,
            arguments: [last]
        )
        let statement = try database.cachedStatement(
            sql: "UPDATE \(table) SET \(first) = ?, \(second) = ? WHERE key = ?"
        )
        for row in rows {
            let marks: (Data, Data)
            do {
                marks = (
                    try DroppedBody.mark(packed: row["first"]), try DroppedBody.mark(packed: row["second"])
                )
            } catch let stream as CorruptStream {
                let key = ItemKey(data: row["key"])
                throw LedgerProblem(
                    .damaged,
                    "a body of `\(table)` \(key) on the ledger `\(path)` \(stream)",
                    hint: "`corpusmith ledger verify` names all that is damaged"
                )
            }
            try statement.execute(arguments: [marks.0, marks.1, row["key"] as Data])
        }
        return rows.map { $0["place"] }
    }

    /// Writes the file anew without the room that nothing fills; takes as much room again on the disk while it works.
    ///
    /// - Throws: ``LedgerProblem``.
    package func compact() throws(LedgerProblem) {
        try Self.wrapping(path) {
            try pool.vacuum()
            try pool.writeWithoutTransaction { _ = try $0.checkpoint(.truncate) }
        }
    }

    /// Bytes of the file, what is not yet checkpointed included.
    package var fileBytes: Int {
        [path, path + "-wal"].reduce(0) { sum, file in
            let attributes = try? FileManager.default.attributesOfItem(atPath: file)
            return sum + (attributes?[.size] as? Int ?? 0)
        }
    }

    /// Bytes inside the file that nothing fills.
    ///
    /// - Throws: ``LedgerProblem``.
    package func freeBytes() throws(LedgerProblem) -> Int {
        try Self.wrapping(path) {
            try pool.read { database in
                let pages = try Int.fetchOne(database, sql: "PRAGMA freelist_count") ?? 0
                return try pages * (Int.fetchOne(database, sql: "PRAGMA page_size") ?? 0)
            }
        }
    }
}
