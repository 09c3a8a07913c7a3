import CorpusKit
import Synchronization

/// Whether one endpoint of a model is worth asking.
///
/// After some failures in a row it rests, longer each time; then a single call tries it, and whatever the endpoint
/// answers brings it back. What no further call could get from it, such as a refused key, takes it out for good.
final class LaneHealth: Sendable {
    /// How a call ended, as far as it says something about the endpoint.
    enum End: Sendable, Hashable {
        /// The endpoint answered, if only with a refusal of this request or with too many of them.
        case alive
        /// It has too much to do. That passes by itself; when nothing else comes for long it is as good as down.
        case overloaded
        /// Nobody answered, or with an error that may pass.
        case failed
        /// Nothing is known: the call was given up.
        case unknown
    }

    /// What changed.
    enum Change: Sendable, Hashable {
        case rests, returns
    }

    private enum State: Sendable {
        case well(strikes: Int)
        case resting(until: Double, times: Int)
        /// One call is trying it out.
        case onTrial(since: Double, times: Int)
        case out(CallFailure)
    }

    /// Three failures in a row, or a dozen of calls that were turned away.
    private static let strikesUntilRest = 12
    private static let longestRest = 60.0
    /// A trial that nobody has ended by then was never sent.
    private static let longestTrial = 900.0

    private let state = Mutex(State.well(strikes: 0))

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

    /// Tells that a call is about to be sent; whether it is the one that tries the endpoint out.
    func begin(now: Double) -> Bool {
        state.withLock { state in
            guard case .resting(let until, let times) = state, now >= until else { return false }
            state = .onTrial(since: now, times: times)
            return true
        }
    }

    /// Books how a call ended, and tells what changed.
    func ended(_ end: End, now: Double) -> Change? {
        state.withLock { state in
            switch (state, end) {
            case (.out, _), (.well, .unknown), (.resting, .overloaded), (.resting, .failed),
                (.resting, .unknown):
                return nil
            case (.well, .alive):
                state = .well(strikes: 0)
                return nil
            case (.resting, .alive), (.onTrial, .alive), (.onTrial, .overloaded):
                state = .well(strikes: 0)
                return .returns
            case (.well(let strikes), _):
                let more = strikes + (end == .failed ? Self.strikesUntilRest / 3 : 1)
                guard more >= Self.strikesUntilRest else {
                    state = .well(strikes: more)
                    return nil
                }
                state = .resting(until: now + 1, times: 1)
                return .rests
            case (.onTrial(_, let times), .unknown):
                state = .resting(until: now, times: times)
                return nil
            case (.onTrial(_, let times), .failed):
                let rest = min(Self.longestRest, Double(1 << min(times, 10)))
                state = .resting(until: now + rest, times: times + 1)
                return nil
            }
        }
    }

    /// Lets it rest at once, for a second unless told otherwise; whether it was well until now.
    @discardableResult
    func rest(now: Double, seconds: Double = 1) -> Bool {
        state.withLock { state in
            switch state {
            case .out: return false
            case .well:
                state = .resting(until: now + seconds, times: 1)
                return true
            case .resting(let until, let times):
                state = .resting(until: max(until, now + seconds), times: times)
                return false
            case .onTrial(_, let times):
                state = .resting(until: now + seconds, times: times)
                return false
            }
        }
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

extension CallFailure {
    /// What it says about the endpoint.
    var health: LaneHealth.End {
        switch kind {
        case .never, .refused, .tooLong: .alive
        case .elsewhere: .failed
        case .again: code == .rateLimited ? .alive : code == .overloaded ? .overloaded : .failed
        }
    }
}
