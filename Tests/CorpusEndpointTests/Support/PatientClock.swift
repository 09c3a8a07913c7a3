import Synchronization

/// A clock whose sleeps end only when their task is cancelled; it tells how many sleep.
final class PatientClock: Clock {
    typealias Instant = ContinuousClock.Instant

    private struct State {
        var sleepers = 0
        var waiting: [(count: Int, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    var now: Instant { ContinuousClock.now }
    var minimumResolution: Duration { .zero }

    /// Waits until so many tasks have gone to sleep.
    func asleep(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isReached = state.withLock { state in
                if state.sleepers >= count { return true }
                state.waiting.append((count, continuation))
                return false
            }
            if isReached { continuation.resume() }
        }
    }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        let ready = state.withLock { state in
            state.sleepers += 1
            let sleepers = state.sleepers
            let ready = state.waiting.filter { $0.count <= sleepers }
            state.waiting.removeAll { $0.count <= sleepers }
            return ready
        }
        for entry in ready { entry.continuation.resume() }
        let (stream, end) = AsyncStream.makeStream(of: Void.self)
        await withTaskCancellationHandler {
            for await _ in stream {}
        } onCancel: {
            end.finish()
        }
        throw CancellationError()
    }
}
