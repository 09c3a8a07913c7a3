import CorpusKit
import Synchronization

extension BatchChannel {
    /// Takes up the batches of earlier processes; see ``attach()``.
    func takeUp() async throws {
        let records = try await store.openBatches().filter { record in
            record.model == lane.configuration.name && record.endpoint == lane.label.address
                && record.api == lane.configuration.api
        }
        known.withLock { $0.formUnion(records.compactMap(\.id)) }
        for record in records {
            var batch = RunningBatch(
                record: record,
                rows: record.rows.compactMap { row in
                    guard let parcel = try? lane.parcel(row.request, for: row.role, mayStream: false) else {
                        return nil
                    }
                    return reserved(
                        BatchRow(key: row.request.key, request: row.request, role: row.role, parcel: parcel)
                    )
                }
            )
            rows.adopt(batch.rows)
            lane.counters.update { $0.inFlight += batch.rows.count }
            if record.id != nil {
                watch(batch, looksAtOnce: true)
            } else {
                try await search(&batch)
            }
        }
    }

    /// Looks for a batch whose name was never learnt, and watches what may be it; rows of one that is nowhere are free.
    func search(_ batch: inout RunningBatch) async throws {
        let record = batch.record
        guard let (state, isCertain) = try await find(record) else {
            try await store.close(record.tag, keeping: [])
            lane.counters.update { [count = batch.rows.count] in $0.inFlight -= count }
            settle(batch)
            refuse(batch, [:])
            return
        }
        known.withLock { _ = $0.insert(state.id) }
        batch.record.id = state.id
        batch.isCertain = isCertain
        if isCertain { try await store.name(record.tag, file: record.file, id: state.id) }
        watch(batch, looksAtOnce: true)
    }

    /// Finds a batch among those that the endpoint lists.
    ///
    /// An endpoint that lists nothing is taken to have nothing.
    ///
    /// - Returns: The batch, and whether it is surely the one; nil when none can be.
    /// - Throws: What stops the run when the list cannot be had.
    func find(_ record: BatchRecord) async throws -> (BatchState, isCertain: Bool)? {
        var possible: BatchState?
        var last: String?
        for _ in 0..<Self.pages {
            let answer: HTTPReply
            do {
                answer = try await calls.get(dialect.listURL(after: last))
            } catch let failed as BatchCalls.Failed {
                guard let status = failed.status, [404, 405, 501].contains(status) else {
                    throw calls.stop(failed.failure)
                }
                lane.shared.tell("`\(lane.label.address)` lists no batches, so one cannot be looked for")
                return nil
            }
            guard let body = try? JSONValue(parsing: answer.body), let list = body["data"]?.elements else {
                return possible.map { ($0, false) }
            }
            let states = list.compactMap(dialect.state)
            for state in states where !known.withLock({ $0.contains(state.id) }) {
                switch dialect.likeness(of: state, to: record) {
                case .same: return (state, true)
                // Lists begin with the newest; the oldest that is possible is the likeliest.
                case .possible: possible = state
                case .other: break
                }
            }
            let isOld = states.last?.createdAt.map { $0 < record.madeAt - 24 * 3600 } ?? true
            guard body["has_more"]?.flag == true, !isOld else { break }
            last = states.last?.id
        }
        return possible.map { ($0, false) }
    }

    private static let pages = 100
}
