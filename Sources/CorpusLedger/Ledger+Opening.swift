package import CorpusModel
import Foundation
import GRDB

extension Ledger {
    /// Opens the ledger for a new pass of a run, making it when it is not there.
    ///
    /// - Parameters:
    ///   - path: The file; its folder must exist and be locked by a ``RunLock``.
    ///   - name: The recipe's name.
    ///   - recipe: The recipe's text, kept as evidence.
    ///   - plan: The plan as JSON: what ``report`` needs to know of the graph.
    ///   - product: The program's version.
    ///   - now: Seconds since 1970.
    ///   - shared: What other runs have bought; this one's earlier purchases are brought there first.
    /// - Returns: The ledger, with a new pass begun.
    /// - Throws: ``LedgerProblem``.
    package static func begin(
        path: String,
        name: String,
        recipe: String,
        plan: JSONValue,
        product: String,
        now: Double,
        sharing shared: SharedLedger? = nil
    ) throws(LedgerProblem) -> Ledger {
        try wrapping(path) {
            try LedgerFile(path: path).refuseLoss()
            let pool = try openPool(path, readOnly: false)
            guard try pool.read(isShared) != true else { throw LedgerProblem.shared(path) }
            try shared?.takeMissing(from: path)
            let reserve = try LedgerReserve(beside: path)
            let pass = try pool.write {
                try beginPass(name: name, recipe: recipe, plan: plan, product: product, now: now, in: $0)
            }
            // What an earlier pass wrote is going to be asked for.
            if try pool.read({ try Int.fetchOne($0, sql: "SELECT 1 FROM item LIMIT 1") != nil }) {
                try LedgerIndexes.make(in: pool)
            }
            return Ledger(
                path: path,
                pool: pool,
                pass: pass,
                reserve: reserve,
                replies: try pool.read(knownReplies),
                isIndexed: try pool.read { try LedgerIndexes.exist(in: $0) },
                sharing: shared
            )
        }
    }

    /// Opens an existing ledger to look at it.
    ///
    /// - Throws: ``LedgerProblem``, with `ledger-missing` when there is none.
    package static func read(path: String) throws(LedgerProblem) -> Ledger {
        guard FileManager.default.fileExists(atPath: path) else { throw LedgerProblem.noLedger(at: path) }
        return try wrapping(path) {
            try LedgerFile(path: path).refuseBlank()
            return Ledger(path: path, pool: try openPool(path, readOnly: true), pass: 0)
        }
    }

    /// Makes what rows are found by, where a pass was killed before anybody needed it: readers would search all rows for each.
    ///
    /// Nothing happens while somebody works in the folder, or where nothing may be written.
    ///
    /// - Parameter path: The file, in the folder of its run.
    package static func sort(path: String) {
        guard FileManager.default.isWritableFile(atPath: path), let ledger = try? read(path: path),
            (try? ledger.pool.read(LedgerIndexes.exist)) == false,
            let lock = try? RunLock(folder: (path as NSString).deletingLastPathComponent)
        else { return }
        withExtendedLifetime(lock) { _ = try? maintain(path: path) }
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
            guard let pass else { throw LedgerProblem.noRun(in: path) }
            try LedgerIndexes.make(in: pool)
            let isShared = try pool.read(isShared) == true
            return Ledger(path: path, pool: pool, pass: pass, isShared: isShared)
        }
    }

    // MARK: - Parts

    /// Writes a new pass down and gives its number.
    static func beginPass(
        name: String,
        recipe: String,
        plan: JSONValue,
        product: String,
        state: String = "running",
        now: Double,
        in database: Database
    ) throws -> Int {
        try database.execute(
            sql: "INSERT INTO pass (recipe, name, product, plan, state, started) VALUES (?, ?, ?, ?, ?, ?)",
            arguments: [recipe, name, product, plan.canonical, state, now]
        )
        return Int(database.lastInsertedRowID)
    }

    /// Whether a file is a shared ledger; nil when nobody has worked with it yet.
    static func isShared(_ database: Database) throws -> Bool? {
        try String.fetchOne(database, sql: "SELECT state FROM pass ORDER BY id LIMIT 1").map {
            $0 == SharedLedger.state
        }
    }

    /// Takes note of every reply that is there.
    static func knownReplies(_ database: Database) throws -> KeyFilter {
        var replies = KeyFilter()
        let keys = try Data.fetchCursor(database, sql: "SELECT key FROM call")
        while let key = try keys.next() { replies.insert(ItemKey(data: key)) }
        return replies
    }

    /// The writer's pages in memory: keys are digests, so that rows go anywhere, and what is not at hand is read again.
    static let cacheKibibytes = 32 << 10

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

    /// Opens the file, to read also where SQLite cannot keep count of who reads: one that no log lies beside is whole as it
    /// is.
    private static func pool(_ path: String, _ configuration: Configuration) throws -> DatabasePool {
        do {
            let pool = try DatabasePool(path: path, configuration: configuration)
            if configuration.readonly {
                _ = try pool.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM sqlite_master") }
            }
            return pool
        } catch let error as DatabaseError
            where configuration.readonly && isOfFolder(error)
            && FileManager.default.isReadableFile(atPath: path)
            && !FileManager.default.hasContent(atPath: path + "-wal")
            && !FileManager.default.fileExists(atPath: path + "-journal")
        {
            return try DatabasePool(path: address(of: path, "immutable=1"), configuration: configuration)
        }
    }

    static func openPool(_ path: String, readOnly: Bool) throws -> DatabasePool {
        var configuration = Configuration()
        configuration.readonly = readOnly
        configuration.busyMode = .timeout(5)
        configuration.maximumReaderCount = 4
        configuration.label = "corpusmith"
        let pool = try pool(path, configuration)
        let (application, version, tables) = try pool.read { database in
            (
                try Int.fetchOne(database, sql: "PRAGMA application_id") ?? 0,
                try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0,
                try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_master") ?? 0
            )
        }
        if application == 0, version == 0, tables == 0 {
            // Whoever made it was killed before there was anything in it.
            guard !readOnly else { throw LedgerProblem.blank(path) }
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
