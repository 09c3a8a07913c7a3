package import CorpusModel
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
    private let committer: Committer
    /// The number of the pass that this process makes; 0 when it only reads.
    package let pass: Int
    private let reserve: LedgerReserve?
    private let lack: Lack
    private let order: Order
    /// Which replies may be here; nil where nothing is written.
    private let replies: Mutex<KeyFilter?>
    /// The ledger that this is a copy of to rehearse a pass on; nil when it is none.
    let original: Original?

    /// Why the disk can take nothing more than what is in flight, once it is so.
    package var shortage: LedgerProblem? { lack.problem.withLock { $0 } }

    /// Whether rows are found by their keys yet; changed and used by whoever writes.
    private final class Order: Sendable {
        let isIndexed: Atomic<Bool>
        init(_ isIndexed: Bool) { self.isIndexed = Atomic(isIndexed) }
    }

    private final class Lack: Sendable {
        let problem = Mutex<LedgerProblem?>(nil)
    }

    /// Opens the ledger for a new pass of a run, making it when it is not there.
    ///
    /// - Parameters:
    ///   - path: The file; its folder must exist and be locked by a ``RunLock``.
    ///   - name: The recipe's name.
    ///   - recipe: The recipe's text, kept as evidence.
    ///   - plan: The plan as JSON: what ``report`` needs to know of the graph.
    ///   - product: The program's version.
    ///   - now: Seconds since 1970.
    /// - Returns: The ledger, with a new pass begun.
    /// - Throws: ``LedgerProblem``.
    package static func begin(
        path: String,
        name: String,
        recipe: String,
        plan: JSONValue,
        product: String,
        now: Double
    ) throws(LedgerProblem) -> Ledger {
        try wrapping(path) {
            try LedgerFile(path: path).refuseLoss()
            let pool = try openPool(path, readOnly: false)
            let reserve = try LedgerReserve(beside: path)
            let pass = try pool.write {
                try beginPass(name: name, recipe: recipe, plan: plan, product: product, now: now, in: $0)
            }
            var replies = KeyFilter()
            // What an earlier pass wrote is going to be asked for.
            if try pool.read({ try Int.fetchOne($0, sql: "SELECT 1 FROM item LIMIT 1") != nil }) {
                try LedgerIndexes.make(in: pool)
            }
            let isIndexed = try pool.read { try LedgerIndexes.exist(in: $0) }
            try pool.read { database in
                let keys = try Data.fetchCursor(database, sql: "SELECT key FROM call")
                while let key = try keys.next() { replies.insert(ItemKey(data: key)) }
            }
            return Ledger(
                path: path,
                pool: pool,
                pass: pass,
                reserve: reserve,
                replies: replies,
                isIndexed: isIndexed
            )
        }
    }

    /// Writes a new pass down and gives its number.
    static func beginPass(
        name: String,
        recipe: String,
        plan: JSONValue,
        product: String,
        now: Double,
        in database: Database
    ) throws -> Int {
        try database.execute(
            sql: """
                INSERT INTO pass (recipe, name, product, plan, state, started)
                VALUES (?, ?, ?, ?, 'running', ?)
                """,
            arguments: [recipe, name, product, plan.canonical, now]
        )
        return Int(database.lastInsertedRowID)
    }

    /// Opens an existing ledger to look at it.
    ///
    /// - Throws: ``LedgerProblem``, with `ledger-missing` when there is none.
    package static func read(path: String) throws(LedgerProblem) -> Ledger {
        guard FileManager.default.fileExists(atPath: path) else { throw LedgerProblem.noLedger(at: path) }
        return try wrapping(path) {
            Ledger(
                path: path,
                pool: try openPool(path, readOnly: true),
                pass: 0,
                reserve: nil,
                replies: nil,
                isIndexed: true
            )
        }
    }

    /// Opens an existing ledger to change it without a pass; what is written counts as written by the last one.
    ///
    /// - Parameter path: The file; its folder must be locked by a ``RunLock``.
    /// - Returns: The ledger, brought up to date if an older program wrote it.
    /// - Throws: ``LedgerProblem``, with `ledger-missing` when there is none.
    package static func maintain(path: String) throws(LedgerProblem) -> Ledger {
        // An empty file would be made a ledger of.
        do { _ = try read(path: path) } catch { guard error.code == .older else { throw error } }
        return try wrapping(path) {
            try LedgerFile(path: path).refuseLoss()
            let pool = try openPool(path, readOnly: false)
            let pass = try pool.read { try Int.fetchOne($0, sql: "SELECT max(id) FROM pass") }
            guard let pass else { throw LedgerProblem(.missing, "the ledger `\(path)` holds no run") }
            try LedgerIndexes.make(in: pool)
            return Ledger(path: path, pool: pool, pass: pass, reserve: nil, replies: nil, isIndexed: true)
        }
    }

    init(
        path: String,
        pool: DatabasePool,
        pass: Int,
        reserve: LedgerReserve?,
        replies: KeyFilter?,
        isIndexed: Bool,
        original: Original? = nil
    ) {
        self.replies = Mutex(replies)
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
                        isIndexed: order.isIndexed.load(ordering: .acquiring)
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
    /// - Throws: ``LedgerProblem``.
    package func commit(_ entries: [LedgerEntry]) async throws {
        for case .call(let call) in entries { replies.withLock { $0?.insert(call.key) } }
        // Packed here, where many can, and not where one writes for all.
        try await committer.commit(entries.map(PackedEntry.init))
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
            // Without room for it everything stands in the log as well as it would in the file.
            try pool.writeWithoutTransaction { database in
                do {
                    _ = try database.checkpoint(.truncate)
                } catch let error as DatabaseError where error.resultCode == .SQLITE_FULL {
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

    // MARK: - Opening

    /// The writer's pages in memory: keys are digests, so that rows go anywhere, and what is not at hand is read again.
    static let cacheKibibytes = 48 << 10

    static func wrapping<Value>(_ path: String, _ body: () throws -> Value) throws(LedgerProblem) -> Value {
        do {
            return try body()
        } catch let problem as LedgerProblem {
            throw problem
        } catch {
            throw LedgerProblem(error, path: path)
        }
    }

    /// Why a file is no ledger that this program can read as it is, if so: `ledger-foreign`, `ledger-newer` or
    /// `ledger-older`.
    static func objection(application: Int, version: Int, _ path: String) -> LedgerProblem? {
        guard application == LedgerSchema.applicationID else {
            return LedgerProblem(
                .foreign,
                "`\(path)` is no ledger",
                hint: "move it away: a run makes its own"
            )
        }
        guard version <= LedgerSchema.version else {
            return LedgerProblem(
                .future,
                "the ledger `\(path)` has schema \(version); this program knows \(LedgerSchema.version)",
                hint: "use the newer corpusmith that wrote it"
            )
        }
        guard version < LedgerSchema.version else { return nil }
        return LedgerProblem(
            .older,
            "the ledger `\(path)` has schema \(version); this program reads \(LedgerSchema.version)",
            hint: "run its recipe again: that brings the ledger up to date and keeps everything on it"
        )
    }

    private static func openPool(_ path: String, readOnly: Bool) throws -> DatabasePool {
        var configuration = Configuration()
        configuration.readonly = readOnly
        configuration.busyMode = .timeout(5)
        configuration.maximumReaderCount = 4
        configuration.label = "corpusmith"
        let pool = try DatabasePool(path: path, configuration: configuration)
        let (application, version, tables) = try pool.read { database in
            (
                try Int.fetchOne(database, sql: "PRAGMA application_id") ?? 0,
                try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0,
                try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_master") ?? 0
            )
        }
        if application == 0, version == 0, tables == 0, !readOnly {
            try pool.write { try LedgerSchema.create($0) }
        } else if let problem = objection(application: application, version: version, path) {
            guard problem.code == .older, !readOnly else { throw problem }
            try pool.write { try LedgerSchema.upgrade($0, from: version) }
        }
        if !readOnly {
            // The pool sets NORMAL itself after its own set-up, so FULL is set here and read back.
            let level = try pool.writeWithoutTransaction { database -> Int? in
                try database.execute(
                    sql: """
                        PRAGMA synchronous = FULL;
                        PRAGMA cache_size = -\(Self.cacheKibibytes)
                        """
                )
                return try Int.fetchOne(database, sql: "PRAGMA synchronous")
            }
            guard level == 2 else {
                throw LedgerProblem(.other, "SQLite refuses `synchronous=FULL` for `\(path)`")
            }
        }
        return pool
    }
}
