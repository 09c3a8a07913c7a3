import CorpusKit
import Synchronization

/// Keeps all calls together within their caps, also those in flight.
///
/// A caller reserves the worst case of a call before sending it and settles with the truth afterwards. What
/// fits only when reservations come back waits for them, in order; what cannot fit any more is refused at
/// once. A cap is exceeded only by an endpoint that uses more than it was allowed to: that is booked in full,
/// and nothing starts afterwards.
///
/// Time is not reserved: no call starts after the cap on `wall`, and those in flight end within their own
/// limits, since to cut them off would throw away what is paid for.
package final class Budget: Sendable {
    private struct State: Sendable {
        var spent: Amounts
        var reserved = Amounts()
        var line = WaitingLine<Waiter>()
        var isClosed = false
    }

    private struct Waiter: Sendable {
        let worstCase: Amounts
        let continuation: CheckedContinuation<Void, any Error>
    }

    private enum Answer {
        case granted
        case refused(BudgetExhausted)
        case wait
    }

    package let caps: Caps
    private let elapsed: @Sendable () -> Duration
    private let state: Mutex<State>

    /// Creates a budget.
    ///
    /// - Parameters:
    ///   - caps: The limits.
    ///   - spent: What earlier runs of the same recipe have taken.
    ///   - clock: What measures the run's time, from now on.
    package init(_ caps: Caps, spent: Amounts = Amounts(), clock: some Clock<Duration> = ContinuousClock()) {
        self.caps = caps
        let start = clock.now
        elapsed = { start.duration(to: clock.now) }
        state = Mutex(State(spent: spent))
    }

    /// What is booked.
    package var spent: Amounts { state.withLock(\.spent) }
    /// What calls in flight may take at most.
    package var reserved: Amounts { state.withLock(\.reserved) }
    /// How many callers wait for reservations to come back.
    package var waiting: Int { state.withLock { $0.line.count } }

    /// Reserves the worst case of a call; waits while it would fit if reservations came back.
    ///
    /// - Throws: `BudgetExhausted` when it cannot fit any more, `CancellationError`.
    package func reserve(_ worstCase: Amounts) async throws {
        let number = try state.withLock { state throws -> UInt64? in
            if state.isClosed { throw CancellationError() }
            switch answer(worstCase, state, isFirst: state.line.isEmpty) {
            case .granted:
                state.reserved = state.reserved + worstCase
                return nil
            case .refused(let error): throw error
            case .wait: return state.line.draw()
            }
        }
        guard let number else { return }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                queue(worstCase, number, continuation)
            }
        } onCancel: {
            // The line may have waited for this caller alone.
            let (waiter, moved) = state.withLock { state in (state.line.leave(number), advance(&state)) }
            waiter?.continuation.resume(throwing: CancellationError())
            for (next, result) in moved { next.continuation.resume(with: result) }
        }
    }

    /// Reserves the worst case of a call if that is possible at once, whether it was.
    package func reserveNow(_ worstCase: Amounts) -> Bool {
        state.withLock { state in
            guard !state.isClosed, case .granted = answer(worstCase, state, isFirst: state.line.isEmpty)
            else {
                return false
            }
            state.reserved = state.reserved + worstCase
            return true
        }
    }

    /// Gives a reservation back and books what was really taken.
    package func settle(_ worstCase: Amounts, used: Amounts) {
        let moved = state.withLock { state in
            state.reserved = Amounts(
                nanoDollars: state.reserved.nanoDollars - worstCase.nanoDollars,
                tokens: state.reserved.tokens - worstCase.tokens,
                calls: state.reserved.calls - worstCase.calls
            )
            state.spent = state.spent + used
            return advance(&state)
        }
        for (waiter, result) in moved { waiter.continuation.resume(with: result) }
    }

    /// Grants nothing any more; whoever waits is sent away with `CancellationError`.
    package func close() {
        let waiters = state.withLock { state in
            state.isClosed = true
            var waiters: [Waiter] = []
            while let waiter = state.line.removeFirst() { waiters.append(waiter) }
            return waiters
        }
        for waiter in waiters { waiter.continuation.resume(throwing: CancellationError()) }
    }

    private func queue(
        _ worstCase: Amounts,
        _ number: UInt64,
        _ continuation: CheckedContinuation<Void, any Error>
    ) {
        let result = state.withLock { state -> Result<Void, any Error>? in
            // A cancellation before this point found nobody in the line; one after it will.
            if Task.isCancelled || state.isClosed { return .failure(CancellationError()) }
            switch answer(worstCase, state, isFirst: state.line.isEmpty) {
            case .granted:
                state.reserved = state.reserved + worstCase
                return .success(())
            case .refused(let error): return .failure(error)
            case .wait:
                state.line.join(number, Waiter(worstCase: worstCase, continuation: continuation))
                return nil
            }
        }
        if let result { continuation.resume(with: result) }
    }

    private func answer(_ worstCase: Amounts, _ state: State, isFirst: Bool) -> Answer {
        if let wall = caps.wall, elapsed() >= wall {
            return .refused(BudgetExhausted("the budget of \(wall.inWords) for the run's time is used up"))
        }
        if let refusal = caps.refusal(of: worstCase, onTopOf: state.spent) {
            return .refused(BudgetExhausted(refusal))
        }
        let fits = caps.refusal(of: worstCase, onTopOf: state.spent + state.reserved) == nil
        return fits && isFirst ? .granted : .wait
    }

    /// Lets everybody move whose turn has come; the caller resumes them outside the lock.
    private func advance(_ state: inout State) -> [(Waiter, Result<Void, any Error>)] {
        var moved: [(Waiter, Result<Void, any Error>)] = []
        while let waiter = state.line.first() {
            switch answer(waiter.worstCase, state, isFirst: true) {
            case .granted:
                state.reserved = state.reserved + waiter.worstCase
                moved.append((waiter, .success(())))
            case .refused(let error): moved.append((waiter, .failure(error)))
            case .wait: return moved
            }
            _ = state.line.removeFirst()
        }
        return moved
    }
}

extension Duration {
    /// Hours, minutes and seconds that are not zero: `6 h`, `1 min 30 s`, `0.5 s`.
    var inWords: String {
        let seconds = components.seconds
        guard seconds > 0 else { return "\(Double(milliseconds) / 1000) s" }
        let parts = [(seconds / 3600, "h"), (seconds / 60 % 60, "min"), (seconds % 60, "s")]
        return parts.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: " ")
    }
}
