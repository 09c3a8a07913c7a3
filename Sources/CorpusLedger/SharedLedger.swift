package import CorpusModel
import Foundation
import GRDB
import Synchronization

/// A ledger file that the runs of a campaign share: replies and results of programs, and nothing that is one run's own.
///
/// It holds what others need not buy again. Who paid, how much, and what came of it stands on the ledgers of the runs:
/// this file can be lost without a loss, since each run brings back what it has bought when it begins again.
package final class SharedLedger: Sendable {
    /// The state of every pass of such a file, by which it is known.
    static let state = "shared"
    /// Where a reply came from that such a file had, in place of an endpoint.
    static let origin = "shared"

    /// The file.
    package var path: String { ledger.path }
    /// The file as a ledger.
    let ledger: Ledger
    private let lock: RunLock?
    private let isFilled: Bool
    /// Where to look for what is not here.
    private let next: SharedLedger?

    /// Opens the file to take from it and to fill it, making it when it is not there.
    ///
    /// - Parameters:
    ///   - path: The file; its folder must exist.
    ///   - name: The name of the recipe whose run it is.
    ///   - product: The program's version.
    ///   - now: Seconds since 1970.
    /// - Throws: ``LedgerProblem``, with `ledger-shared-busy` when another process works with it.
    package init(_ path: String, name: String, product: String, now: Double) throws(LedgerProblem) {
        let path = Self.place(of: path)
        let lock = try RunLock(ledger: path)
        self.lock = lock
        (isFilled, next) = (true, nil)
        ledger = try Self.inWords(path) { () throws(LedgerProblem) in
            try LedgerFile(path: path).refuseLoss(ofShared: lock.isMarked)
            let ledger = try Ledger.fill(shared: path, name: name, product: product, now: now)
            lock.mark()
            return ledger
        }
    }

    /// Opens the file to take from it alone, beside others who do the same.
    ///
    /// - Throws: ``LedgerProblem``, with `ledger-shared-busy` when another process fills it.
    package init(reading path: String) throws(LedgerProblem) {
        let path = Self.place(of: path)
        let lock = try RunLock(ledger: path, .together)
        self.lock = lock
        (isFilled, next) = (false, nil)
        ledger = try Self.inWords(path) { () throws(LedgerProblem) in
            try LedgerFile(path: path).refuseLoss(ofShared: lock.isMarked)
            return try Ledger.look(intoShared: path)
        }
    }

    /// Opens the file to look into it, whoever works with it meanwhile; nil when there is no such file, or nothing in it
    /// yet.
    ///
    /// - Parameter path: The file.
    /// - Throws: ``LedgerProblem``.
    package init?(lookingInto path: String) throws(LedgerProblem) {
        let path = Self.place(of: path)
        guard Ledger.isBegun(path: path) else { return nil }
        (lock, isFilled, next) = (nil, false, nil)
        do throws(LedgerProblem) {
            ledger = try Self.inWords(path) { () throws(LedgerProblem) in try Ledger.look(intoShared: path) }
        } catch {
            if error.isBlank { return nil }
            throw error
        }
    }

    /// Opens the ledger of the run that a shard belongs to, to take from it alone.
    ///
    /// - Parameters:
    ///   - path: The file; its folder must be locked by a ``RunLock``.
    ///   - next: Where to look for what is not there.
    /// - Throws: ``LedgerProblem``.
    package init(ofRun path: String, then next: SharedLedger?) throws(LedgerProblem) {
        (lock, isFilled, self.next) = (nil, false, next)
        ledger = try Ledger.look(intoRun: path)
    }

    /// Books that the run is over, and empties the write-ahead log.
    package func end(now: Double) throws(LedgerProblem) {
        guard isFilled else { return }
        try ledger.end(state: Self.state, now: now)
    }

    /// The file itself where a path is a link: files beside it are named after it.
    private static func place(of path: String) -> String {
        let isLink = (try? FileManager.default.destinationOfSymbolicLink(atPath: path)) != nil
        return isLink ? URL(fileURLWithPath: path).resolvingSymlinksInPath().path : path
    }

    /// Says what to do about a problem with such a file, which is less than with a run's own.
    private static func inWords<Value>(
        _ path: String,
        _ body: () throws(LedgerProblem) -> Value
    ) throws(LedgerProblem) -> Value {
        do throws(LedgerProblem) {
            return try body()
        } catch {
            if error.isBlank { throw error }
            let hint: String? =
                switch error.code {
                case .foreign:
                    "name another file under `ledger:` in the recipe; one that is not there is made"
                case .damaged:
                    "put a whole copy back, or remove `\(path)` and `\(RunLock.path(ofLedger: path))`: what its runs have bought is "
                        + "on their own ledgers too, and each brings it back when it runs again"
                case .denied: "check who owns the shared ledger and its folder"
                case .older: "run a recipe that shares it, without `--shard`: that brings it up to date"
                default: error.hint
                }
            throw LedgerProblem(error.code, error.description, hint: hint)
        }
    }

    // MARK: - Taking and giving

    /// A reply that somebody bought; nil also when its body was dropped.
    func call(_ key: ItemKey) throws(LedgerProblem) -> CallRecord? {
        if ledger.mayHold(key), let call = try ownCall(key) { return call }
        return try next?.call(key)
    }

    private func ownCall(_ key: ItemKey) throws(LedgerProblem) -> CallRecord? {
        try Ledger.wrapping(path) {
            try ledger.pool.read { database in
                let statement = try database.cachedStatement(sql: "SELECT * FROM call WHERE key = ?")
                guard let row = try Row.fetchOne(statement, arguments: [key.data]),
                    !DroppedBody.isMark(row["reply"])
                else { return nil }
                return try CallRecord(row: row)
            }
        }
    }

    /// A program that somebody ran; nil also when its bodies were dropped.
    func execution(_ key: ItemKey) throws(LedgerProblem) -> ExecutionRecord? {
        if let execution = try ownExecution(key) { return execution }
        return try next?.execution(key)
    }

    private func ownExecution(_ key: ItemKey) throws(LedgerProblem) -> ExecutionRecord? {
        try Ledger.wrapping(path) {
            try ledger.pool.read { database in
                let statement = try database.cachedStatement(
                    sql: "SELECT job, result FROM execution WHERE key = ?"
                )
                guard let row = try Row.fetchOne(statement, arguments: [key.data]),
                    !DroppedBody.isMark(row["result"]),
                    let result = ExecutionResult(json: try JSONValue(packed: row["result"]))
                else { return nil }
                return ExecutionRecord(key: key, job: try JSONValue(packed: row["job"]), result: result)
            }
        }
    }

    /// Makes what others can use of some entries durable here as well.
    func deposit(_ entries: [PackedEntry]) async throws {
        guard isFilled else { return }
        let useful = entries.filter { packed in
            switch packed.entry {
            case .call, .execution: true
            default: false
            }
        }
        if !useful.isEmpty { try await ledger.commit(useful) }
    }

    private static let copiedAtOnce = 4096

    /// Brings what a run's own ledger has and this one lacks: what it bought before it shared, or just before it was killed.
    ///
    /// - Parameter run: The run's ledger, which is up to date and locked.
    /// - Throws: ``LedgerProblem``.
    func takeMissing(from run: String) throws(LedgerProblem) {
        guard isFilled else { return }
        try Self.inWords(path) { () throws(LedgerProblem) in
            try Ledger.wrapping(path) { try ledger.take(from: run, atOnce: Self.copiedAtOnce) }
        }
    }
}

extension Ledger {
    /// See ``SharedLedger``.
    fileprivate static func fill(
        shared path: String,
        name: String,
        product: String,
        now: Double
    ) throws(LedgerProblem) -> Ledger {
        try wrapping(path) {
            let pool = try openPool(path, readOnly: false)
            guard try pool.read(isShared) != false else { throw LedgerProblem.own(path) }
            let reserve = try LedgerReserve(beside: path)
            let pass = try pool.write {
                try beginPass(
                    name: name,
                    recipe: "",
                    plan: ["nodes": []],
                    product: product,
                    state: SharedLedger.state,
                    now: now,
                    in: $0
                )
            }
            return Ledger(
                path: path,
                pool: pool,
                pass: pass,
                reserve: reserve,
                replies: try pool.read(knownReplies),
                isShared: true
            )
        }
    }

    fileprivate static func look(intoShared path: String) throws(LedgerProblem) -> Ledger {
        guard FileManager.default.fileExists(atPath: path) else { throw LedgerProblem.noLedger(at: path) }
        return try wrapping(path) {
            let pool = try openPool(path, readOnly: true)
            guard try pool.read(isShared) != false else { throw LedgerProblem.own(path) }
            return Ledger(
                path: path,
                pool: pool,
                pass: 0,
                replies: try pool.read(knownReplies),
                isShared: true
            )
        }
    }

    fileprivate static func look(intoRun path: String) throws(LedgerProblem) -> Ledger {
        try wrapping(path) {
            let pool = try openPool(path, readOnly: true)
            return Ledger(path: path, pool: pool, pass: 0, replies: try pool.read(knownReplies))
        }
    }

    /// Copies calls and executions that are not here, without unpacking them.
    fileprivate func take(from run: String, atOnce most: Int) throws {
        try pool.writeWithoutTransaction { database in
            try database.execute(sql: "ATTACH DATABASE ? AS run", arguments: [run])
            defer { try? database.execute(sql: "DETACH DATABASE run") }
            for (table, columns, whole) in Self.shareable {
                // Both sides are read from their trees of keys alone.
                let cursor = try Data.fetchCursor(
                    database,
                    sql: "SELECT key FROM run.\(table) WHERE key NOT IN (SELECT key FROM main.\(table))"
                )
                var missing: [ItemKey] = []
                while let key = try cursor.next() { missing.append(ItemKey(data: key)) }
                let (pass, list) = table == "call" ? (", \(self.pass)", ", pass") : ("", "")
                let copy = """
                    INSERT INTO main.\(table) (\(columns)\(list)) SELECT \(columns)\(pass) FROM run.\(table)
                    WHERE key = ? AND NOT \(DroppedBody.marks(whole))
                    """
                for start in stride(from: 0, to: missing.count, by: most) {
                    let keys = missing[start..<min(start + most, missing.count)]
                    try database.inTransaction(.immediate) {
                        let statement = try database.cachedStatement(sql: copy)
                        for key in keys { try statement.execute(arguments: [key.data]) }
                        return .commit
                    }
                    if table == "call" { replies.withLock { for key in keys { $0?.insert(key) } } }
                }
            }
        }
    }

    /// What can be of use to others: table, columns but for the pass, and the body by which a dropped one is known.
    private static let shareable = [
        (
            "call",
            "key, model, endpoint, request, reply, finish, input, cached, output, cost, milliseconds, attempts, booked, role, stage",
            "reply"
        ),
        ("execution", "key, job, result", "result"),
    ]
}

extension LedgerProblem {
    fileprivate static func own(_ path: String) -> LedgerProblem {
        LedgerProblem(
            .foreign,
            "`\(path)` is the ledger of a run, and nobody else can fill it"
        )
    }
}

extension Ledger {
    /// A reply that another run has bought, taken over at no cost: it is on this ledger when it comes back.
    ///
    /// - Parameters:
    ///   - key: The request's key.
    ///   - buyer: For whom.
    /// - Returns: The reply, or nil when nobody shares it.
    /// - Throws: ``LedgerProblem``.
    package func borrow(_ key: ItemKey, for buyer: Buyer) async throws -> ModelReply? {
        guard let bought = try shared?.call(key) else { return nil }
        // A rehearsal only wants to know.
        guard original == nil else { return bought.reply }
        let call = CallRecord(
            key: key,
            model: bought.model,
            endpoint: SharedLedger.origin,
            request: bought.request,
            reply: ModelReply(
                body: bought.reply.body,
                finish: bought.reply.finish,
                usage: bought.reply.usage,
                milliseconds: 0
            ),
            attempts: 0,
            booked: 0,
            cost: 0,
            buyer: buyer
        )
        try await commit([PackedEntry(.call(call))])
        return call.reply
    }

    /// The result of a program that another run has run; it is on this ledger when it comes back.
    ///
    /// - Throws: ``LedgerProblem``.
    package func borrowExecution(_ key: ItemKey) async throws -> ExecutionResult? {
        guard let record = try shared?.execution(key) else { return nil }
        guard original == nil else { return record.result }
        try await commit([PackedEntry(.execution(record))])
        return record.result
    }

    /// The reply that a mark stands for, from the shared ledger.
    func shared(_ key: ItemKey, saying mark: Data) throws(LedgerProblem) -> ModelReply? {
        guard let call = try shared?.call(key),
            DroppedBody.mark(CanonicalJSON(call.reply.body)) == mark
        else { return nil }
        return call.reply
    }
}
