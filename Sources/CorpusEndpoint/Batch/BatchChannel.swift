import CorpusKit
import Synchronization

/// The way to one model through its endpoint's batch API.
///
/// Requests are collected until a batch is full or no further one comes. A batch is in the store before anything of it
/// is sent, and leaves it together with its replies, so that whatever ends the process, no row is paid for twice: a
/// later channel with the same store takes up what is under way.
final class BatchChannel: Sendable {
    let lane: Lane
    let settings: BatchSettings
    let dialect: any BatchDialect
    let store: any BatchStore
    let rows: BatchRows
    let calls: BatchCalls
    let waits: RetryWaits
    let breaker: Breaker
    /// Shut while no batch may be sent.
    let gate = PauseGate()
    /// The endpoint's names of batches that are not looked for any more.
    let known = Mutex<Set<String>>([])
    /// How many batches are under way.
    let underWay = Mutex(0)
    /// How many tags have been made up.
    let drawn = Mutex(0)
    private let work = Mutex(Work())

    private struct Work: Sendable {
        var attachment: Task<Void, any Error>?
        var tasks: [UInt64: Task<Void, Never>] = [:]
        var lastNumber: UInt64 = 0
        var isStopped = false
    }

    /// Creates a channel; nothing is sent.
    ///
    /// - Parameters:
    ///   - lane: The endpoint, at the price of batches.
    ///   - dialect: What speaks to its batch API.
    ///   - settings: How rows are put together.
    ///   - store: What remembers batches.
    ///   - shared: What all lanes share.
    init(
        _ lane: Lane,
        _ dialect: any BatchDialect,
        _ settings: BatchSettings,
        _ store: any BatchStore,
        _ shared: Lane.Surroundings
    ) {
        let rows = BatchRows(
            maxRows: max(1, min(settings.maxRows, dialect.maxRows)),
            maxBytes: max(1, min(settings.maxBytes, dialect.maxBytes))
        )
        let waits = RetryWaits(shared.sleep)
        let breaker = Breaker(shared.policy, [lane.label.address]) { failure in
            rows.close(failure)
            waits.end(failure)
        }
        calls = BatchCalls(lane: lane, breaker: breaker, waits: waits)
        (self.lane, self.dialect, self.settings, self.store) = (lane, dialect, settings, store)
        (self.rows, self.waits, self.breaker) = (rows, waits, breaker)
    }

    /// Gets a reply; see `ModelEndpoint`.
    func complete(
        _ request: ModelRequest,
        for role: String,
        charged: @Sendable (Charge) async throws -> Void
    ) async throws -> EndpointReply {
        try breaker.check()
        try await attach()
        var row = BatchRow(
            key: request.key,
            request: request,
            role: role,
            parcel: try lane.parcel(request, for: role, mayStream: false)
        )
        var unusable = 0
        var waited = Duration.zero
        while true {
            try breaker.check()
            let end = try await rows.end(of: row, now: lane.shared.elapsed()) { collect() }
            row.attempts += 1
            switch end.outcome {
            case .reply(var reply):
                reply.attempts = row.attempts
                return reply
            case .failure(let failure, let standing):
                if end.used != Amounts() { try await charged(lane.charge(end.used)) }
                if failure.code == .badReply { unusable += 1 }
                if standing == .uncounted { row.attempts -= 1 }
                guard case .again(let wish) = failure.kind, standing != .final,
                    row.attempts < lane.configuration.maxAttempts, waited < Self.patience,
                    unusable < lane.shared.policy.unusableReplies
                else {
                    lane.counters.update { $0.failures += 1 }
                    // What befalls single rows says nothing about the endpoint, unless it stops the run.
                    guard failure.stopsRun else { throw failure.workFailure(attempts: row.attempts) }
                    throw breaker.failed(row.key, failure, attempts: row.attempts)
                }
                lane.counters.update { $0.retries[failure.code, default: 0] += 1 }
                guard let wish else { continue }
                waited += wish
                try await waits.wait(wish)
            }
        }
    }

    /// How long a row waits in all for an endpoint that takes no more batches; it does its work within a day.
    private static let patience = Duration.seconds(36 * 3600)

    /// Takes up what earlier channels left under way; done once, before anything else.
    func attach() async throws {
        let task = work.withLock { work in
            if let task = work.attachment { return task }
            let task = Task { try await takeUp() }
            work.attachment = task
            return task
        }
        try await task.value
    }

    /// Sends no further batch and lets nobody wait; what is under way stays with the endpoint and in the store.
    func drain() {
        rows.close(CancellationError())
        waits.end(CancellationError())
        gate.end()
    }

    /// Drains, aborts exchanges, and returns when nothing goes on any more.
    func stop() async {
        drain()
        let (tasks, attachment) = work.withLock { work in
            work.isStopped = true
            return (Array(work.tasks.values), work.attachment)
        }
        attachment?.cancel()
        for task in tasks { task.cancel() }
        for task in tasks { await task.value }
        _ = await attachment?.result
    }

    /// Does something beside the calls, until it ends or the channel is stopped.
    func spawn(_ body: @escaping @Sendable () async -> Void) {
        work.withLock { work in
            guard !work.isStopped else { return }
            work.lastNumber += 1
            let number = work.lastNumber
            work.tasks[number] = Task { [weak self] in
                await body()
                self?.work.withLock { _ = $0.tasks.removeValue(forKey: number) }
            }
        }
    }

    private func collect() {
        spawn { [self] in
            let sleep: @Sendable (Duration) async throws -> Void = { [waits] in try await waits.wait($0) }
            while await rows.ripen(settings.quiet, now: lane.shared.elapsed, sleep: sleep) {
                await gate.pass()
                if rows.end == nil { await submitNext() }
            }
        }
    }
}
