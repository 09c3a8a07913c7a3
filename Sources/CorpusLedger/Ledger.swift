import CorpusModel
import CorpusText
import Foundation
import GRDB
import Synchronization

/// The durable record of a run: every reply, every execution, every outcome.
///
/// One SQLite file in WAL mode with `synchronous=FULL`. Nothing is acted on before its commit; commits of concurrent
/// tasks share an fsync. The database pool already serialises writers and lets readers run beside them, so there is
/// no actor around it.
package final class Ledger: Sendable {
    /// The file.
    package let path: String
    let pool: DatabasePool
    let committer: Committer
    /// The number of the pass that this process makes; 0 when it only reads.
    package let pass: Int
    private let reserve: LedgerReserve?
    private let lack: Lack
    private let order: Order
    /// Which replies may be here; nil where nothing is written.
    let replies: Mutex<KeyFilter?>
    /// What other runs have bought, and what this one buys is for them as well.
    let shared: SharedLedger?
    /// The ledger that this is a copy of to rehearse a pass on; nil when it is none.
    let original: Original?

    /// Why the disk can take nothing more than what is in flight, once it is so.
    package var shortage: LedgerProblem? { lack.problem.withLock { $0 } ?? shared?.ledger.shortage }

    /// Whether rows are found by their keys yet; changed and used by whoever writes.
    private final class Order: Sendable {
        let isIndexed: Atomic<Bool>
        init(_ isIndexed: Bool) { self.isIndexed = Atomic(isIndexed) }
    }

    private final class Lack: Sendable {
        let problem = Mutex<LedgerProblem?>(nil)
    }

    /// Wraps a file that is open; see ``begin(path:name:recipe:plan:product:now:sharing:)`` and its like.
    init(
        path: String,
        pool: DatabasePool,
        pass: Int,
        reserve: LedgerReserve? = nil,
        replies: KeyFilter? = nil,
        isIndexed: Bool = true,
        isShared: Bool = false,
        sharing shared: SharedLedger? = nil,
        original: Original? = nil
    ) {
        self.replies = Mutex(replies)
        self.shared = shared
        self.original = original
        let order = Order(isIndexed)
        self.order = order
        self.path = path
        self.pool = pool
        self.pass = pass
        self.reserve = reserve
        let lack = Lack()
        self.lack = lack
        @Sendable func write(_ entries: [PackedEntry]) throws {
            do {
                try pool.write { database in
                    let writer = LedgerWriter(
                        database: database,
                        pass: pass,
                        isIndexed: order.isIndexed.load(ordering: .acquiring),
                        isShared: isShared
                    )
                    for entry in entries { try writer.write(entry) }
                }
            } catch { throw LedgerProblem(error, path: path) }
        }
        committer = Committer { entries in
            do {
                try write(entries)
            } catch let problem as LedgerProblem where [.full, .other].contains(problem.code) {
                // A full quota, and a disk that is found full only later, come as errors of input and output.
                guard reserve?.release() == true else { throw problem }
                try write(entries)
                lack.problem.withLock { $0 = problem.code == .full ? problem : .diskFull(path) }
            }
        }
    }

    /// Makes entries durable; all of them or none.
    ///
    /// Replies and results of programs then reach the shared ledger as well.
    ///
    /// - Throws: ``LedgerProblem``.
    package func commit(_ entries: [LedgerEntry]) async throws {
        // Packed here, where many can, and not where one writes for all.
        let packed = entries.map(PackedEntry.init)
        try await commit(packed)
        // Not before: what was paid for is on the ledger of who paid, whatever happens in between.
        try await shared?.deposit(packed)
    }

    /// The same on this ledger alone.
    func commit(_ entries: [PackedEntry]) async throws {
        replies.withLock { filter in
            for case .call(let call) in entries.lazy.map(\.entry) { filter?.insert(call.key) }
        }
        try await committer.commit(entries)
    }

    /// Lets rows be found by their keys from now on; see ``LedgerIndexes``.
    func makeIndexes() throws {
        guard !order.isIndexed.load(ordering: .acquiring) else { return }
        try LedgerIndexes.make(in: pool)
        order.isIndexed.store(true, ordering: .releasing)
    }

    /// The same where there is room for it: without them rows are found as well, only later.
    func tryIndexes() throws {
        do {
            try makeIndexes()
        } catch let error as DatabaseError where [.SQLITE_FULL, .SQLITE_IOERR].contains(error.resultCode) {
            return
        }
    }

    /// Whether a reply may be here; false is certain.
    func mayHold(_ key: ItemKey) -> Bool { replies.withLock { $0?.mayContain(key) } ?? true }

    /// Numbers the stages of a plan; a stage with a known digest keeps its number.
    package func number(_ stages: [StageRecord]) throws(LedgerProblem) -> [Int] {
        try Self.wrapping(path) {
            try pool.write { database in
                try stages.map { stage in
                    try database.execute(
                        sql: """
                            INSERT INTO stage (digest, name, verb, plugin, version) VALUES (?, ?, ?, ?, ?)
                            ON CONFLICT (digest) DO UPDATE SET name = excluded.name
                            """,
                        arguments: [
                            Data(stage.digest.bytes), stage.name, stage.verb, stage.plugin, stage.version,
                        ]
                    )
                    return try Int.fetchOne(
                        database,
                        sql: "SELECT id FROM stage WHERE digest = ?",
                        arguments: [Data(stage.digest.bytes)]
                    ) ?? 0
                }
            }
        }
    }

    /// Whether the write-ahead log cannot be emptied just now, which harms nobody.
    static func isPassing(_ error: DatabaseError) -> Bool {
        [.SQLITE_FULL, .SQLITE_BUSY, .SQLITE_LOCKED].contains(error.resultCode)
    }

    /// Books how the pass ended: `done`, `interrupted`, `drained`, `budget`, `skipped`, `failed`; and empties the write-ahead log.
    package func end(state: String, now: Double) throws(LedgerProblem) {
        try Self.wrapping(path) {
            try tryIndexes()
            try pool.write { database in
                try database.execute(
                    sql: "UPDATE pass SET state = ?, ended = ? WHERE id = ?",
                    arguments: [state, now, pass]
                )
            }
            reserve?.release()
            // Without room for it, or while somebody reads, everything stands in the log as well as it would in the file.
            try pool.writeWithoutTransaction { database in
                do {
                    _ = try database.checkpoint(.truncate)
                } catch let error as DatabaseError where Ledger.isPassing(error) {
                    return
                }
            }
        }
    }

    /// Forgets the pairs and files of earlier passes, once those of this one are made.
    package func forgetDerived() throws(LedgerProblem) {
        try Self.wrapping(path) {
            try pool.write { database in
                try database.execute(sql: "DELETE FROM pair WHERE pass < ?", arguments: [pass])
                try database.execute(sql: "DELETE FROM file WHERE pass < ?", arguments: [pass])
            }
        }
    }

    /// What SQLite and our own rules find wrong; empty for a sound ledger.
    package func faults() throws(LedgerProblem) -> [String] {
        try Self.wrapping(path) {
            try pool.read { database in
                let integrity = try String.fetchAll(database, sql: "PRAGMA integrity_check")
                let rules = [
                    (
                        "edges without an item",
                        "SELECT count(*) FROM edge WHERE item NOT IN (SELECT key FROM item)"
                    ),
                    (
                        "traces of calls that are not there",
                        "SELECT count(*) FROM trace WHERE kind = 0 AND key NOT IN (SELECT key FROM call)"
                    ),
                    (
                        "traces of executions that are not there",
                        "SELECT count(*) FROM trace WHERE kind = 1 AND key NOT IN (SELECT key FROM execution)"
                    ),
                ]
                return try integrity.filter { $0 != "ok" }
                    + rules.compactMap { name, sql in
                        let count = try Int.fetchOne(database, sql: sql) ?? 0
                        return count == 0 ? nil : "\(count) \(name)"
                    }
            }
        }
    }
}
