package import CorpusKit
package import CorpusLedger

/// Batches on the run's ledger, so that no end of a run lets a row be paid for twice.
package struct LedgerBatches: BatchStore {
    private let ledger: Ledger

    /// Keeps batches on a ledger.
    package init(_ ledger: Ledger) { self.ledger = ledger }

    package func remember(_ batch: BatchRecord) async throws {
        try await ledger.commit([
            .batch(
                OpenBatch(
                    tag: batch.tag,
                    model: batch.model,
                    endpoint: batch.endpoint,
                    api: batch.api.rawValue,
                    madeAt: batch.madeAt,
                    rows: batch.rows.map { OpenBatch.Row(request: $0.request.json, role: $0.role) },
                    file: batch.file,
                    id: batch.id
                )
            )
        ])
    }

    package func name(_ tag: String, file: String?, id: String?) async throws {
        try await ledger.commit([.batchNames(tag: tag, file: file, id: id)])
    }

    package func openBatches() async throws -> [BatchRecord] {
        try ledger.openBatches().compactMap { batch in
            guard let api = EndpointAPI(rawValue: batch.api) else { return nil }
            return BatchRecord(
                tag: batch.tag,
                model: batch.model,
                endpoint: batch.endpoint,
                api: api,
                madeAt: batch.madeAt,
                rows: batch.rows.compactMap { row in
                    ModelRequest(json: row.request).map { BatchRecord.Row(request: $0, role: row.role) }
                },
                file: batch.file,
                id: batch.id
            )
        }
    }

    package func close(_ tag: String, keeping replies: [BatchedReply]) async throws {
        let calls = replies.map { kept in
            let request = kept.request.canonical
            return LedgerEntry.call(
                CallRecord(
                    key: request.key,
                    model: kept.request.model,
                    endpoint: kept.reply.endpoint,
                    request: request,
                    reply: kept.reply.reply,
                    attempts: kept.reply.attempts,
                    booked: kept.reply.charge.tokens,
                    cost: kept.reply.charge.cost,
                    // The stage that asked tells itself when it gets the reply.
                    buyer: Buyer(role: kept.role, stage: nil)
                )
            )
        }
        try await ledger.commit(calls + [.batchEnd(tag: tag)])
    }
}
