import CorpusModel
import Foundation
import GRDB
import Testing

@testable import CorpusLedger

@Suite("Batches on the ledger")
struct BatchTableTests {
    private let path: String

    init() throws {
        let folder = NSTemporaryDirectory() + "corpusmith-batches-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        path = folder + "/ledger.sqlite"
    }

    private func begin() throws -> Ledger {
        try Ledger.begin(path: path, name: "t", recipe: "r", plan: ["nodes": []], product: "test", now: 0)
    }

    private func batch(_ tag: String, madeAt: Double) -> OpenBatch {
        let request = ModelRequest(model: "m", messages: [Message(.user, tag)], sampling: Sampling())
        return OpenBatch(
            tag: tag,
            model: "m",
            endpoint: "e",
            api: "openai",
            madeAt: madeAt,
            rows: [OpenBatch.Row(request: request.json, role: "judge")],
            file: nil,
            id: nil
        )
    }

    private func call(of batch: OpenBatch, stage: String?) throws -> CallRecord {
        let request = try #require(ModelRequest(json: batch.rows[0].request))
        return CallRecord(
            key: request.key,
            model: "m",
            endpoint: "e",
            request: request.canonical,
            reply: ModelReply(text: stage ?? "from the batch"),
            attempts: 1,
            booked: 12,
            cost: 30,
            buyer: Buyer(role: "judge", stage: stage)
        )
    }

    @Test("A batch outlives the process with its rows and names, and ends together with its replies")
    func batches() async throws {
        var (old, new) = (batch("old", madeAt: 1), batch("new", madeAt: 2))
        do {
            let ledger = try begin()
            try await ledger.commit([.batch(new), .batch(old)])
            try await ledger.commit([.batchNames(tag: "old", file: "f", id: nil)])
            try await ledger.commit([.batchNames(tag: "new", file: nil, id: "b")])
        }
        (old.file, new.id) = ("f", "b")
        let ledger = try begin()
        #expect(try ledger.openBatches() == [old, new])

        try await ledger.commit([.call(call(of: old, stage: nil)), .batchEnd(tag: "old")])
        try await ledger.commit([.batchEnd(tag: "unknown")])
        #expect(try ledger.openBatches() == [new])
        #expect(try ledger.faults() == [])
    }

    @Test("A reply that a batch brought is told later for which stage it was, and is booked once")
    func stage() async throws {
        let ledger = try begin()
        let batch = batch("a", madeAt: 1)
        try await ledger.commit([.call(call(of: batch, stage: nil))])
        try await ledger.commit([.call(call(of: batch, stage: "s"))])
        try await ledger.commit([.call(call(of: batch, stage: "t"))])

        let stage = try await ledger.pool.read { try String.fetchOne($0, sql: "SELECT stage FROM call") }
        #expect(stage == "s")
        #expect(try ledger.call(call(of: batch, stage: nil).key)?.text == "from the batch")
        #expect(try ledger.spent().total == Spent(calls: 1, tokens: 12, nanoDollars: 30))
    }
}
