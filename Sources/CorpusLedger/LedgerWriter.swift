package import CorpusModel
import CorpusText
import Foundation
import GRDB

/// Writes entries inside one transaction.
struct LedgerWriter {
    let database: Database
    let pass: Int

    func write(_ packed: PackedEntry) throws {
        switch packed.entry {
        case .item(let item): try write(item)
        case .call(let call): try write(call, packed.bodies)
        case .charge(let charge):
            try run(
                "INSERT INTO charge (call, model, tokens, cost, pass, role, stage) VALUES (?, ?, ?, ?, ?, ?, ?)",
                [
                    charge.call.data, charge.model, charge.tokens, charge.cost, pass, charge.buyer.role,
                    charge.buyer.stage,
                ]
            )
        case .restored(let call):
            try run(
                "UPDATE call SET request = ?, reply = ? WHERE key = ? AND \(DroppedBody.marks("reply"))",
                [packed.bodies[0], packed.bodies[1], call.key.data]
            )
        case .claim(let key, let stage):
            try run("UPDATE call SET stage = ? WHERE key = ? AND stage IS NULL", [stage, key.data])
        case .execution(let execution): try write(execution)
        case .pairs(let pairs): for pair in pairs { try write(pair) }
        case .file(let file): try write(file)
        case .batch(let batch):
            try run(
                "INSERT INTO batch (tag, model, endpoint, api, made, rows, file, id) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    batch.tag, batch.model, batch.endpoint, batch.api, batch.madeAt, packed.bodies[0],
                    batch.file,
                    batch.id,
                ]
            )
        case .batchNames(let tag, let file, let id):
            try run("UPDATE batch SET file = ?, id = ? WHERE tag = ?", [file, id, tag])
        case .mark(let role, let most):
            try run(
                """
                INSERT INTO mark (pass, role, calls, tokens, cost) VALUES (?, ?, ?, ?, ?)
                ON CONFLICT (pass, role) DO UPDATE SET calls = max(calls, excluded.calls),
                    tokens = max(tokens, excluded.tokens), cost = max(cost, excluded.cost)
                """,
                [pass, role, most.calls, most.tokens, most.nanoDollars]
            )
        case .batchEnd(let tag): try run("DELETE FROM batch WHERE tag = ?", [tag])
        case .visit(let key, let drops):
            try run("UPDATE item SET pass = ? WHERE key = ?", [pass, key.data])
            for index in 0..<drops {
                try run("UPDATE item SET pass = ? WHERE key = ?", [pass, ItemKey.drop(index, of: key).data])
            }
        }
    }

    private func run(_ sql: String, _ arguments: StatementArguments) throws {
        try database.cachedStatement(sql: sql).execute(arguments: arguments)
    }

    private func write(_ item: ItemRecord) throws {
        // A unit that failed before is tried again: what it left behind gives way to what came of it now.
        try run(
            """
            INSERT INTO item (key, stage, input, ordinal, part, state, reason, summary, detail, drops, attempts, pass)
            VALUES (?, ?, ?, ?, 0, ?, ?, ?, ?, ?, 1, ?)
            ON CONFLICT (key) DO UPDATE SET state = excluded.state, reason = excluded.reason,
                summary = excluded.summary, detail = excluded.detail, drops = excluded.drops,
                attempts = attempts + 1, pass = excluded.pass
            """,
            [
                item.key.data, item.stage, item.input?.data, item.ordinal, item.state.rawValue,
                item.reason?.description, item.summary, JSONValue.object(item.detail).canonical,
                item.drops.count, pass,
            ]
        )
        for (position, draft) in item.drafts.enumerated() {
            try write(draft, of: item.key, position: position)
        }
        for (index, drop) in item.drops.enumerated() {
            let detail: JSONValue = ["text": drop.text.map { .string(String($0.prefix(20_000))) } ?? .null]
            try run(
                """
                INSERT INTO item (key, stage, input, ordinal, part, state, reason, summary, detail, drops, attempts, pass)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 1, ?)
                ON CONFLICT (key) DO UPDATE SET reason = excluded.reason, summary = excluded.summary,
                    detail = excluded.detail, pass = excluded.pass
                """,
                [
                    ItemKey.drop(index, of: item.key).data, item.stage, item.input?.data, item.ordinal,
                    index + 1,
                    ItemState.dropped.rawValue, drop.reason.description, drop.summary, detail.canonical, pass,
                ]
            )
        }
        for table in ["evidence", "trace"] { try run("DELETE FROM \(table) WHERE item = ?", [item.key.data]) }
        for (position, evidence) in item.evidence.enumerated() {
            try run(
                """
                INSERT INTO evidence (item, position, subject, name, outcome, score, detail)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                """,
                [
                    item.key.data, position, evidence.subject, evidence.check, evidence.outcome.rawValue,
                    evidence.score, JSONValue.object(evidence.detail).canonical,
                ]
            )
        }
        for (position, entry) in item.trace.enumerated() {
            try run(
                "INSERT INTO trace (item, position, kind, key) VALUES (?, ?, ?, ?)",
                [item.key.data, position, entry.kind.rawValue, entry.key.data]
            )
        }
    }

    private func write(_ draft: DraftRecord, of item: ItemKey, position: Int) throws {
        let id = draft.content.id
        let body: JSONValue = [
            "messages": .array(draft.content.messages.map(\.json)), "fields": .object(draft.content.fields),
        ]
        try run("INSERT OR IGNORE INTO sample (id, body) VALUES (?, ?)", [id, body.packed])
        try run(
            """
            INSERT OR REPLACE INTO edge
                (child, item, parent, position, sample, labels, note, task, root, origin, licence)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                draft.key.data, item.data, draft.parent?.data, position, id,
                JSONValue.object(draft.content.labels).canonical, draft.note, draft.task.data,
                draft.group.data,
                draft.origin.json.canonical, draft.licence,
            ]
        )
    }

    private func write(_ call: CallRecord, _ bodies: [Data]) throws {
        // First writer wins: a reply that others may have read already is never replaced. One that a batch brought is
        // told later for which stage it was.
        try run(
            """
            INSERT INTO call (key, model, endpoint, request, reply, finish, input, cached, output, cost,
                milliseconds, attempts, booked, pass, role, stage)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (key) DO UPDATE SET stage = excluded.stage WHERE stage IS NULL
            """,
            [
                call.key.data, call.model, call.endpoint, bodies[0], bodies[1],
                call.reply.finish.rawValue, call.reply.usage?.input, call.reply.usage?.cachedInput,
                call.reply.usage?.output, call.cost, call.reply.milliseconds, call.attempts, call.booked,
                pass, call.buyer.role, call.buyer.stage,
            ]
        )
    }

    private func write(_ execution: ExecutionRecord) throws {
        // The first result stays, unless its bodies were dropped.
        try run(
            """
            INSERT INTO execution (key, job, result) VALUES (?, ?, ?)
            ON CONFLICT (key) DO UPDATE SET job = excluded.job, result = excluded.result
                WHERE \(DroppedBody.marks("execution.result"))
            """,
            [execution.key.data, execution.job.packed, execution.result.json.packed]
        )
    }

    private func write(_ record: PairRecord) throws {
        let pair = record.pair
        let body: JSONValue = [
            "prompt": .array(pair.prompt.map(\.json)), "chosen": pair.chosen.json,
            "rejected": pair.rejected.json,
            "detail": .object(pair.detail),
        ]
        try run(
            """
            INSERT OR REPLACE INTO pair (id, stage, task, root, chosen, rejected, body, pass)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?)
            """,
            [
                pair.id, record.stage, record.task.data, record.group.data, pair.chosenKey.data,
                pair.rejectedKey.data,
                body.packed, pass,
            ]
        )
    }

    private func write(_ file: FileRecord) throws {
        try run(
            """
            INSERT OR REPLACE INTO file (export, path, split, rows, bytes, digest, pass) VALUES (?, ?, ?, ?, ?, ?, ?)
            """,
            [file.export, file.path, file.split, file.rows, file.bytes, file.digest, pass]
        )
    }
}

/// An entry whose large bodies are compressed already.
struct PackedEntry: Sendable {
    let entry: LedgerEntry
    /// Of a call the request and the reply, of a batch its rows.
    let bodies: [Data]

    init(_ entry: LedgerEntry) {
        self.entry = entry
        bodies =
            switch entry {
            case .call(let call), .restored(let call): [call.request.packed, call.reply.body.packed]
            case .batch(let batch):
                [
                    JSONValue.array(batch.rows.map { ["role": .string($0.role), "request": $0.request] })
                        .packed
                ]
            default: []
            }
    }
}

extension ItemKey {
    /// The key of something dropped inside a unit.
    package static func drop(_ index: Int, of unit: ItemKey) -> ItemKey {
        ItemKey(deriving: ["drop", unit.description, String(index)])
    }

    var data: Data { Data(bytes) }

    init(data: Data) { self.init(bytes: Array(data)) }

    /// The same where a ledger may hold anything.
    init(stored data: Data) throws(LedgerProblem) {
        guard data.count == 16 else {
            throw LedgerProblem(
                .damaged,
                "the ledger holds a key of \(data.count) bytes, and a key has 16",
                hint: "`corpusmith ledger verify` names all that is wrong"
            )
        }
        self.init(data: data)
    }
}

extension CanonicalJSON {
    /// The text as a zstd frame.
    var packed: Data { Data(Zstd.compress(bytes)) }

    init(packed: Data) throws { self.init(written: try Zstd.decompress(Array(packed))) }
}

extension JSONValue {
    /// Canonical JSON as a zstd frame.
    var packed: Data { CanonicalJSON(self).packed }

    init(packed: Data) throws { self = try CanonicalJSON(packed: packed).value() }
}
