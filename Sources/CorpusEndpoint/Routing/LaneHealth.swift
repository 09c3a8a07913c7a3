import CorpusKit
import Synchronization

/// Whether one endpoint of a model is worth asking.
///
/// After some failures in a row it rests, longer each time; then a single call tries it, and a success brings it back.
/// What no further call could get from it, such as a refused key, takes it out for good.
final class LaneHealth: Sendable {
    private enum State: Sendable {
        case well(failures: Int)
        case resting(until: Double, times: Int)
        /// One call is trying it out.
        case onTrial(since: Double, times: Int)
        case out(CallFailure)
    }

    private static let failuresUntilRest = 3
    private static let longestRest = 60.0
    /// A trial that nobody has ended by then was never sent.
    private static let longestTrial = 900.0

    private let state = Mutex(State.well(failures: 0))

    /// Why it is asked nothing any more; nil while it may be.
    var end: CallFailure? {
        state.withLock { if case .out(let failure) = $0 { failure } else { nil } }
    }

    /// How many seconds until it may be asked; nil when never again.
    func wait(now: Double) -> Double? {
        state.withLock { state in
            switch state {
            case .well: 0
            case .resting(let until, _): max(0, until - now)
            case .onTrial(let since, _): max(0.05, since + Self.longestTrial - now)
            case .out: nil
            }
        }
    }

    /// Tells that a call is about to be sent.
    func begin(now: Double) {
        state.withLock { state in
            if case .resting(let until, let times) = state, now >= until {
                state = .onTrial(since: now, times: times)
            }
        }
    }

    /// Books a success; whether that brought the endpoint back.
    func succeeded() -> Bool {
        state.withLock { state in
            switch state {
            case .well(0), .out: return false
            case .well:
                state = .well(failures: 0)
                return false
            case .resting, .onTrial:
                state = .well(failures: 0)
                return true
            }
        }
    }

    /// Books a failure that may pass; whether the endpoint rests from now on.
    func failed(now: Double) -> Bool {
        state.withLock { state in
            switch state {
            case .well(let failures) where failures + 1 < Self.failuresUntilRest:
                state = .well(failures: failures + 1)
                return false
            case .well:
                state = .resting(until: now + 1, times: 1)
                return true
            case .onTrial(_, let times):
                let rest = min(Self.longestRest, Double(1 << min(times, 10)))
                state = .resting(until: now + rest, times: times + 1)
                return false
            case .resting, .out: return false
            }
        }
    }

    /// Lets it rest at once.
    func rest(now: Double) {
        state.withLock { state in if case .well = state { state = .resting(until: now + 1, times: 1) } }
    }

    /// Takes it out for good; whether it was in until now.
    func retire(_ failure: CallFailure) -> Bool {
        state.withLock { state in
            if case .out = state { return false }
            state = .out(failure)
            return true
        }
    }
}
