package import CorpusModel
import Foundation
import GRDB

/// One step in the story of a sample: a unit of work at one stage.
package struct StoryStep: Sendable, Hashable {
    /// A call that was made.
    package struct Call: Sendable, Hashable {
        package var key: ItemKey
        package var model: String
        package var endpoint: String
        package var request: JSONValue
        package var reply: ModelReply
        package var cost: Int?
        /// What was asked and answered was dropped by `ledger vacuum`.
        package var isDropped = false
    }

    /// A program that was run.
    package struct Execution: Sendable, Hashable {
        package var key: ItemKey
        package var job: JSONValue
        /// Nil when it was dropped by `ledger vacuum`.
        package var result: ExecutionResult?
    }

    package var stage: String
    package var verb: String
    package var plugin: String
    package var version: Int
    package var state: ItemState
    package var reason: String?
    package var summary: String
    package var detail: [String: JSONValue]
    package var calls: [Call]
    package var executions: [Execution]
    package var evidence: [Evidence]
}

/// One item in the line from a seed to a sample, with the work that made it and the work that judged it.
package struct StoryChapter: Sendable, Hashable {
    package var draft: DraftRecord
    package var made: StoryStep
    package var judged: [StoryStep]
}

extension Ledger {
    /// The story of every item that has this content: one list of chapters, seed first, for each.
    ///
    /// - Parameter id: A content id, or the beginning of one; at least eight characters.
    /// - Returns: At most 20 stories.
    /// - Throws: ``LedgerProblem``.
    package func story(of id: String) throws(LedgerProblem) -> [[StoryChapter]] {
        try Self.wrapping(path) {
            try pool.read { database in
                let pass = try Int.fetchOne(database, sql: "SELECT max(id) FROM pass") ?? 0
                let keys = try Data.fetchAll(
                    database,
                    sql: """
                        SELECT edge.child FROM edge JOIN item ON item.key = edge.item
                        WHERE edge.sample >= ? AND edge.sample < ? ORDER BY item.pass = ? DESC, edge.child LIMIT 20
                        """,
                    arguments: [id, id + "~", pass]
                ).map(ItemKey.init(data:))
                return try keys.map { try StoryReader(database: database).chapters(to: $0) }
            }
        }
    }
}

/// What a key on the ledger names.
package enum KeyKind: String, Sendable, Hashable, CaseIterable {
    /// A seed or a draft on its way.
    case item
    /// The work of one stage on one item.
    case unit
    /// A model call.
    case call
    /// A program that was run.
    case execution
}

extension Ledger {
    /// The stories of the items that a key stands for: of itself, of what a unit made or else worked on, of all whose
    /// units used a call or an execution.
    ///
    /// - Parameter digits: 8 to 32 hexadecimal digits: a key, or the beginning of one.
    /// - Returns: What the key names, and at most 20 stories; nil when there is no such key.
    /// - Throws: ``LedgerProblem``.
    package func stories(
        ofKey digits: String
    ) throws(LedgerProblem) -> (kind: KeyKind, stories: [[StoryChapter]])? {
        let digits = digits.lowercased()
        guard let first = ItemKey(hex: digits.filling(with: "0")),
            let last = ItemKey(hex: digits.filling(with: "f"))
        else { return nil }
        return try Self.wrapping(path) {
            try pool.read { database in
                for kind in KeyKind.allCases {
                    let keys = try Data.fetchAll(
                        database,
                        sql: "SELECT DISTINCT key FROM (\(kind.items)) ORDER BY key LIMIT 20",
                        arguments: ["first": first.data, "last": last.data]
                    )
                    guard !keys.isEmpty else { continue }
                    let reader = StoryReader(database: database)
                    return (kind, try keys.map { try reader.chapters(to: ItemKey(data: $0)) })
                }
                return nil
            }
        }
    }
}

extension KeyKind {
    /// Selects the keys of the items that keys from `:first` to `:last` stand for.
    fileprivate var items: String {
        switch self {
        case .item: "SELECT child AS key FROM edge WHERE child BETWEEN :first AND :last"
        case .unit: Self.items(of: "item.key BETWEEN :first AND :last")
        case .call, .execution:
            Self.items(
                of: """
                    item.key IN (SELECT item FROM trace
                        WHERE kind = \(self == .call ? 0 : 1) AND trace.key BETWEEN :first AND :last)
                    """
            )
        }
    }

    /// What units made, or what they worked on when they made nothing.
    private static func items(of units: String) -> String {
        """
        SELECT coalesce(edge.child, item.input) AS key FROM item LEFT JOIN edge ON edge.item = item.key
        WHERE (edge.child IS NOT NULL OR item.input IN (SELECT child FROM edge)) AND \(units)
        """
    }
}

extension String {
    /// As long as a key, with a digit in place of those that are missing.
    fileprivate func filling(with digit: Character) -> String {
        self + String(repeating: digit, count: max(0, 32 - count))
    }
}

private struct StoryReader {
    let database: Database

    func chapters(to key: ItemKey) throws -> [StoryChapter] {
        var chapters: [StoryChapter] = []
        var next: ItemKey? = key
        while let key = next {
            guard
                let row = try Row.fetchOne(
                    database,
                    sql: Ledger.draftColumns + " WHERE edge.child = ?",
                    arguments: [key.data]
                )
            else { break }
            let draft = try DraftRecord(row: row)
            let made = try steps("item.key = (SELECT item FROM edge WHERE child = ?)", key)
            // A generator's unit that gave drafts is told with each of them; one that gave none, and what it threw
            // away, would else be told nowhere.
            let judged = try steps(
                """
                item.input = ? AND (item.stage NOT IN (SELECT id FROM stage WHERE verb = 'generate')
                    OR item.part > 0 OR item.drops = 0 AND item.state IN (4, 5) OR item.state = 5)
                """,
                key
            )
            if let first = made.first {
                chapters.append(StoryChapter(draft: draft, made: first, judged: judged))
            }
            next = draft.parent
        }
        return chapters.reversed()
    }

    private func steps(_ condition: String, _ key: ItemKey) throws -> [StoryStep] {
        let rows = try Row.fetchAll(
            database,
            sql: """
                SELECT item.*, stage.name, stage.verb, stage.plugin, stage.version FROM item
                JOIN stage ON stage.id = item.stage WHERE \(condition)
                AND item.pass = (SELECT max(pass) FROM item WHERE \(condition)) ORDER BY item.stage
                """,
            arguments: [key.data, key.data]
        )
        return try rows.map { row in
            let item = ItemKey(data: row["key"])
            return StoryStep(
                stage: row["name"],
                verb: row["verb"],
                plugin: row["plugin"],
                version: row["version"],
                state: ItemState(rawValue: row["state"]) ?? .failed,
                reason: row["reason"],
                summary: row["summary"],
                detail: try JSONValue(parsing: row["detail"] as String).members ?? [:],
                calls: try calls(of: item),
                executions: try executions(of: item),
                evidence: try Evidence.list(in: row)
            )
        }
    }

    private func calls(of item: ItemKey) throws -> [StoryStep.Call] {
        try Row.fetchAll(
            database,
            sql: """
                SELECT call.* FROM trace JOIN call ON call.key = trace.key
                WHERE trace.item = ? AND trace.kind = 0 ORDER BY trace.position
                """,
            arguments: [item.data]
        ).map { row in
            let isDropped = DroppedBody.isMark(row["reply"])
            return StoryStep.Call(
                key: ItemKey(data: row["key"]),
                model: row["model"],
                endpoint: row["endpoint"],
                request: isDropped ? .null : try JSONValue(packed: row["request"]),
                reply: try ModelReply(row: row),
                cost: row["cost"],
                isDropped: isDropped
            )
        }
    }

    private func executions(of item: ItemKey) throws -> [StoryStep.Execution] {
        try Row.fetchAll(
            database,
            sql: """
                SELECT execution.* FROM trace JOIN execution ON execution.key = trace.key
                WHERE trace.item = ? AND trace.kind = 1 ORDER BY trace.position
                """,
            arguments: [item.data]
        ).compactMap { row in
            let key = ItemKey(data: row["key"])
            guard !DroppedBody.isMark(row["result"]) else {
                return StoryStep.Execution(key: key, job: .null, result: nil)
            }
            guard let result = ExecutionResult(json: try JSONValue(packed: row["result"])) else { return nil }
            return StoryStep.Execution(key: key, job: try JSONValue(packed: row["job"]), result: result)
        }
    }
}
