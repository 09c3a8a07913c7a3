package import CorpusModel
import Foundation
import GRDB
import Synchronization

extension Ledger {
    /// Where a copy comes from, and what it lies in.
    final class Original: Sendable {
        /// As SQLite attaches it.
        let address: String
        let folder: RehearsalFolder
        /// The last row of `item` that comes from there; those after it are of the rehearsal.
        let lastItem: Int
        /// Whether drafts are found by what they say; see ``Ledger/precedent(ofStage:content:)``.
        let isSortedBySample = Atomic(false)

        init(address: String, folder: RehearsalFolder, lastItem: Int) {
            (self.address, self.folder, self.lastItem) = (address, folder, lastItem)
        }
    }

    /// Tables that are mostly large bodies: a rehearsal reads them where they are.
    private static let heavyTables = ["call", "execution"]

    /// Whether a ledger was begun at a path; a file that nothing was written to yet is none.
    package static func isBegun(path: String) -> Bool {
        FileManager.default.hasContent(atPath: path) || FileManager.default.hasContent(atPath: path + "-wal")
    }

    /// Begins a pass on a copy of a ledger, to find out what the next one would do.
    ///
    /// The copy has every table but those with the large bodies. These are read from the ledger itself, which is attached
    /// read-only to each connection: a name that the copy lacks means the table there. Nothing is written to the ledger
    /// and none of its locks is held for longer than a look, so that a run may be at work on it.
    ///
    /// - Parameters:
    ///   - path: The ledger; nil when there is none yet.
    ///   - folder: Where the copy is made; without it nothing of the rehearsal is left.
    ///   - shared: Where else to look for replies and results.
    ///   - name: The recipe's name.
    ///   - recipe: The recipe's text.
    ///   - plan: The plan as JSON.
    ///   - product: The program's version.
    ///   - now: Seconds since 1970.
    /// - Returns: The copy, with a new pass begun. Replies and results cannot be written to it.
    /// - Throws: ``LedgerProblem``, as ``read(path:)`` does, and `disk-full` when there is no room for the copy.
    package static func rehearse(
        path: String?,
        in folder: RehearsalFolder,
        sharing shared: SharedLedger? = nil,
        name: String,
        recipe: String,
        plan: JSONValue,
        product: String,
        now: Double
    ) throws(LedgerProblem) -> Ledger {
        let path = if let path { path } else { try blank(in: folder) }
        guard FileManager.default.fileExists(atPath: path) else { throw LedgerProblem.noLedger(at: path) }
        return try wrapping(path) {
            try LedgerFile(path: path).refuseLoss()
            let copy = folder.path + "/ledger.sqlite"
            let address = try copyTables(of: path, to: copy)
            let pool = try rehearsalPool(copy, over: address)
            // A ledger whose first pass was killed has none.
            try LedgerIndexes.make(in: pool)
            let (pass, lastItem) = try pool.write { database in
                try noteFailures(in: database)
                let last = try Int.fetchOne(database, sql: "SELECT max(rowid) FROM item") ?? 0
                let pass = try beginPass(
                    name: name,
                    recipe: recipe,
                    plan: plan,
                    product: product,
                    now: now,
                    in: database
                )
                return (pass, last)
            }
            return Ledger(
                path: path,
                pool: pool,
                pass: pass,
                reserve: nil,
                replies: nil,
                isIndexed: true,
                sharing: shared,
                original: Original(address: address, folder: folder, lastItem: lastItem)
            )
        }
    }

    /// Makes a ledger with nothing on it.
    private static func blank(in folder: RehearsalFolder) throws(LedgerProblem) -> String {
        let path = folder.path + "/blank.sqlite"
        try wrapping(path) { try openPool(path, readOnly: false).close() }
        return path
    }

    /// Keeps the units that had failed: what comes of them now takes their place.
    private static func noteFailures(in database: Database) throws {
        try database.execute(
            sql: """
                CREATE TABLE former_failure (item BLOB PRIMARY KEY) WITHOUT ROWID;
                INSERT INTO former_failure SELECT key FROM item
                    WHERE state = \(ItemState.failed.rawValue) AND part = 0 AND input IS NOT NULL
                """
        )
    }

    private static func copyTables(of path: String, to copy: String) throws -> String {
        var configuration = Configuration()
        // What is copied as it is need not be checked, and then records are moved whole.
        configuration.foreignKeysEnabled = false
        configuration.busyMode = .timeout(5)
        configuration.label = "corpusmith.rehearsal"
        let queue = try DatabaseQueue(path: copy, configuration: configuration)
        defer { try? queue.close() }
        return try queue.writeWithoutTransaction { database in
            // A copy that is not finished is of no use to anybody.
            try database.execute(sql: "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF")
            let address = try attach(path, to: database)
            let problem = objection(
                application: try Int.fetchOne(database, sql: "PRAGMA original.application_id") ?? 0,
                version: try Int.fetchOne(database, sql: "PRAGMA original.user_version") ?? 0,
                path
            )
            if let problem { throw problem }
            try database.inTransaction {
                try copyTables(in: database)
                return .commit
            }
            return address
        }
    }

    private static func copyTables(in database: Database) throws {
        let heavy = heavyTables.map { "'\($0)'" }.joined(separator: ", ")
        let rows = try Row.fetchAll(
            database,
            sql: """
                SELECT type, name, sql FROM original.sqlite_schema
                WHERE type IN ('table', 'index') AND sql IS NOT NULL AND tbl_name NOT IN (\(heavy))
                    AND name NOT LIKE 'sqlite~_%' ESCAPE '~'
                ORDER BY type DESC, name
                """
        )
        // With the indexes there from the beginning, their entries are moved too.
        for row in rows { try database.execute(sql: row["sql"]) }
        for row in rows where row["type"] == "table" {
            let table = (row["name"] as String).quotedDatabaseIdentifier
            try database.execute(sql: "INSERT INTO main.\(table) SELECT * FROM original.\(table)")
        }
    }

    private static func rehearsalPool(_ copy: String, over address: String) throws -> DatabasePool {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = false
        configuration.busyMode = .timeout(5)
        configuration.maximumReaderCount = 4
        configuration.label = "corpusmith.rehearsal"
        configuration.prepareDatabase { database in
            // The writer needs no reply; so it cannot write one either.
            guard database.configuration.readonly else { return }
            try database.execute(sql: "ATTACH ? AS original", arguments: [address])
        }
        let pool = try DatabasePool(path: copy, configuration: configuration)
        try pool.writeWithoutTransaction {
            try $0.execute(sql: "PRAGMA synchronous = OFF; PRAGMA cache_size = -\(cacheKibibytes)")
        }
        return pool
    }

    /// Attaches the ledger as `original`, to be read only.
    ///
    /// - Returns: The address it was attached under.
    private static func attach(_ path: String, to database: Database) throws -> String {
        let address = Self.address(of: path, "mode=ro")
        do {
            try attach(address: address, to: database)
            return address
        } catch let error as DatabaseError
            where Self.isOfFolder(error) && !FileManager.default.hasContent(atPath: path + "-wal")
        {
            // Where nothing can be written SQLite cannot keep count of who reads a ledger. One that no log lies beside is
            // whole as it is.
            try? database.execute(sql: "DETACH original")
            let fixed = Self.address(of: path, "immutable=1")
            try attach(address: fixed, to: database)
            return fixed
        }
    }

    /// Whether a folder may be to blame in which nothing can be written: it is read-only, or its disk is full.
    static func isOfFolder(_ error: DatabaseError) -> Bool {
        [.SQLITE_CANTOPEN, .SQLITE_READONLY, .SQLITE_IOERR, .SQLITE_FULL].contains(error.resultCode)
    }

    private static func attach(address: String, to database: Database) throws {
        try database.execute(sql: "ATTACH ? AS original", arguments: [address])
        // Opened only when something is looked for.
        _ = try Int.fetchOne(database, sql: "SELECT count(*) FROM original.sqlite_schema")
    }

    static func address(of path: String, _ query: String) -> String {
        let absolute = URL(fileURLWithPath: path).path
        let plain = CharacterSet(charactersIn: "/-._~").union(.alphanumerics).intersection(
            .init(charactersIn: "\0"..."~")
        )
        return "file:\(absolute.addingPercentEncoding(withAllowedCharacters: plain) ?? absolute)?\(query)"
    }
}

extension FileManager {
    func hasContent(atPath path: String) -> Bool {
        let size = (try? attributesOfItem(atPath: path))?[.size] as? Int
        return (size ?? 0) > 0
    }
}
