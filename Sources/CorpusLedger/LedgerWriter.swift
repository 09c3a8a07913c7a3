package import CorpusModel
import CorpusText
import Foundation
import GRDB

/// Writes entries inside one transaction.
final class LedgerWriter {
    let database: Database
    let pass: Int
    /// Whether rows are found by their keys: else every item is new; see ``LedgerIndexes``.
    let isIndexed: Bool
    /// Whether runs share this ledger: see ``SharedLedger``.
    let isShared: Bool
    /// The statements that most entries need: to find one by its text takes as long as to run it.
    var itemInsertion: RowInsertion?
    var edgeInsertion: RowInsertion?
    var traceInsertion: RowInsertion?
    private var callInsertion: RowInsertion?

    init(database: Database, pass: Int, isIndexed: Bool, isShared: Bool) {
        self.isShared = isShared
        self.database = database
        self.pass = pass
        self.isIndexed = isIndexed
    }

    func write(_ packed: PackedEntry) throws {
        switch packed.entry {
        case .item(let item): try write(item, packed.texts)
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

    func run(_ sql: String, _ arguments: StatementArguments) throws {
        try database.cachedStatement(sql: sql).execute(arguments: arguments)
    }

    private static let calls = """
        INSERT INTO call (key, model, endpoint, request, reply, finish, input, cached, output, cost,
            milliseconds, attempts, booked, pass, role, stage)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (key)
        """
    /// First writer wins: a reply that others may have read already is never replaced.
    ///
    /// One that a batch brought is told later for which stage it was.
    private static let ownCalls =
        calls + " DO UPDATE SET stage = excluded.stage WHERE stage IS NULL"
    /// Where nothing was made of a reply, a new one may take the place of one that was dropped.
    private static let sharedCalls =
        calls + """
             DO UPDATE SET model = excluded.model, endpoint = excluded.endpoint, request = excluded.request,
                reply = excluded.reply, finish = excluded.finish, input = excluded.input, cached = excluded.cached,
                output = excluded.output, cost = excluded.cost, milliseconds = excluded.milliseconds,
                attempts = excluded.attempts, booked = excluded.booked, pass = excluded.pass, role = excluded.role,
                stage = excluded.stage
                WHERE \(DroppedBody.marks("call.reply"))
            """

    private func write(_ call: CallRecord, _ bodies: [Data]) throws {
        let calls = try insertion(&callInsertion, isShared ? Self.sharedCalls : Self.ownCalls)
        try calls.insert { row in
            row.add(call.key)
            row.add(call.model)
            row.add(call.endpoint)
            row.add(bodies[0])
            row.add(bodies[1])
            row.add(call.reply.finish.rawValue)
            row.add(call.reply.usage?.input)
            row.add(call.reply.usage?.cachedInput)
            row.add(call.reply.usage?.output)
            row.add(call.cost)
            row.add(call.reply.milliseconds)
            row.add(call.attempts)
            row.add(call.booked)
            row.add(pass)
            row.add(call.buyer.role)
            row.add(call.buyer.stage)
        }
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
    /// The text as a zstd frame; see ``BodyDictionary``.
    var packed: Data { Data(BodyDictionary.shared.compress(bytes)) }

    init(packed: Data) throws { self.init(written: try BodyDictionary.shared.decompress(Array(packed))) }
}

extension JSONValue {
    /// Canonical JSON as a zstd frame.
    var packed: Data { CanonicalJSON(self).packed }

    init(packed: Data) throws { self = try CanonicalJSON(packed: packed).value() }
}
