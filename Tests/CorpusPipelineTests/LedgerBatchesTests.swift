import CorpusKit
import CorpusLedger
import CorpusPipeline
import Foundation
import Testing

@Suite("Batches of a run")
struct LedgerBatchesTests {
    @Test("What a run remembers of a batch is what the next one finds, and replies are kept with its end")
    func store() async throws {
        let folder = NSTemporaryDirectory() + "corpusmith-store-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        func store() throws -> (LedgerBatches, Ledger) {
            let ledger = try Ledger.begin(
                path: folder + "/ledger.sqlite",
                name: "t",
                recipe: "r",
                plan: ["nodes": []],
                product: "test",
                now: 0
            )
            return (LedgerBatches(ledger), ledger)
        }
        let request = ModelRequest(
            model: "m",
            messages: [Message(.user, "hi")],
            sampling: Sampling(temperature: 0.5),
            schema: ["type": "object"]
        )
        var batch = BatchRecord(
            tag: "t",
            model: "m",
            endpoint: "e",
            api: .anthropic,
            madeAt: 1.5,
            rows: [BatchRecord.Row(request: request, role: "teacher")]
        )
        do {
            let (batches, _) = try store()
            try await batches.remember(batch)
            try await batches.name("t", file: "f", id: "b")
        }
        (batch.file, batch.id) = ("f", "b")
        let (batches, ledger) = try store()
        #expect(try await batches.openBatches() == [batch])

        let reply = EndpointReply(
            reply: ModelReply(text: "hello"),
            charge: Charge(tokens: 5, cost: 7),
            endpoint: "e"
        )
        try await batches.close(
            "t",
            keeping: [BatchedReply(request: request, role: "teacher", reply: reply)]
        )

        #expect(try await batches.openBatches().isEmpty)
        #expect(try ledger.call(request.key)?.text == "hello")
        #expect(try ledger.spent().perRole["teacher"] == Spent(calls: 1, tokens: 5, nanoDollars: 7))
    }
}
