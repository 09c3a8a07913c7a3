import CorpusKit
import Synchronization

/// What a call wants to send.
struct LeaseNeed: Sendable, Hashable {
    /// Who waits together: roles take turns.
    var role: String
    /// Whether the call has been sent before: it goes ahead of first tries.
    var isRetry = false
    /// Tokens of the prompt, as estimated.
    var input: Int
    /// Tokens that the reply may have.
    var output: Int
}

/// Permission to send one request: a place, and a share of the rates.
struct Lease: Sendable, Hashable {
    let need: LeaseNeed
    /// When it was given, in seconds of the desk's clock.
    let start: Double
}

/// Gives out the leases of one model at one endpoint.
///
/// Retries come first, since they have waited already; then the roles take turns, each in the order of asking. Who is
/// first in turn waits until its share of every rate is there, and nobody overtakes it.
final class LeaseDesk: Sendable {
    fileprivate struct State: Sendable {
        var limit: AdaptiveLimit
        var inFlight = 0
        var requests: RateBucket
        var input: RateBucket
        var output: RateBucket
        var both: RateBucket
        var retries = WaitingLine<Waiter>()
        var lines: [String: WaitingLine<Waiter>] = [:]
        /// The roles in the order of their turns; the first one is next.
        var turns: [String] = []
        var lastNumber: UInt64 = 0
        var waiting = 0
        var end: (any Error)?
        /// Whether nobody gets a lease for now.
        var isPaused = false
        /// When the desk looks again by itself.
        var alarm: Double?
    }

    fileprivate struct Waiter: Sendable {
        let need: LeaseNeed
        let continuation: CheckedContinuation<Lease, any Error>
    }

    private typealias Moved = [(Waiter, Result<Lease, any Error>)]

    private let now: @Sendable () -> Double
    private let sleep: @Sendable (Duration) async throws -> Void
    private let state: Mutex<State>

    /// Opens a desk.
    ///
    /// - Parameters:
    ///   - mode: How the number of places is found.
    ///   - rates: What the recipe says about rates.
    ///   - now: Seconds of a clock that never goes back.
    ///   - sleep: Waits on that clock.
    init(
        _ mode: AdaptiveLimit.Mode,
        rates: RateLimits = RateLimits(),
        now: @escaping @Sendable () -> Double,
        sleep: @escaping @Sendable (Duration) async throws -> Void
    ) {
        self.now = now
        self.sleep = sleep
        let start = now()
        state = Mutex(
            State(
                limit: AdaptiveLimit(mode, now: start),
                requests: RateBucket(perMinute: rates.requests, now: start),
                input: RateBucket(perMinute: rates.inputTokens, now: start),
                output: RateBucket(perMinute: rates.outputTokens, now: start),
                both: RateBucket(perMinute: nil, now: start)
            )
        )
    }

    /// How many calls may be in flight, are, and wait.
    var standing: (limit: Int, inFlight: Int, waiting: Int) {
        state.withLock { ($0.limit.limit, $0.inFlight, $0.waiting) }
    }

    /// Whether a call would get its lease at once.
    var isFree: Bool {
        state.withLock { $0.waiting == 0 && $0.inFlight < $0.limit.limit && !$0.isPaused }
    }

    /// Waits for a lease; every one must be ended.
    ///
    /// - Throws: `CancellationError` when the caller was cancelled, or what ``close(_:)`` was told.
    func lease(_ need: LeaseNeed) async throws -> Lease {
        let now = now()
        let quick = try state.withLock { state throws -> Lease? in
            if let end = state.end { throw end }
            guard !state.isPaused, state.waiting == 0, state.wait(for: need, now: now) == 0 else {
                return nil
            }
            return state.grant(need, now: now)
        }
        if let quick { return quick }
        let number = state.withLock { state in
            state.lastNumber += 1
            return state.lastNumber
        }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { join(number, Waiter(need: need, continuation: $0)) }
        } onCancel: {
            let (waiter, moved) = state.withLock { state in
                // Others may have waited for this one alone.
                (state.leave(number, need), advance(&state))
            }
            waiter?.continuation.resume(throwing: CancellationError())
            resume(moved)
        }
    }

    /// A lease, if there is one to be had at once.
    func leaseNow(_ need: LeaseNeed) -> Lease? {
        let now = now()
        return state.withLock { state in
            guard state.end == nil, !state.isPaused, state.waiting == 0, state.wait(for: need, now: now) == 0
            else { return nil }
            return state.grant(need, now: now)
        }
    }

    private func join(_ number: UInt64, _ waiter: Waiter) {
        let (refusal, moved) = state.withLock { state -> ((any Error)?, Moved) in
            if let end = state.end { return (end, []) }
            // A cancellation before this point found nobody in the line; one after it will.
            if Task.isCancelled { return (CancellationError(), []) }
            state.join(number, waiter)
            return (nil, advance(&state))
        }
        if let refusal { waiter.continuation.resume(throwing: refusal) }
        resume(moved)
    }

    /// Gives a lease back.
    ///
    /// - Parameters:
    ///   - lease: The lease.
    ///   - end: How the call ended; nil when nothing was sent.
    ///   - usage: What it used; nil when unknown.
    ///   - notice: What the endpoint said about its rates.
    func end(_ lease: Lease, _ end: AdaptiveLimit.End?, usage: TokenUsage? = nil, notice: RateNotice? = nil) {
        let now = now()
        let moved = state.withLock { state in
            if let end {
                state.limit.ended(end, start: lease.start, now: now, inFlight: state.inFlight)
            } else {
                state.requests.correct(by: 1)
            }
            state.inFlight -= 1
            state.correct(lease.need, usage: end == nil ? TokenUsage() : usage)
            if let notice { state.learn(notice, now: now) }
            return advance(&state)
        }
        resume(moved)
    }

    /// Takes note of what the server says about its queue.
    func observe(_ queue: AdaptiveLimit.Queue?) { state.withLock { $0.limit.observe(queue) } }

    /// Gives no lease for now, or gives them again; who waits, waits on.
    func setPaused(_ isPaused: Bool) {
        let now = now()
        let moved = state.withLock { state in
            guard state.isPaused != isPaused else { return Moved() }
            state.isPaused = isPaused
            if !isPaused { state.limit.restart(now: now) }
            return advance(&state)
        }
        resume(moved)
    }

    /// Gives no lease any more.
    ///
    /// Whoever waits gets the error, and so does whoever comes later; the first error counts.
    func close(_ error: any Error) {
        let moved = state.withLock { state in
            if state.end == nil { state.end = error }
            return advance(&state)
        }
        resume(moved)
    }

    /// Sends away who waits, those first whose turn would come first.
    ///
    /// - Parameters:
    ///   - error: What they get.
    ///   - most: How many at most.
    func expel(_ error: any Error, most: Int = .max) {
        let moved = state.withLock { state -> Moved in
            var moved: Moved = []
            while moved.count < most, let waiter = state.next() {
                state.removeNext()
                moved.append((waiter, .failure(error)))
            }
            return moved
        }
        resume(moved)
    }

    // MARK: - Turns

    /// Lets everybody move whose turn has come; the caller resumes them outside the lock.
    private func advance(_ state: inout State) -> Moved {
        var moved: Moved = []
        if let end = state.end {
            while let waiter = state.next() {
                state.removeNext()
                moved.append((waiter, .failure(end)))
            }
            return moved
        }
        guard !state.isPaused else { return moved }
        let now = now()
        while let waiter = state.next() {
            let wait = state.wait(for: waiter.need, now: now)
            guard wait == 0 else {
                if wait < .infinity { wake(&state, at: now + wait) }
                break
            }
            state.removeNext()
            moved.append((waiter, .success(state.grant(waiter.need, now: now))))
        }
        return moved
    }

    private func resume(_ moved: Moved) {
        for (waiter, result) in moved { waiter.continuation.resume(with: result) }
    }

    /// Looks again at a moment, unless an earlier look is due.
    private func wake(_ state: inout State, at moment: Double) {
        if let alarm = state.alarm, alarm <= moment { return }
        state.alarm = moment
        let wait = Duration.seconds(max(0.001, moment - now()))
        Task { [weak self, sleep] in
            try? await sleep(wait)
            self?.ring(moment)
        }
    }

    private func ring(_ moment: Double) {
        let moved = state.withLock { state in
            if state.alarm == moment { state.alarm = nil }
            return advance(&state)
        }
        resume(moved)
    }
}

extension LeaseDesk.State {
    /// How many seconds until a call may be sent: infinite when only another call's end helps.
    fileprivate mutating func wait(for need: LeaseNeed, now: Double) -> Double {
        guard inFlight < limit.limit else { return .infinity }
        return max(
            max(requests.wait(for: 1, now: now), input.wait(for: Double(need.input), now: now)),
            max(
                output.wait(for: Double(need.output), now: now),
                both.wait(for: Double(need.input + need.output), now: now)
            )
        )
    }

    fileprivate mutating func grant(_ need: LeaseNeed, now: Double) -> Lease {
        inFlight += 1
        requests.take(1, now: now)
        input.take(Double(need.input), now: now)
        output.take(Double(need.output), now: now)
        both.take(Double(need.input + need.output), now: now)
        return Lease(need: need, start: now)
    }

    /// Puts the estimates of a call right.
    fileprivate mutating func correct(_ need: LeaseNeed, usage: TokenUsage?) {
        guard let usage else { return }
        input.correct(by: Double(need.input - usage.input))
        output.correct(by: Double(need.output - usage.output))
        both.correct(by: Double(need.input + need.output - usage.total))
    }

    fileprivate mutating func learn(_ notice: RateNotice, now: Double) {
        for (kind, known) in notice.limits {
            switch kind {
            case .requests:
                requests.learn(limit: known.limit, remaining: known.remaining, reset: known.reset, now: now)
            case .inputTokens:
                input.learn(limit: known.limit, remaining: known.remaining, reset: known.reset, now: now)
            case .outputTokens:
                output.learn(limit: known.limit, remaining: known.remaining, reset: known.reset, now: now)
            case .tokens:
                both.learn(limit: known.limit, remaining: known.remaining, reset: known.reset, now: now)
            }
        }
    }

    fileprivate mutating func join(_ number: UInt64, _ waiter: LeaseDesk.Waiter) {
        waiting += 1
        guard !waiter.need.isRetry else { return retries.join(number, waiter) }
        if lines[waiter.need.role] == nil { turns.append(waiter.need.role) }
        lines[waiter.need.role, default: WaitingLine()].join(number, waiter)
    }

    /// Takes a caller out of its line; nil when it is not there any more.
    fileprivate mutating func leave(_ number: UInt64, _ need: LeaseNeed) -> LeaseDesk.Waiter? {
        let waiter = need.isRetry ? retries.leave(number) : lines[need.role]?.leave(number)
        if waiter != nil { waiting -= 1 }
        return waiter
    }

    /// The caller whose turn it is.
    fileprivate mutating func next() -> LeaseDesk.Waiter? {
        if let waiter = retries.first() { return waiter }
        while let role = turns.first {
            if let waiter = lines[role]?.first() { return waiter }
            lines[role] = nil
            turns.removeFirst()
        }
        return nil
    }

    /// Takes the caller whose turn it is out of its line; the next role has the next turn.
    fileprivate mutating func removeNext() {
        waiting -= 1
        if retries.removeFirst() != nil { return }
        guard let role = turns.first else { return }
        _ = lines[role]?.removeFirst()
        turns.append(turns.removeFirst())
    }
}
