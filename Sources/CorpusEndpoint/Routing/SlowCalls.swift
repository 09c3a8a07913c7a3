import Synchronization

/// Knows how long most calls take, so that those which take longer can be told; keeps the last 512.
final class SlowCalls: Sendable {
    private struct State: Sendable {
        var latest: [Double] = []
        var next = 0
        var untilSorted = 0
        var bound: Double?
        var calls = 0
        var hedged = 0
    }

    private static let kept = 512
    private static let least = 50

    private let share: Double
    private let state = Mutex(State())

    /// - Parameter share: Which of the slowest are meant, from 0 to 1.
    init(share: Double) { self.share = share }

    /// Books a call that was answered after some seconds.
    func note(_ seconds: Double) {
        guard share > 0 else { return }
        state.withLock { state in
            state.calls += 1
            if state.latest.count < Self.kept {
                state.latest.append(seconds)
            } else {
                state.latest[state.next] = seconds
                state.next = (state.next + 1) % Self.kept
            }
            state.untilSorted -= 1
            guard state.untilSorted <= 0, state.latest.count >= Self.least else { return }
            state.untilSorted = 32
            let sorted = state.latest.sorted()
            state.bound = sorted[min(sorted.count - 1, Int(Double(sorted.count) * (1 - share)))]
        }
    }

    /// After how many seconds a call counts as slow; nil while too little is known.
    var bound: Double? { state.withLock(\.bound) }

    /// Whether another call may be asked a second time: no larger share than was wished for.
    func mayHedge() -> Bool {
        state.withLock { state in
            guard Double(state.hedged) < share * Double(state.calls) + 1 else { return false }
            state.hedged += 1
            return true
        }
    }
}
