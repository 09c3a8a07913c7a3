import CorpusKit
import Synchronization

/// Keeps all calls together, and those of each role, within their caps, also those in flight.
///
/// A caller reserves the worst case of a call before sending it and settles with the truth afterwards. What
/// fits only when reservations come back waits for them, in order; what cannot fit any more is refused at
/// once. A cap is exceeded only by an endpoint that uses more than it was allowed to: that is booked in full,
/// and nothing starts afterwards.
///
/// A role is a name under `models:` in a recipe. A call reserves from its role's caps and the run's in one step; see
/// ``BudgetBook`` for whose turn it is.
///
/// Time is not reserved: no call starts after the cap on `wall`, and those in flight end within their own
/// limits, since to cut them off would throw away what is paid for.
package final class Budget: Sendable {
    private typealias Continuation = CheckedContinuation<Void, any Error>

    private struct State: Sendable {
        var book: BudgetBook
        var waiters: [UInt64: Continuation] = [:]
        var isClosed = false
        /// What each role's single calls in flight may come to; batches are remembered by themselves.
        var direct: [String: Amounts] = [:]
        /// What each role is known durably to have in flight at most.
        var marks: [String: Amounts] = [:]
    }

    private let elapsed: @Sendable () -> Duration
    private let warn: @Sendable (BudgetWarning) -> Void
    private let state: Mutex<State>
    private let keep: (@Sendable (String, Amounts) async throws -> Void)?

    /// Creates a budget.
    ///
    /// - Parameters:
    ///   - caps: The limits of all calls together.
    ///   - perRole: The limits of single roles, within those of all; `wall` is how long there may be
    ///     calls for the role, however many at a time.
    ///   - spent: What earlier passes have taken in all.
    ///   - spentPerRole: What each role took of it.
    ///   - clock: What measures the run's time, from now on.
    ///   - keep: Makes durable how much a role's calls in flight may come to; nil when nobody asks after a kill.
    ///   - warn: Told once of each cap of which four fifths are spent, also of those that are so from the beginning; not
    ///     of those that are used up, which the next refusal tells.
    package init(
        _ caps: Caps,
        perRole: [String: Caps] = [:],
        spent: Amounts = Amounts(),
        spentPerRole: [String: Amounts] = [:],
        clock: some Clock<Duration> = ContinuousClock(),
        keep: (@Sendable (String, Amounts) async throws -> Void)? = nil,
        warn: @escaping @Sendable (BudgetWarning) -> Void = { _ in }
    ) {
        self.warn = warn
        self.keep = keep
        let start = clock.now
        elapsed = { start.duration(to: clock.now) }
        var book = BudgetBook(caps, perRole: perRole, spent: spent, spentPerRole: spentPerRole)
        let warnings = book.newWarnings()
        state = Mutex(State(book: book))
        warnings.forEach(warn)
    }

    /// The limits of all calls together, as they are now.
    package var caps: Caps { state.withLock(\.book.caps) }
    /// What is booked.
    package var spent: Amounts { state.withLock(\.book.total.spent) }
    /// What calls in flight may take at most.
    package var reserved: Amounts { state.withLock(\.book.total.reserved) }
    /// How many callers wait for reservations to come back.
    package var waiting: Int { state.withLock { $0.waiters.count } }
    /// What a role has booked.
    package func spent(by role: String) -> Amounts {
        state.withLock { $0.book.roles[role]?.spent ?? Amounts() }
    }

    /// Reserves the worst case of a call; waits while it would fit if reservations came back.
    ///
    /// - Parameters:
    ///   - worstCase: The most that the call may take.
    ///   - role: Who pays.
    /// - Throws: `BudgetExhausted` when it cannot fit any more, `CancellationError`.
    package func reserve(_ worstCase: Amounts, for role: String) async throws {
        if reserveNow(worstCase, for: role) { return }
        let number = state.withLock { $0.book.draw() }
        let request = BudgetBook.Request(number: number, role: role, worstCase: worstCase)
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: Continuation) in
                let moved = state.withLock { state -> [Moved] in
                    // A cancellation before this point found nobody in the line; one after it will.
                    if Task.isCancelled || state.isClosed {
                        return [Moved(continuation: continuation, result: .failure(CancellationError()))]
                    }
                    state.waiters[number] = continuation
                    return take(state.book.ask(request, at: elapsed()), from: &state)
                }
                for move in moved { move.resume() }
            }
        } onCancel: {
            let moved = state.withLock { state -> [Moved] in
                guard let others = state.book.leave(number, role: role, at: elapsed()),
                    let own = state.waiters.removeValue(forKey: number)
                else { return [] }
                return [Moved(continuation: own, result: .failure(CancellationError()))]
                    + take(others, from: &state)
            }
            for move in moved { move.resume() }
        }
    }

    /// Reserves the worst case of a call if that is possible at once.
    ///
    /// - Parameters:
    ///   - worstCase: The most that the call may take.
    ///   - role: Who pays.
    /// - Returns: Whether it was reserved.
    package func reserveNow(_ worstCase: Amounts, for role: String) -> Bool {
        let (isGranted, moved) = state.withLock { state -> (Bool, [Moved]) in
            guard !state.isClosed else { return (false, []) }
            let request = BudgetBook.Request(number: state.book.draw(), role: role, worstCase: worstCase)
            let (isGranted, others) = state.book.askNow(request, at: elapsed())
            return (isGranted, take(others, from: &state))
        }
        for move in moved { move.resume() }
        return isGranted
    }

    /// Makes durable how much a role's single calls in flight may come to, before one more of them is sent.
    ///
    /// A process that is killed forgets its reservations, and endpoints may charge for what was in flight. Seldom has
    /// anything to do: each time it writes half as much again as is needed.
    ///
    /// The call counts as in flight from now on, also when this throws, until it is settled with `isRemembered` set.
    ///
    /// - Parameters:
    ///   - worstCase: What was reserved for the call.
    ///   - role: Who pays.
    /// - Throws: What `keep` throws.
    package func remember(_ worstCase: Amounts, for role: String) async throws {
        let mark = state.withLock { state -> Amounts? in
            let direct = (state.direct[role] ?? Amounts()) + worstCase
            state.direct[role] = direct
            return direct.fits(in: state.marks[role] ?? Amounts()) ? nil : direct.halfAgain
        }
        guard let keep else { return }
        guard let mark else { return }
        try await keep(role, mark)
        state.withLock { $0.marks[role] = mark.most(with: $0.marks[role] ?? Amounts()) }
    }

    /// Gives a reservation back and books what was really taken.
    ///
    /// - Parameters:
    ///   - worstCase: What was reserved.
    ///   - used: What was taken.
    ///   - role: Who pays.
    ///   - isRemembered: Whether ``remember(_:for:)`` was told of the call.
    package func settle(_ worstCase: Amounts, used: Amounts, for role: String, isRemembered: Bool = false) {
        let (moved, warnings) = state.withLock { state in
            if isRemembered { state.direct[role] = (state.direct[role] ?? Amounts()) - worstCase }
            let moves = state.book.settle(worstCase, used: used, role: role, at: elapsed())
            let warnings = state.book.newWarnings()
            // Who waited for this amount is refused now, and the run ends with that sentence.
            let ends = moves.contains { $0.answer != .granted }
            return (take(moves, from: &state), ends ? [] : warnings)
        }
        for move in moved { move.resume() }
        warnings.forEach(warn)
    }

    /// Changes the limits of all calls together, from now on.
    ///
    /// Nothing is granted any more that does not fit the new ones. What calls in flight have reserved stays theirs, so that
    /// below it a new limit may still be exceeded, by no more than that.
    ///
    /// - Parameter change: Changes the limits, in one step with whoever asks for a reservation.
    /// - Returns: The limits that hold now, what is spent, and what calls in flight may take at most.
    package func change(_ change: (inout Caps) -> Void) -> (caps: Caps, spent: Amounts, reserved: Amounts) {
        let (moved, warnings, standing) = state.withLock { state in
            var caps = state.book.caps
            change(&caps)
            let moves = state.book.change(caps, at: elapsed())
            let warnings = state.book.newWarnings()
            let ends = moves.contains { $0.answer != .granted }
            let total = state.book.total
            return (take(moves, from: &state), ends ? [] : warnings, (caps, total.spent, total.reserved))
        }
        for move in moved { move.resume() }
        warnings.forEach(warn)
        return standing
    }

    /// Grants nothing any more; whoever waits is sent away with `CancellationError`.
    package func close() {
        let waiters = state.withLock { state in
            state.isClosed = true
            return state.book.dismiss().compactMap { state.waiters.removeValue(forKey: $0) }
        }
        for waiter in waiters { waiter.resume(throwing: CancellationError()) }
    }

    /// Somebody who waits no longer; resumed outside the lock.
    private struct Moved: Sendable {
        let continuation: Continuation
        let result: Result<Void, any Error>

        func resume() { continuation.resume(with: result) }
    }

    private func take(_ moves: [BudgetBook.Move], from state: inout State) -> [Moved] {
        moves.compactMap { move in
            state.waiters.removeValue(forKey: move.number).map { continuation in
                switch move.answer {
                case .granted: Moved(continuation: continuation, result: .success(()))
                case .refused(let why):
                    Moved(continuation: continuation, result: .failure(BudgetExhausted(why)))
                }
            }
        }
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
