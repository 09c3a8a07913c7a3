import CorpusKit
import Synchronization

extension BatchChannel {
    /// Looks at a batch from time to time until it has ended, and takes what it brought.
    func watch(_ batch: RunningBatch, looksAtOnce: Bool) {
        underWay.withLock { $0 += 1 }
        spawn { [self] in
            do {
                try await follow(batch, looksAtOnce: looksAtOnce)
            } catch {
                lane.counters.update { $0.inFlight -= batch.rows.count }
                abandon(batch, error)
            }
            underWay.withLock { $0 -= 1 }
        }
    }

    private func follow(_ batch: RunningBatch, looksAtOnce: Bool) async throws {
        var wait = settings.firstPoll
        var looksNow = looksAtOnce
        while true {
            if !looksNow {
                try await waits.wait(wait)
                wait = min(wait + wait / 2, settings.longestPoll)
            }
            looksNow = false
            if let end = rows.end { throw end }
            switch try await look(at: batch) {
            case .running: continue
            case .refused(let faults): return try await refused(batch, faults)
            case .gone where batch.isCertain: return try await resolve(batch, [:])
            case .gone:
                var batch = batch
                return try await search(&batch)
            case .ended(let addresses):
                var answers: [String: RowAnswer] = [:]
                for address in addresses {
                    if let end = rows.end { throw end }
                    try await read(address, into: &answers)
                }
                guard batch.isCertain || batch.rows.contains(where: { answers[$0.key.description] != nil })
                else {
                    // Somebody else's: the next one may be ours.
                    var batch = batch
                    return try await search(&batch)
                }
                return try await resolve(batch, answers)
            }
        }
    }

    private func look(at batch: RunningBatch) async throws -> BatchState.Phase {
        let id = batch.record.id ?? ""
        do {
            let answer = try await calls.get(dialect.url(of: id))
            guard let body = try? JSONValue(parsing: answer.body), let state = dialect.state(in: body) else {
                throw calls.stop(
                    CallFailure(
                        .again(after: nil),
                        .badReply,
                        "the endpoint `\(lane.label.address)` does not tell how the batch `\(id)` stands"
                    )
                )
            }
            return state.phase
        } catch let failed as BatchCalls.Failed {
            guard failed.status == 404 else { throw calls.stop(failed.failure) }
            let age = lane.shared.now() - batch.record.madeAt
            if age > Double(dialect.daysOfResults * 24 * 3600) { return .gone }
            throw calls.stop(
                CallFailure(
                    .never,
                    .badAddress,
                    "the endpoint `\(lane.label.address)` does not know the batch `\(id)`, whose rows are paid for",
                    hint: "use the key that it was made with; other keys may not see it"
                )
            )
        }
    }

    private func read(_ address: String, into answers: inout [String: RowAnswer]) async throws {
        let found = Mutex(answers)
        do {
            try await calls.results(address) { [dialect] line in
                guard let value = try? JSONValue(parsing: line), let (key, answer) = dialect.answer(in: value)
                else { return }
                found.withLock { found in
                    // A row that is told of twice has one answer at most.
                    if case .undone = answer, found[key] != nil { return }
                    found[key] = answer
                }
            }
        } catch let failed as BatchCalls.Failed {
            throw calls.stop(failed.failure)
        }
        answers = found.withLock { $0 }
    }

    // MARK: - Ends

    /// Books what a batch brought, forgets it, and tells its rows.
    private func resolve(_ batch: RunningBatch, _ answers: [String: RowAnswer]) async throws {
        var ends: [(ItemKey, Result<RowEnd, any Error>)] = []
        var kept: [BatchedReply] = []
        var amounts: [Amounts] = []
        for row in batch.rows {
            let end = end(of: row, answers[row.key.description], batch.record)
            if case .reply(let reply) = end.outcome {
                kept.append(BatchedReply(request: row.request, role: row.role, reply: reply))
            }
            ends.append((row.key, .success(end)))
            amounts.append(end.used)
        }
        try await store.close(batch.record.tag, keeping: kept)
        settle(batch, used: amounts)
        lane.counters.update { counts in
            counts.inFlight -= batch.rows.count
            counts.replies += kept.count
            counts.cost += amounts.reduce(0) { $0 + $1.nanoDollars }
            for reply in kept {
                counts.usage.input += reply.reply.reply.usage?.input ?? 0
                counts.usage.cachedInput += reply.reply.reply.usage?.cachedInput ?? 0
                counts.usage.output += reply.reply.reply.usage?.output ?? 0
            }
        }
        if !kept.isEmpty { breaker.succeeded() }
        rows.finish(ends)
    }

    private func end(of row: BatchRow, _ answer: RowAnswer?, _ record: BatchRecord) -> RowEnd {
        let answer = answer ?? .undone("it is missing from the results")
        guard case .answered(let status, let body) = answer else {
            var reason = ""
            if case .undone(let text) = answer { reason = lane.label.explanation(text, request: row.request) }
            let failure = CallFailure(
                .again(after: nil),
                .batchUndone,
                "a batch at `\(lane.label.address)` ended without this request\(reason)"
            )
            return RowEnd(outcome: .failure(failure, .counted))
        }
        switch lane.read(status, body, to: row.request) {
        case .success(var reply):
            reply.milliseconds = max(0, Int(clamping: Int64((lane.shared.now() - record.madeAt) * 1000)))
            let used = reply.usage.map { lane.amounts($0) } ?? row.parcel.worstCase
            let given = EndpointReply(
                reply: reply,
                attempts: row.attempts + 1,
                charge: lane.charge(used),
                endpoint: lane.label.address
            )
            return RowEnd(outcome: .reply(given), used: used)
        case .failure(let failure):
            let used = failure.mayBeCharged ? row.parcel.worstCase : Amounts()
            return RowEnd(outcome: .failure(failure, .counted), used: used)
        }
    }

    /// A batch that the endpoint looked at and did not begin with: nothing was paid.
    private func refused(_ batch: RunningBatch, _ faults: [BatchFault]) async throws {
        try await store.close(batch.record.tag, keeping: [])
        settle(batch)
        lane.counters.update { $0.inFlight -= batch.rows.count }
        var blame: [Int: CallFailure] = [:]
        for fault in faults {
            guard let index = fault.row, batch.rows.indices.contains(index), blame[index] == nil else {
                continue
            }
            blame[index] = failure(fault, batch.rows[index].request)
        }
        guard blame.isEmpty else { return refuse(batch, blame) }
        let fault = faults.first ?? BatchFault(report: ErrorReport(batchError: nil))
        let failure = failure(fault, nil)
        guard failure.isRefusal else {
            let error = calls.stop(failure)
            rows.finish(batch.rows.map { ($0.key, .failure(error)) })
            return
        }
        // Too many tokens wait there already. When they are all ours, the batch itself is too large.
        if underWay.withLock({ $0 }) <= 1 {
            rows.shrink(to: batch.rows.reduce(0) { $0 + $1.parcel.body.count } / 2)
        }
        var patient = failure
        patient.kind = .again(after: .seconds(600))
        finish(batch.rows, patient, .uncounted)
    }

    private func failure(_ fault: BatchFault, _ request: ModelRequest?) -> CallFailure {
        let isFull = fault.report.names.contains { $0.contains("limit_exceeded") }
        var failure = CallFailure(
            isFull ? 429 : fault.report.status ?? 400,
            fault.report,
            [:],
            from: lane.label,
            request: request,
            now: lane.shared.now()
        )
        let place = fault.row.map { "line \($0 + 1) of a batch was refused: " } ?? "a batch was refused: "
        failure.message = place + failure.message
        if fault.row != nil, case .again = failure.kind { failure.kind = .never }
        return failure
    }
}

extension ReasonCode {
    static let batchUndone: ReasonCode = "batch-undone"
}
