import CorpusModel
import CorpusText
import Foundation
import GRDB

extension Ledger {
    /// Text that is packed into one frame; so much is in memory at a time.
    private static let frameBytes = 1 << 20
    private static let replyBatch = 256

    /// Writes every reply on this ledger to a cassette, replacing one that is there.
    ///
    /// - Parameter folder: Where `cassette.jsonl.zst` is to lie; must exist.
    /// - Returns: How many replies it has, and how many it lacks because `ledger vacuum` dropped them.
    /// - Throws: ``LedgerProblem``, or `FileProblem`, after which the folder is as it was.
    @discardableResult
    package func record(to folder: String) throws -> (replies: Int, dropped: Int) {
        try record(toFile: Cassette.path(in: folder))
    }

    /// The same to a file of any name: plain when the name ends in `.jsonl`, else packed.
    @discardableResult
    package func record(toFile name: String) throws -> (replies: Int, dropped: Int) {
        let file = try AtomicFile(path: name)
        let isPlain = name.hasSuffix(".jsonl")
        var text = Cassette.header
        func pack() throws(FileProblem) {
            try file.write(isPlain ? text : Zstd.compress(text))
            text.removeAll(keepingCapacity: true)
        }
        var (count, dropped) = (0, 0)
        do {
            try pool.read { database in
                let rows = try Row.fetchCursor(database, sql: "SELECT * FROM call ORDER BY key")
                while let row = try rows.next() {
                    guard !DroppedBody.isMark(row["reply"]) else {
                        dropped += 1
                        continue
                    }
                    text += try Cassette.line(of: CallRecord(row: row))
                    count += 1
                    if text.count >= Self.frameBytes { try pack() }
                }
            }
        } catch let problem as FileProblem {
            throw problem
        } catch {
            throw LedgerProblem(error, path: path)
        }
        text += Cassette.end(count)
        try pack()
        try file.commit()
        return (count, dropped)
    }

    /// Takes every reply of a cassette that this ledger does not have yet, at no cost; a reply that is here stays.
    ///
    /// A reply that was bought and then dropped gets its bodies back if the cassette's is the same, word for word. A process
    /// that is killed meanwhile leaves some of them, and the next one takes the rest. A cassette that is damaged at its end is
    /// found so at its end: read it once before.
    ///
    /// - Returns: What became of the cassette's replies.
    /// - Throws: ``CassetteProblem``, ``LedgerProblem``.
    @discardableResult
    package func load(_ cassette: Cassette) async throws -> CassetteTake {
        var take = CassetteTake()
        var batch: [CallRecord] = []
        try await cassette.read { call in
            batch.append(call)
            guard batch.count >= Self.replyBatch else { return }
            try await commit(entries(of: batch, &take))
            batch = []
        }
        try await commit(entries(of: batch, &take))
        return take
    }

    /// What is to be written down of some replies.
    private func entries(of calls: [CallRecord], _ take: inout CassetteTake) throws -> [LedgerEntry] {
        try Self.wrapping(path) {
            try pool.read { database in
                let statement = try database.cachedStatement(sql: "SELECT reply FROM call WHERE key = ?")
                return try calls.compactMap { call in
                    let here =
                        mayHold(call.key) ? try Data.fetchOne(statement, arguments: [call.key.data]) : nil
                    guard let here else {
                        take.new += 1
                        return .call(call)
                    }
                    let text = CanonicalJSON(call.reply.body)
                    let isDropped = DroppedBody.isMark(here)
                    let isSame =
                        isDropped ? here == DroppedBody.mark(text) : try CanonicalJSON(packed: here) == text
                    guard isSame else {
                        take.other += 1
                        return nil
                    }
                    guard isDropped else {
                        take.known += 1
                        return nil
                    }
                    take.restored += 1
                    return .restored(call)
                }
            }
        }
    }
}

/// What became of the replies of a cassette that a ledger took.
package struct CassetteTake: Sendable, Hashable {
    /// Were not here.
    package var new = 0
    /// Were here already.
    package var known = 0
    /// Had been dropped, and are here again.
    package var restored = 0
    /// Not taken: to the same request the ledger has another reply.
    package var other = 0
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
