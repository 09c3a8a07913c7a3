package import CorpusModel
import Foundation
import GRDB

/// The ledger of a shard, as far as a merge needs to know it.
package struct ShardLedger: Sendable {
    /// One start of the shard.
    struct Pass: Sendable, Hashable {
        var id: Int
        var started: Double
        var state: String
    }

    /// The state in which a shard ends that has done its part.
    package static let done = "done (shard)"

    /// The file.
    package let path: String
    /// Which part of the seeds, from 1, and of how many.
    package let index: Int
    package let count: Int
    /// The name of its recipe.
    package let name: String
    /// The recipe's text, the plan and the state of the last pass.
    package let recipe: String
    package let plan: JSONValue
    package let state: String
    /// When it began last, in seconds since 1970.
    package let started: Double
    let passes: [Pass]

    /// `2/3`.
    package var label: String { "\(index)/\(count)" }

    /// Whether it has done all that a shard can do.
    package var isDone: Bool { state == Self.done }

    /// Looks at a shard's ledger.
    ///
    /// - Returns: Nil when the shard has not begun.
    /// - Throws: ``LedgerProblem``, with `ledger-foreign` for what is no shard's.
    package static func read(_ path: String) throws(LedgerProblem) -> ShardLedger? {
        try begun { () throws(LedgerProblem) in try Ledger.read(path: path).shard() }
    }

    /// The same, and brings it up to date if an earlier program wrote it.
    ///
    /// - Parameter path: The file; its folder must be locked by a ``RunLock``.
    /// - Returns: Nil when the shard has not begun.
    /// - Throws: ``LedgerProblem``.
    static func prepare(_ path: String) throws(LedgerProblem) -> ShardLedger? {
        try begun { () throws(LedgerProblem) in try Ledger.maintain(path: path).shard() }
    }

    /// Nil for a ledger whose maker was killed before it began.
    private static func begun(
        _ look: () throws(LedgerProblem) -> ShardLedger?
    ) throws(LedgerProblem) -> ShardLedger? {
        do throws(LedgerProblem) {
            return try look()
        } catch {
            guard error.code == .missing || error.isBlank else { throw error }
            return nil
        }
    }
}

extension Ledger {
    /// What a shard's ledger says of itself.
    fileprivate func shard() throws(LedgerProblem) -> ShardLedger? {
        try Self.wrapping(path) {
            try pool.read { database in
                let rows = try Row.fetchAll(
                    database,
                    sql: "SELECT id, name, started, state, recipe, plan FROM pass ORDER BY id"
                )
                guard let last = rows.last else { return nil }
                let plan = try JSONValue(parsing: last["plan"] as String)
                guard let index = plan["shard"]?["index"]?.whole, let count = plan["shard"]?["count"]?.whole,
                    index >= 1, count >= index
                else {
                    throw LedgerProblem(
                        .foreign,
                        "`\(path)` is not the ledger of a shard",
                        hint: "move it out of the folder of shards: `run --shard` makes what belongs there"
                    )
                }
                return ShardLedger(
                    path: path,
                    index: index,
                    count: count,
                    name: last["name"],
                    recipe: last["recipe"],
                    plan: plan,
                    state: last["state"],
                    started: last["started"],
                    passes: rows.map {
                        ShardLedger.Pass(id: $0["id"], started: $0["started"], state: $0["state"])
                    }
                )
            }
        }
    }
}

/// A shard's pass, by which it is known again on the run's ledger.
struct MergedPass: Sendable, Hashable {
    var shard: String
    var pass: Int
    var started: Double

    init(_ pass: ShardLedger.Pass, of shard: ShardLedger) {
        (self.shard, self.pass, started) = (shard.label, pass.id, pass.started)
    }

    /// Reads it from a pass of the run's ledger; nil for one of its own.
    init?(plan: JSONValue, started: Double) {
        guard let shard = plan["merged"]?["shard"]?.text, let pass = plan["merged"]?["pass"]?.whole else {
            return nil
        }
        (self.shard, self.pass, self.started) = (shard, pass, started)
    }

    /// What a run's ledger has of a shard's pass.
    struct Booking {
        /// Its number there.
        var own: Int
        /// Whether a merge has brought over all that there was.
        var isTaken: Bool
        /// How the pass had ended then; nil where an earlier program merged it.
        var state: String?

        /// Whether nothing can have come since: a pass may have been copied while it was at work.
        func isWhole(_ pass: ShardLedger.Pass) -> Bool { isTaken && state ?? pass.state == pass.state }
    }

    /// What stands in the plan of the run's pass.
    var json: JSONValue { ["shard": .string(shard), "pass": .int(pass)] }
}

extension Ledger {
    /// Passes of shards that a run's ledger has.
    static func mergedPasses(_ database: Database) throws -> [MergedPass: MergedPass.Booking] {
        let rows = try Row.fetchCursor(
            database,
            sql: "SELECT id, started, state, plan FROM pass WHERE json_extract(plan, '$.merged') IS NOT NULL"
        )
        var passes: [MergedPass: MergedPass.Booking] = [:]
        while let row = try rows.next() {
            let plan = try JSONValue(parsing: row["plan"] as String)
            guard let merged = MergedPass(plan: plan, started: row["started"]) else { continue }
            passes[merged] = MergedPass.Booking(
                own: row["id"],
                isTaken: row["state"] != LedgerMerge.state,
                state: plan["merged"]?["state"]?.text
            )
        }
        return passes
    }

    /// Those of some shards of which a run's ledger does not have all.
    ///
    /// - Parameters:
    ///   - path: The run's ledger; it need not be there.
    ///   - shards: Shards.
    /// - Returns: The shards that have worked since they were merged last, or were never merged.
    /// - Throws: ``LedgerProblem``.
    package static func lacking(
        _ path: String,
        of shards: [ShardLedger]
    ) throws(LedgerProblem) -> [ShardLedger] {
        try merged(path, shards).filter { $0.passes < $0.shard.passes.count }.map(\.shard)
    }

    /// Those of some shards of which a run's ledger has nothing.
    package static func missing(
        _ path: String,
        of shards: [ShardLedger]
    ) throws(LedgerProblem) -> [ShardLedger] {
        try merged(path, shards).filter { $0.passes == 0 }.map(\.shard)
    }

    /// How many passes of each shard a run's ledger has whole.
    private static func merged(
        _ path: String,
        _ shards: [ShardLedger]
    ) throws(LedgerProblem) -> [(shard: ShardLedger, passes: Int)] {
        guard !shards.isEmpty else { return [] }
        let none = shards.map { ($0, 0) }
        let ledger: Ledger
        do throws(LedgerProblem) {
            ledger = try read(path: path)
        } catch {
            // A merge would have made it, or brought it up to date.
            guard error.code == .older || error.code == .missing || error.isBlank else { throw error }
            return none
        }
        return try wrapping(path) {
            let merged = try ledger.pool.read(mergedPasses)
            return shards.map { shard in
                (shard, shard.passes.count { merged[MergedPass($0, of: shard)]?.isWhole($0) ?? false })
            }
        }
    }
}
