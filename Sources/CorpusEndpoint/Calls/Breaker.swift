import CorpusKit
import Synchronization

/// Stops calling an endpoint that cannot answer any more.
///
/// It opens for good: the run stops, and the same command goes on with a fresh client.
final class Breaker: Sendable {
    private struct State: Sendable {
        var failed: Set<ItemKey> = []
        var opened: WorkFailure?
    }

    private let threshold: Int
    private let label: EndpointLabel
    private let state = Mutex(State())

    init(failuresUntilDown threshold: Int, _ label: EndpointLabel) {
        self.threshold = threshold
        self.label = label
    }

    /// Throws what opened the breaker, so that nothing more is sent.
    func check() throws(WorkFailure) {
        if let failure = state.withLock(\.opened) { throw failure }
    }

    /// Books a reply.
    func succeeded() {
        state.withLock { state in
            if !state.failed.isEmpty { state.failed = [] }
        }
    }

    /// Books a request that failed for good, and gives what its caller is to throw.
    ///
    /// A request counts once, however often it is asked; one that the endpoint answered with a refusal shows
    /// that the endpoint works.
    func failed(_ key: ItemKey, _ failure: CallFailure, attempts: Int) -> WorkFailure {
        state.withLock { state in
            if let opened = state.opened { return opened }
            let error = failure.workFailure(attempts: attempts)
            guard case .again = failure.kind else {
                state.failed = []
                if failure.stopsRun { state.opened = error }
                return error
            }
            state.failed.insert(key)
            guard state.failed.count >= threshold else { return error }
            let down = WorkFailure(
                .endpointDown,
                "the endpoint `\(label.address)` failed \(threshold) requests in a row, the last because: "
                    + failure.message,
                hint:
                    "bring the endpoint back and give the same command again: the run goes on where it stopped",
                stopsRun: true
            )
            state.opened = down
            return down
        }
    }
}
