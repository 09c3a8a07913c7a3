import CorpusModel
import Foundation
import GRDB

extension Ledger {
    /// Lets somebody read the candidates that the last pass dropped or that failed in it.
    ///
    /// - Parameter body: Given a reader that works until it returns; all that it reads is of one moment.
    /// - Returns: What `body` returns.
    /// - Throws: ``LedgerProblem``.
    package func rejects<Answer>(_ body: (RejectReader) throws -> Answer) throws(LedgerProblem) -> Answer {
        try Self.wrapping(path) {
            try pool.read { try body(RejectReader(database: $0, ledger: path)) }
        }
    }
}

/// Reads the rejects of the last pass, one after the other: memory does not grow with their number.
package struct RejectReader {
    private let database: Database
    private let pass: Int
    private let nodes: [(id: Int, stage: RunReport.Stage)]

    init(database: Database, ledger: String) throws {
        guard
            let last = try Row.fetchOne(
                database,
                sql: "SELECT id, plan FROM pass ORDER BY id DESC LIMIT 1"
            )
        else { throw LedgerProblem.noRun(in: ledger) }
        self.database = database
        pass = last["id"]
        let plan = try JSONValue(parsing: last["plan"] as String)
        nodes = try ReportReader(database: database, pass: pass, plan: plan).numberedNodes()
    }

    /// The stages in the order of the plan, sources and exports among them.
    package var stages: [String] { nodes.map(\.stage.name) }

    package var sources: [String] { nodes.filter { $0.stage.verb == "read" }.map(\.stage.name) }

    /// Every reason that something ended with in this pass.
    package func reasons() throws -> Set<String> {
        try Set(
            String.fetchAll(
                database,
                sql: "SELECT DISTINCT reason FROM item WHERE pass = ? AND reason IS NOT NULL",
                arguments: [pass]
            )
        )
    }

    /// Goes through the rejects: by stage in the order of the plan, dropped before failed, then by key.
    ///
    /// Without a filter there are as many as the report counts as dropped and as failed.
    package func forEach(
        matching filter: RejectFilter = RejectFilter(),
        _ body: (RejectPlace) throws -> Void
    ) throws {
        for (position, node) in nodes.enumerated() {
            guard filter.stages.isEmpty || filter.stages.contains(node.stage.name) else { continue }
            for state in [ItemState.fail, .unsure, .dropped, .failed] {
                guard filter.isFailure.map({ $0 == (state == .failed) }) ?? true else { continue }
                let rows = try Row.fetchCursor(
                    database,
                    sql: """
                        SELECT i.key, i.input, i.ordinal, i.part, coalesce(i.reason, 'unknown') AS reason FROM item i
                        WHERE i.stage = \(node.id) AND i.pass = \(pass) AND i.state = \(state.rawValue)
                            AND \(node.stage.isMaking ? Self.ended : decisive(at: position, state)) ORDER BY i.key
                        """
                )
                while let row = try rows.next() {
                    let place = try RejectPlace(
                        key: ItemKey(stored: row["key"]),
                        input: (row["input"] as Data?).map(ItemKey.init(stored:)),
                        ordinal: row["ordinal"],
                        part: row["part"],
                        stage: node.stage,
                        state: state,
                        reason: row["reason"]
                    )
                    if try fits(place, filter) { try body(place) }
                }
            }
        }
    }

    // MARK: - Which items are rejects

    /// At a source or generator: a unit that gave nothing, or what it threw away; see ``ReportReader``.
    private static let ended = "i.state IN (4, 5) AND (i.part > 0 OR i.drops = 0 OR i.state = 5)"

    /// Elsewhere: the item that decides what became of its draft.
    ///
    /// Exported beats dropped beats failed, and of several
    /// drops the earliest stage's counts.
    private func decisive(at position: Int, _ state: ItemState) -> String {
        let isJudging = { (node: (id: Int, stage: RunReport.Stage)) in !node.stage.isMaking }
        let judging = list(nodes.filter(isJudging).map(\.id))
        let earlier = list(nodes[..<position].filter(isJudging).map(\.id))
        let stronger = state == .failed ? "2, 3, 4, 7, 8" : "7, 8"
        let equal = state == .failed ? "5" : "2, 3, 4"
        return """
            i.part = 0 AND NOT EXISTS (
                SELECT 1 FROM item j WHERE j.input = i.input AND j.pass = \(pass) AND j.part = 0
                    AND j.stage IN (\(judging)) AND (j.state IN (\(stronger)) OR j.state IN (\(equal))
                        AND (j.stage IN (\(earlier)) OR j.stage = i.stage AND j.key < i.key)))
            """
    }

    private func list(_ numbers: [Int]) -> String { numbers.map(String.init).joined(separator: ",") }

    /// Looks up no more than the filter asks for: rejects may be millions.
    private func fits(_ place: RejectPlace, _ filter: RejectFilter) throws -> Bool {
        guard filter.reasons.isEmpty || filter.reasons.contains(place.reason) else { return false }
        if !filter.sources.isEmpty {
            guard try filter.sources.contains(origin(of: place).origin.source) else { return false }
        }
        if !filter.labels.isEmpty {
            let labels = try labels(of: place)
            guard filter.labels.allSatisfy({ $0.fits(labels) }) else { return false }
        }
        guard let text = filter.text else { return true }
        return try item(place).summary.contains(text) || texts(of: place).contains { $0.text.contains(text) }
    }
}

// MARK: - What there is to say about one

extension RejectReader {
    /// Everything about one reject.
    package func reject(at place: RejectPlace) throws -> Reject {
        let item = try item(place)
        let (origin, licence) = try origin(of: place)
        let (calls, cost) = try calls(of: units(of: place))
        var detail = item.detail
        if place.part > 0 { detail["text"] = nil }
        return Reject(
            place: place,
            id: try place.input.flatMap(sample),
            summary: item.summary,
            detail: detail,
            evidence: item.evidence,
            rival: try rival(in: detail),
            origin: origin,
            licence: licence,
            labels: try labels(of: place),
            calls: calls,
            cost: cost,
            texts: try texts(of: place)
        )
    }

    private func item(
        _ place: RejectPlace
    ) throws -> (summary: String, detail: [String: JSONValue], evidence: [Evidence]) {
        let row = try one("SELECT summary, detail, evidence FROM item WHERE key = ?", [place.key.data])
        let detail = try row.map { try JSONValue(parsing: $0["detail"] as String) }
        return (row?["summary"] ?? "", detail?.members ?? [:], try row.map(Evidence.list(in:)) ?? [])
    }

    private func sample(of draft: ItemKey) throws -> String? {
        try one("SELECT sample FROM edge WHERE child = ?", [draft.data])?["sample"]
    }

    /// A rival is an item, whose content's id says more, or an item of a benchmark.
    private func rival(in detail: [String: JSONValue]) throws -> String? {
        if let name = detail["rival"]?.text {
            return try ItemKey(hex: name).flatMap(sample) ?? name
        }
        guard let benchmark = detail["benchmark"]?.text, let item = detail["item"]?.text else { return nil }
        return "\(benchmark) \(item)"
    }

    /// Where the seed stands that it descends from.
    private func origin(of place: RejectPlace) throws -> (origin: Origin, licence: String?) {
        guard let input = place.input,
            let row = try one(
                """
                SELECT coalesce(seed.origin, edge.origin) AS origin, edge.licence FROM edge
                LEFT JOIN edge seed ON seed.child = edge.root WHERE edge.child = ?
                """,
                [input.data]
            )
        else { return (Origin(source: place.stage.name), nil) }
        let origin = Origin(json: try JSONValue(parsing: row["origin"] as String))
        return (origin ?? Origin(source: "unknown"), row["licence"])
    }

    /// Labels of the draft that was judged or worked on, with those that stages have set since.
    private func labels(of place: RejectPlace) throws -> [String: JSONValue] {
        guard let input = place.input,
            let row = try one("SELECT labels FROM edge WHERE child = ?", [input.data])
        else { return [:] }
        var labels = try JSONValue(parsing: row["labels"] as String).members ?? [:]
        let statement = try database.cachedStatement(
            sql: "SELECT detail FROM item WHERE input = ? AND part = 0 AND pass = ? ORDER BY stage"
        )
        let details = try String.fetchCursor(statement, arguments: [input.data, pass])
        while let detail = try details.next() {
            labels.merge(try JSONValue(parsing: detail)["labels"]?.members ?? [:]) { _, new in new }
        }
        return labels
    }

    /// The units whose calls it took to make it and to judge it.
    private func units(of place: RejectPlace) throws -> [ItemKey] {
        guard let input = place.input else { return [] }
        guard place.isJudged else { return try [unit(of: place) ?? place.key] }
        let statement = try database.cachedStatement(
            sql: """
                SELECT item FROM edge WHERE child = ?1
                UNION SELECT item.key FROM item JOIN stage ON stage.id = item.stage
                    WHERE item.input = ?1 AND item.part = 0 AND item.pass = ?2 AND stage.verb <> 'generate'
                """
        )
        return try Data.fetchAll(statement, arguments: [input.data, pass]).map(ItemKey.init(stored:))
    }

    /// The unit inside which something was dropped.
    private func unit(of place: RejectPlace) throws -> ItemKey? {
        guard place.part > 0, let input = place.input else { return nil }
        let statement = try database.cachedStatement(
            sql:
                "SELECT key FROM item WHERE input = ? AND ordinal = ? AND part = 0 AND pass = ? AND drops >= ?"
        )
        let keys = try Data.fetchAll(
            statement,
            arguments: [input.data, place.ordinal, pass, place.part]
        ).map(ItemKey.init(stored:))
        return keys.first { ItemKey.drop(place.part - 1, of: $0) == place.key }
    }

    private func calls(of units: [ItemKey]) throws -> (count: Int, cost: Int?) {
        var keys: Set<Data> = []
        let traces = try database.cachedStatement(sql: "SELECT key FROM trace WHERE item = ? AND kind = 0")
        for unit in units { keys.formUnion(try Data.fetchAll(traces, arguments: [unit.data])) }
        var cost: Int? = 0
        for key in keys {
            let price: Int? = try one("SELECT cost FROM call WHERE key = ?", [key])?["cost"]
            cost = cost.flatMap { sum in price.map { sum + $0 } }
        }
        return (keys.count, cost)
    }

    /// The texts of a draft, its answer first; what a generator threw away; or the reply that it could make nothing of.
    private func texts(of place: RejectPlace) throws -> [Reject.Text] {
        guard let input = place.input else { return [] }
        guard place.isJudged else {
            if place.part > 0 {
                return try item(place).detail["text"]?.text.map { [Reject.Text(place: "dropped", text: $0)] }
                    ?? []
            }
            return try lastReply(in: place.key).map { [Reject.Text(place: "reply", text: $0)] } ?? []
        }
        guard
            let row = try one(
                "SELECT body FROM edge WHERE child = ?",
                [input.data]
            )
        else { return [] }
        let body = try JSONValue(packed: row["body"])
        let content = Content(
            messages: body["messages"]?.elements?.compactMap(Message.init(json:)) ?? [],
            fields: body["fields"]?.members ?? [:]
        )
        let texts = content.texts.map { Reject.Text(place: $0.place, text: $0.text) }
        let main = content.isAnswered ? "messages[\(content.messages.count - 1)]" : "instruction"
        return texts.filter { $0.place == main } + texts.filter { $0.place != main }
    }

    private func lastReply(in unit: ItemKey) throws -> String? {
        let row = try one(
            """
            SELECT call.reply FROM trace JOIN call ON call.key = trace.key
            WHERE trace.item = ? AND trace.kind = 0 ORDER BY trace.position DESC LIMIT 1
            """,
            [unit.data]
        )
        guard let body = row?["reply"] as Data?, !DroppedBody.isMark(body) else { return nil }
        return try JSONValue(packed: body)["text"]?.text
    }

    private func one(_ sql: String, _ arguments: StatementArguments) throws -> Row? {
        try Row.fetchOne(database.cachedStatement(sql: sql), arguments: arguments)
    }
}
