import CorpusModel
import CorpusText
import GRDB

extension Ledger {
    /// Text that is packed into one frame; so much is in memory at a time.
    private static let frameBytes = 1 << 20
    private static let replyBatch = 256

    /// Writes every reply on this ledger to a cassette, replacing one that is there.
    ///
    /// - Parameter folder: Where `cassette.jsonl.zst` is to lie; must exist.
    /// - Returns: How many replies there are.
    /// - Throws: ``LedgerProblem``, or `FileProblem`, after which the folder is as it was.
    @discardableResult
    package func record(to folder: String) throws -> Int {
        let file = try AtomicFile(path: Cassette.path(in: folder))
        var text = Cassette.header
        func pack() throws(FileProblem) {
            try file.write(Zstd.compress(text))
            text.removeAll(keepingCapacity: true)
        }
        let count: Int
        do {
            count = try pool.read { database in
                var count = 0
                let rows = try Row.fetchCursor(database, sql: "SELECT * FROM call ORDER BY key")
                while let row = try rows.next() {
                    text += try Cassette.line(of: CallRecord(row: row))
                    count += 1
                    if text.count >= Self.frameBytes { try pack() }
                }
                return count
            }
        } catch let problem as FileProblem {
            throw problem
        } catch {
            throw LedgerProblem(error, path: path)
        }
        text += Cassette.end(count)
        try pack()
        try file.commit()
        return count
    }

    /// Takes every reply of a cassette that this ledger does not have yet; they cost nothing.
    ///
    /// A process that is killed meanwhile leaves some of them, and the next one takes the rest. A cassette that is damaged
    /// at its end is found so at its end: read it once before.
    ///
    /// - Throws: ``CassetteProblem``, ``LedgerProblem``.
    package func load(_ cassette: Cassette) async throws {
        var batch: [LedgerEntry] = []
        try await cassette.read { call in
            batch.append(.call(call))
            guard batch.count >= Self.replyBatch else { return }
            try await commit(batch)
            batch = []
        }
        try await commit(batch)
    }
}

extension CallRecord {
    init(row: Row) throws {
        self.init(
            key: ItemKey(data: row["key"]),
            model: row["model"],
            endpoint: row["endpoint"],
            request: try CanonicalJSON(packed: row["request"]),
            reply: try ModelReply(row: row),
            attempts: row["attempts"],
            booked: row["booked"],
            cost: row["cost"],
            buyer: Buyer(role: row["role"], stage: row["stage"])
        )
    }
}
