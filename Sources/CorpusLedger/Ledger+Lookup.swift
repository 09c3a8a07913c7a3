package import CorpusModel
import Foundation
import GRDB

/// What a finished unit left in the ledger, enough to go on from it.
package struct StoredItem: Sendable, Hashable {
    package var key: ItemKey
    package var state: ItemState
    package var reason: ReasonCode?
    package var summary: String
    package var detail: [String: JSONValue]
    package var drops: Int
    package var drafts: [DraftRecord]
    package var evidence: [Evidence]

    package init(
        key: ItemKey,
        state: ItemState,
        reason: ReasonCode? = nil,
        summary: String = "",
        detail: [String: JSONValue] = [:],
        drops: Int = 0,
        drafts: [DraftRecord] = [],
        evidence: [Evidence] = []
    ) {
        self.key = key
        self.state = state
        self.reason = reason
        self.summary = summary
        self.detail = detail
        self.drops = drops
        self.drafts = drafts
        self.evidence = evidence
    }
}

extension Ledger {
    /// Reads one thing by its key, without a transaction around it: that takes longer than to find the row.
    ///
    /// Each statement sees one moment; what a unit left is not changed while somebody asks for it.
    func look<Value>(_ body: (Database) throws -> Value) throws -> Value { try pool.unsafeRead(body) }

    /// The reply to a request that was bought before.
    ///
    /// - Throws: ``LedgerProblem``, with `body-dropped` for a reply that was bought and is here no more.
    package func call(_ key: ItemKey) throws(LedgerProblem) -> ModelReply? { try bought(key)?.reply }

    /// The same, and whether it is not known yet for which stage it was: a batch brought it before its stage asked again.
    ///
    /// In a rehearsal, which cannot write that down, it always is.
    package func bought(_ key: ItemKey) throws(LedgerProblem) -> (reply: ModelReply, lacksStage: Bool)? {
        guard mayHold(key) else { return nil }
        return try Self.wrapping(path) {
            try look { database in
                let statement = try database.cachedStatement(
                    sql: """
                        SELECT model, reply, finish, input, cached, output, milliseconds,
                            stage IS NULL AND attempts > 0 AS lacks
                        FROM call WHERE key = ?
                        """
                )
                return try Row.fetchOne(statement, arguments: [key.data]).map {
                    guard !DroppedBody.isMark($0["reply"]) else {
                        if let reply = try shared(key, saying: $0["reply"]) { return (reply, $0["lacks"]) }
                        throw LedgerProblem.dropped($0["model"], path)
                    }
                    return (try ModelReply(row: $0), original == nil && $0["lacks"])
                }
            }
        }
    }

    /// The models that have given replies.
    package func writers() throws(LedgerProblem) -> Set<String> {
        try Self.wrapping(path) {
            try pool.read {
                Set(try String.fetchAll($0, sql: "SELECT DISTINCT model FROM call WHERE attempts > 0"))
            }
        }
    }

    /// The result of a job that was run before; nil also when it was dropped, since to run it again costs nothing.
    package func execution(_ key: ItemKey) throws(LedgerProblem) -> ExecutionResult? {
        try Self.wrapping(path) {
            try look { database in
                let statement = try database.cachedStatement(
                    sql: "SELECT result FROM execution WHERE key = ?"
                )
                guard let body = try Data.fetchOne(statement, arguments: [key.data]),
                    !DroppedBody.isMark(body)
                else { return nil }
                return ExecutionResult(json: try JSONValue(packed: body))
            }
        }
    }

    /// What became of a unit of work, or nil when it was never finished.
    package func item(_ key: ItemKey) throws(LedgerProblem) -> StoredItem? {
        try Self.wrapping(path) {
            try makeIndexes()
            return try look { database in
                let statement = try database.cachedStatement(
                    sql: "SELECT state, reason, summary, detail, drops, evidence FROM item WHERE key = ?"
                )
                // By number: to find a column by its name takes as long as to read it.
                guard let row = try Row.fetchOne(statement, arguments: [key.data]),
                    let state = ItemState(rawValue: row[0])
                else { return nil }
                let detail: String = row[3]
                return StoredItem(
                    key: key,
                    state: state,
                    reason: (row[1] as String?).map { ReasonCode($0) },
                    summary: row[2],
                    detail: detail == "{}" ? [:] : try JSONValue(parsing: detail).members ?? [:],
                    drops: row[4],
                    drafts: state == .expanded ? try drafts(of: key, in: database) : [],
                    evidence: try Evidence.list(in: row)
                )
            }
        }
    }

    private func drafts(of item: ItemKey, in database: Database) throws -> [DraftRecord] {
        let statement = try database.cachedStatement(
            sql: Self.draftColumns + " WHERE edge.item = ? ORDER BY position"
        )
        return try Row.fetchAll(statement, arguments: [item.data]).map { try DraftRecord(row: $0) }
    }

    /// A draft by its key.
    package func draft(_ key: ItemKey) throws(LedgerProblem) -> DraftRecord? {
        try Self.wrapping(path) {
            try makeIndexes()
            return try look { database in
                let statement = try database.cachedStatement(sql: Self.draftColumns + " WHERE edge.child = ?")
                return try Row.fetchOne(statement, arguments: [key.data]).map { try DraftRecord(row: $0) }
            }
        }
    }

    /// The place of a seed among the rows of all sources, as this pass read them.
    package func row(ofSeed key: ItemKey) throws(LedgerProblem) -> Int? {
        try Self.wrapping(path) {
            try makeIndexes()
            return try look { database in
                let statement = try database.cachedStatement(
                    sql:
                        "SELECT item.ordinal FROM edge JOIN item ON item.key = edge.item WHERE edge.child = ?"
                )
                return try Int.fetchOne(statement, arguments: [key.data])
            }
        }
    }

    static let draftColumns = """
        SELECT edge.child, edge.parent, edge.labels, edge.note, edge.task, edge.root, edge.origin, edge.licence,
            edge.sample, edge.body
        FROM edge
        """
}

extension DraftRecord {
    init(row: Row) throws {
        let body = try JSONValue(packed: row["body"])
        let content = Content(
            messages: body["messages"]?.elements?.compactMap(Message.init(json:)) ?? [],
            fields: body["fields"]?.members ?? [:],
            labels: try JSONValue(parsing: row["labels"] as String).members ?? [:]
        )
        self.init(
            key: ItemKey(data: row["child"]),
            parent: (row["parent"] as Data?).map(ItemKey.init(data:)),
            content: content,
            note: row["note"],
            task: ItemKey(data: row["task"]),
            group: ItemKey(data: row["root"]),
            origin: Origin(json: try JSONValue(parsing: row["origin"] as String))
                ?? Origin(source: "unknown"),
            licence: row["licence"],
            contentID: row["sample"]
        )
    }
}

extension ModelReply {
    init(row: Row) throws {
        var usage: TokenUsage?
        if let input = row["input"] as Int?, let output = row["output"] as Int? {
            usage = TokenUsage(input: input, cachedInput: row["cached"] ?? 0, output: output)
        }
        self.init(
            body: DroppedBody.isMark(row["reply"]) ? [:] : try JSONValue(packed: row["reply"]),
            finish: Finish(rawValue: row["finish"]) ?? .other,
            usage: usage,
            milliseconds: row["milliseconds"]
        )
    }
}

extension Evidence {
    /// What a unit found out, as a row of `item` has it.
    static func list(in row: Row) throws -> [Evidence] {
        guard let text = row["evidence"] as String? else { return [] }
        return try JSONValue(parsing: text).elements?.compactMap(Evidence.init(json:)) ?? []
    }

    /// The text of a row's `evidence`; nil for none.
    static func text(of list: [Evidence]) -> String? {
        guard !list.isEmpty else { return nil }
        var bytes: [UInt8] = []
        for (place, evidence) in list.enumerated() {
            bytes.append(UInt8(ascii: place == 0 ? "[" : ","))
            evidence.write(to: &bytes)
        }
        bytes.append(UInt8(ascii: "]"))
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A row of the table of evidence that ledgers had before schema 7.
    init?(row: Row) throws {
        guard let outcome = Outcome(rawValue: row["outcome"]) else { return nil }
        self.init(
            row["name"],
            outcome,
            about: row["subject"],
            score: row["score"],
            detail: try JSONValue(parsing: row["detail"] as String).members ?? [:]
        )
    }
}
