package import CorpusModel
import CorpusText
import Foundation
import GRDB

/// Joins the ledgers of shards into that of their run.
///
/// Everything has the key that it would have there, and what is there stays: the first writer wins. Nothing of a shard's
/// ledger is changed. What was killed in the middle goes on when it is done again: rows of one unit come together, and a
/// shard counts as merged when the last of its rows is here.
package final class LedgerMerge {
    /// The state of passes, the merge's and those of shards, while not all of them is here.
    static let state = "merging"
    /// The state of the merge's pass in the end.
    package static let done = "merged"

    /// What a shard brought.
    package struct Take: Sendable, Hashable {
        package var calls = 0
        /// Replies that were paid for here as well.
        package var boughtTwice = 0
        package var executions = 0
        package var units = 0
        /// Seeds whose work was left out: here the model said something else to what it was asked for them.
        package var refusedSeeds = 0

        package init() {}
    }

    /// What the run's ledger is about.
    package struct Subject {
        package var name: String
        package var recipe: String
        package var plan: JSONValue

        package init(name: String, recipe: String, plan: JSONValue) {
            self.name = name
            self.recipe = recipe
            self.plan = plan
        }
    }

    /// Tells passes of the run and of merges from those of shards.
    private static let isOwn = "json_extract(plan, '$.merged') IS NULL"

    let path: String
    let pool: DatabasePool
    let subject: Subject
    private let product: String
    private let now: Double
    private let portion: Int
    /// The number of the merge's pass, once it has begun.
    private(set) var pass = 0

    /// Opens the run's ledger, making it when it is not there.
    ///
    /// - Parameters:
    ///   - path: The file; its folder must exist and be locked by a ``RunLock``.
    ///   - subject: The recipe, by whose plan the report after the merge counts.
    ///   - product: The program's version.
    ///   - now: Seconds since 1970.
    ///   - portion: How many of a shard's rows are looked at in one transaction.
    /// - Throws: ``LedgerProblem``.
    package init(
        into path: String,
        _ subject: Subject,
        product: String,
        now: Double,
        portion: Int = 2048
    ) throws(LedgerProblem) {
        (self.path, self.subject, self.product, self.now) = (path, subject, product, now)
        self.portion = portion
        pool = try Ledger.wrapping(path) {
            try LedgerFile(path: path).refuseLoss()
            let pool = try Ledger.openPool(path, readOnly: false)
            guard try pool.read(Ledger.isShared) != true else { throw LedgerProblem.shared(path) }
            try LedgerIndexes.make(in: pool)
            return pool
        }
    }

    /// Looks at a shard's ledger and brings it up to date if an earlier program wrote it.
    ///
    /// - Parameter path: The file; its folder must be locked by a ``RunLock``.
    /// - Returns: Nil when the shard has not begun.
    /// - Throws: ``LedgerProblem``.
    package static func prepare(_ path: String) throws(LedgerProblem) -> ShardLedger? {
        try ShardLedger.prepare(path)
    }

    /// Begins, or goes on with what was killed.
    ///
    /// - Parameter shards: All that are there, in the order in which they are to be taken.
    /// - Returns: Whether there is anything to do.
    /// - Throws: ``LedgerProblem``.
    package func begin(_ shards: [ShardLedger]) throws(LedgerProblem) -> Bool {
        try Ledger.wrapping(path) {
            try pool.write { database in
                let merged = try Ledger.mergedPasses(database)
                let missing = shards.map { shard in
                    (shard, shard.passes.filter { merged[MergedPass($0, of: shard)] == nil })
                }
                let isNew = missing.contains { !$0.1.isEmpty }
                let isPartial = shards.contains { shard in
                    shard.passes.contains { merged[MergedPass($0, of: shard)]?.isWhole($0) == false }
                }
                let killed = try Int.fetchOne(
                    database,
                    sql: """
                        SELECT id FROM pass WHERE id = (SELECT max(id) FROM pass) AND state = ? AND \(Self.isOwn)
                        """,
                    arguments: [Self.state]
                )
                guard isNew || isPartial || killed != nil else { return false }
                for (shard, passes) in missing {
                    for pass in passes { try insert(pass, of: shard, in: database) }
                }
                if !isNew, let killed {
                    pass = killed
                } else {
                    // A merge that was killed is told of by this one.
                    try database.execute(
                        sql: "UPDATE pass SET state = 'merged in part' WHERE state = ? AND \(Self.isOwn)",
                        arguments: [Self.state]
                    )
                    pass = try Ledger.beginPass(
                        name: subject.name,
                        recipe: subject.recipe,
                        plan: subject.plan,
                        product: product,
                        state: Self.state,
                        now: now,
                        in: database
                    )
                }
                return true
            }
        }
    }

    private func insert(_ pass: ShardLedger.Pass, of shard: ShardLedger, in database: Database) throws {
        var plan = shard.plan.members ?? [:]
        plan["merged"] = MergedPass(pass, of: shard).json
        _ = try Ledger.beginPass(
            name: shard.name,
            recipe: shard.recipe,
            plan: .object(plan),
            product: product,
            state: Self.state,
            now: pass.started,
            in: database
        )
    }

    /// Brings over all of a shard.
    ///
    /// - Returns: What was new.
    /// - Throws: ``LedgerProblem``.
    package func take(_ shard: ShardLedger) throws(LedgerProblem) -> Take {
        try Ledger.wrapping(path) {
            try pool.writeWithoutTransaction { database in
                // What is kept here for the time of a merge is small.
                try database.execute(sql: "PRAGMA temp_store = MEMORY")
                try database.execute(sql: "ATTACH DATABASE ? AS shard", arguments: [shard.path])
                defer { try? database.execute(sql: "DETACH DATABASE shard") }
                let rows = ShardRows(database: database, shard: shard, pass: pass, portion: portion)
                try rows.number(subject.plan, Ledger.mergedPasses(database))
                defer { try? rows.forget() }
                return try rows.take()
            }
        }
    }

    /// Books that all shards are merged.
    package func end() throws(LedgerProblem) {
        try Ledger.wrapping(path) {
            try pool.write { database in
                // The report counts what is there by the stages of the plan.
                for node in subject.plan["nodes"]?.elements ?? [] { try number(node, in: database) }
                try database.execute(
                    sql: "UPDATE pass SET state = ?, ended = ? WHERE id = ?",
                    arguments: [Self.done, now, pass]
                )
            }
            try pool.writeWithoutTransaction { database in
                do {
                    _ = try database.checkpoint(.truncate)
                } catch let error as DatabaseError where Ledger.isPassing(error) {
                    return
                }
            }
        }
    }

    private func number(_ node: JSONValue, in database: Database) throws {
        guard let digest = node["digest"]?.text, let name = node["name"]?.text,
            let verb = node["verb"]?.text,
            let plugin = node["plugin"]?.text, let version = node["version"]?.whole,
            let bytes = Data(hex: digest)
        else { return }
        try database.execute(
            sql: "INSERT OR IGNORE INTO stage (digest, name, verb, plugin, version) VALUES (?, ?, ?, ?, ?)",
            arguments: [bytes, name, verb, plugin, version]
        )
    }
}

extension Data {
    /// Reads an even number of hexadecimal digits.
    init?(hex: String) {
        let digits = hex.compactMap(\.hexDigitValue)
        guard digits.count == hex.count, digits.count.isMultiple(of: 2) else { return nil }
        self.init(stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) })
    }
}
