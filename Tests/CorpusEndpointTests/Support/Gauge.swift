import Synchronization

/// A number that many tasks change, and the highest it has been.
final class Gauge: Sendable {
    private let state = Mutex((value: 0, peak: 0))

    var value: Int { state.withLock { $0.value } }
    var peak: Int { state.withLock { $0.peak } }

    func add(_ amount: Int) {
        state.withLock { state in
            state.value += amount
            state.peak = max(state.peak, state.value)
        }
    }

    /// Takes a reading of something that lies elsewhere.
    func read(_ value: Int) { state.withLock { $0.peak = max($0.peak, value) } }
}
