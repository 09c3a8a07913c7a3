import CorpusKit
import Synchronization

/// Stops calling an endpoint that cannot answer any more.
///
/// It opens for good: the run stops, and the same command goes on with a fresh client.
final class Breaker: Sendable {
    private struct State: Sendable {
        var failed: Set<ItemKey> = []
        /// Requests that the endpoint refused before it ever answered one.
        var refused: Set<ItemKey> = []
        var hasAnswered = false
        var opened: WorkFailure?
    }

    private let policy: RetryPolicy
    private let addresses: [String]
    private let opened: @Sendable (WorkFailure) -> Void
    private let state: Mutex<State>

    /// Creates a closed breaker; `opened` is told once what opens it.
    ///
    /// An endpoint that has answered before, in an earlier pass, is no stranger to such requests.
    init(
        _ policy: RetryPolicy,
        _ addresses: [String],
        hasAnswered: Bool = false,
        opened: @escaping @Sendable (WorkFailure) -> Void = { _ in }
    ) {
        self.policy = policy
        self.addresses = addresses
        state = Mutex(State(hasAnswered: hasAnswered))
        self.opened = opened
    }

    /// Throws what opened the breaker, so that nothing more is sent.
    func check() throws(WorkFailure) {
        if let failure = state.withLock(\.opened) { throw failure }
    }

    /// Books a reply.
    func succeeded() {
        state.withLock { state in
            if !state.failed.isEmpty { state.failed = [] }
            guard !state.hasAnswered else { return }
            (state.hasAnswered, state.refused) = (true, [])
        }
    }

    /// Books a request that failed for good, and gives what its caller is to throw.
    ///
    /// A request counts once, however often it is asked; one that the endpoint answered with a refusal shows
    /// that the endpoint works.
    func failed(_ key: ItemKey, _ failure: CallFailure, attempts: Int) -> WorkFailure {
        let (error, opens) = state.withLock { state in
            if let opened = state.opened { return (opened, false) }
            let (error, opens) = book(key, failure, attempts, in: &state)
            if opens { state.opened = error }
            return (error, opens)
        }
        if opens { opened(error) }
        return error
    }

    private func book(
        _ key: ItemKey,
        _ failure: CallFailure,
        _ attempts: Int,
        in state: inout State
    ) -> (WorkFailure, opens: Bool) {
        let error = failure.workFailure(attempts: attempts)
        guard case .again(let wish) = failure.kind else {
            state.failed = []
            guard failure.code == .endpointRefused, !failure.stopsRun, !state.hasAnswered else {
                return (error, failure.stopsRun)
            }
            state.refused.insert(key)
            guard state.refused.count >= policy.refusalsUntilDoomed else { return (error, false) }
            return (doomed(failure), true)
        }
        if let wish, wish > policy.longestWish { return (pause(wish, error), true) }
        state.failed.insert(key)
        guard state.failed.count >= policy.failuresUntilDown else { return (error, false) }
        return (down(after: failure), true)
    }

    /// An endpoint that wants to be left alone for longer than a run waits.
    private func pause(_ wish: Duration, _ error: WorkFailure) -> WorkFailure {
        WorkFailure(
            .endpointDown,
            "\(error); it asks to wait \(wish.inWords), and a run waits \(policy.longestWish.inWords) at most",
            hint: "give the same command again after that time: the run goes on where it stopped",
            stopsRun: true
        )
    }

    private func down(after failure: CallFailure) -> WorkFailure {
        WorkFailure(
            .endpointDown,
            "\(whose) failed \(policy.failuresUntilDown) requests in a row, the last because: "
                + failure.message,
            hint: failure.hint
                ?? "bring the endpoint back and give the same command again: the run goes on where it stopped",
            stopsRun: true
        )
    }

    private func doomed(_ failure: CallFailure) -> WorkFailure {
        WorkFailure(
            failure.code,
            "\(whose) refused the first \(policy.refusalsUntilDoomed) requests, the last because: \(failure.message)",
            hint: failure.hint
                ?? "the model's entry in the recipe may ask for what the endpoint does not have",
            stopsRun: true
        )
    }

    private var whose: String {
        addresses.count == 1
            ? "the endpoint `\(addresses[0])`"
            : "the endpoints \(addresses.map { "`\($0)`" }.joined(separator: ", "))"
    }
}
