import Synchronization

/// A clock whose sleeps take no time and are remembered.
final class InstantClock: Clock {
    struct Instant: InstantProtocol {
        var offset = Duration.zero

        func advanced(by duration: Duration) -> Instant { Instant(offset: offset + duration) }
        func duration(to other: Instant) -> Duration { other.offset - offset }
        static func < (left: Instant, right: Instant) -> Bool { left.offset < right.offset }
    }

    private let state = Mutex((now: Instant(), sleeps: [Swift.Duration]()))

    var now: Instant { state.withLock { $0.now } }
    var minimumResolution: Swift.Duration { .zero }

    /// What was slept, in order.
    var sleeps: [Swift.Duration] { state.withLock { $0.sleeps } }

    /// Lets time pass without a sleep.
    func advance(by duration: Swift.Duration) { state.withLock { $0.now.offset += duration } }

    func sleep(until deadline: Instant, tolerance: Swift.Duration?) async throws {
        try Task.checkCancellation()
        state.withLock { state in
            state.sleeps.append(deadline.offset - state.now.offset)
            state.now = max(state.now, deadline)
        }
        await Task.yield()
    }
}
