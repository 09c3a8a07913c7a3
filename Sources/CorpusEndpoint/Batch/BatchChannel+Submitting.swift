import CorpusKit
import Synchronization

/// A batch together with what its rows need here.
struct RunningBatch: Sendable {
    var record: BatchRecord
    let rows: [BatchRow]
    /// Whether it is known to be the one that was remembered.
    var isCertain = true
}

extension BatchChannel {
    /// A batch that does not exist, and what that means for each of its rows.
    private struct Refusal: Error {
        let failure: CallFailure
    }

    /// Sends the next rows from the line.
    func submitNext() async {
        let taken = await takeAffordable()
        guard !taken.isEmpty else { return }
        let record = BatchRecord(
            tag: tag(of: taken),
            model: lane.configuration.name,
            endpoint: lane.label.address,
            api: lane.configuration.api,
            madeAt: lane.shared.now(),
            rows: taken.map { BatchRecord.Row(request: $0.request, role: $0.role) }
        )
        var batch = RunningBatch(record: record, rows: taken)
        do {
            try await store.remember(record)
            do {
                try await submit(&batch)
            } catch let refusal as Refusal {
                try await store.close(record.tag, keeping: [])
                refused(batch, refusal.failure)
                return
            } catch is BatchNotSent {
                try await store.close(record.tag, keeping: [])
                throw CancellationError()
            }
            lane.counters.update {
                $0.sent += taken.count
                $0.inFlight += taken.count
            }
            watch(batch, looksAtOnce: false)
        } catch {
            abandon(batch, error)
        }
    }

    /// The run ended between the upload and the batch.
    private struct BatchNotSent: Error {}

    /// Tells batches apart, also those of the same rows.
    private func tag(of rows: [BatchRow]) -> String {
        let moment = String(lane.shared.now().bitPattern, radix: 16)
        let number = drawn.withLock { drawn in
            drawn += 1
            return drawn
        }
        let parts = [moment, String(number), lane.label.address] + rows.map(\.key.description)
        return ItemKey(deriving: parts).description
    }

    /// Makes the batch; when this returns, its name is in the store.
    private func submit(_ batch: inout RunningBatch) async throws {
        let (tag, lines) = (batch.record.tag, batch.rows.map(\.line))
        if let upload = dialect.upload(lines, tag: tag) {
            // A file costs nothing, so one more does no harm.
            let answer: HTTPReply
            do {
                answer = try await calls.again("upload \(tag)") { try await calls.post(upload) }
            } catch let failed as BatchCalls.Failed {
                throw Refusal(failure: failed.failure)
            }
            guard let body = try? JSONValue(parsing: answer.body), let file = dialect.file(in: body) else {
                throw Refusal(failure: unreadable("no name for an uploaded file"))
            }
            batch.record.file = file
            try await store.name(tag, file: file, id: nil)
        }
        await gate.pass()
        guard rows.end == nil else { throw BatchNotSent() }
        let creation = dialect.creation(lines, file: batch.record.file, tag: tag)
        let (state, isCertain) = try await create(creation, batch.record)
        batch.isCertain = isCertain
        batch.record.id = state.id
        known.withLock { _ = $0.insert(state.id) }
        if isCertain { try await store.name(tag, file: batch.record.file, id: state.id) }
    }

    /// Posts the batch until it is there; before each further try it is looked for, since it may be there already.
    private func create(
        _ creation: BatchPost,
        _ record: BatchRecord
    ) async throws -> (BatchState, isCertain: Bool) {
        let key = ItemKey(deriving: ["batch", record.tag])
        var pacing = Pacing(lane.shared.policy, maxAttempts: lane.configuration.maxAttempts, request: key)
        var isUncertain = false
        while true {
            let failed: BatchCalls.Failed
            do {
                let answer = try await calls.post(creation)
                if let body = try? JSONValue(parsing: answer.body), let state = dialect.state(in: body) {
                    return (state, true)
                }
                let failure = unreadable("no batch")
                failed = BatchCalls.Failed(failure: failure, status: answer.status, isUncertain: true)
            } catch let other as BatchCalls.Failed {
                failed = other
            }
            isUncertain = isUncertain || failed.isUncertain
            if failed.isUncertain, let found = try await find(record) { return found }
            guard case .wait(let wait) = pacing.step(after: failed.failure) else {
                // It may still come to light: the store keeps what may have been paid for.
                guard !isUncertain else { throw calls.stop(failed.failure) }
                throw Refusal(failure: failed.failure)
            }
            do {
                try await waits.wait(wait)
            } catch is CancellationError where !isUncertain {
                throw BatchNotSent()
            }
        }
    }

    private func unreadable(_ what: String) -> CallFailure {
        CallFailure(
            .again(after: nil),
            .badReply,
            "the endpoint `\(lane.label.address)` answered with \(what)",
            hint: "check the address: something else may answer there"
        )
    }

    // MARK: - Batches that do not come about

    /// Tells the rows of a batch that was not made.
    private func refused(_ batch: RunningBatch, _ failure: CallFailure) {
        settle(batch)
        let row = failure.message.firstMatch(of: /requests\.(\d+)\b/).flatMap { Int($0.1) }
        if !failure.stopsRun, let row, batch.rows.indices.contains(row) {
            refuse(batch, [row: failure])
        } else if failure.kind == .tooLong, batch.rows.count > 1 {
            rows.shrink(to: batch.rows.reduce(0) { $0 + $1.parcel.body.count } / 2)
            refuse(batch, [:])
        } else if failure.kind == .tooLong || failure.kind == .refused {
            finish(batch.rows, failure, .final)
        } else {
            let error = calls.stop(failure)
            rows.finish(batch.rows.map { ($0.key, .failure(error)) })
        }
    }

    /// Some rows are to blame; the others go into the next batch.
    func refuse(_ batch: RunningBatch, _ blame: [Int: CallFailure]) {
        let others = CallFailure(
            .again(after: nil),
            .endpointRefused,
            "the endpoint `\(lane.label.address)` refused a batch because of other rows"
        )
        rows.finish(
            batch.rows.enumerated().map { index, row in
                let failure = blame[index] ?? others
                // A batch of which nothing can be blamed would be refused again.
                let standing: RowEnd.Standing = blame[index] == nil ? .uncounted : .final
                return (row.key, .success(RowEnd(outcome: .failure(failure, standing))))
            }
        )
    }

    /// Tells all rows the same.
    func finish(_ ended: [BatchRow], _ failure: CallFailure, _ standing: RowEnd.Standing) {
        rows.finish(ended.map { ($0.key, .success(RowEnd(outcome: .failure(failure, standing)))) })
    }

    /// Lets go of a batch of which nothing more can be learnt now; the store keeps it.
    func abandon(_ batch: RunningBatch, _ error: any Error) {
        settle(batch)
        rows.finish(batch.rows.map { ($0.key, .failure(error)) })
    }
}
