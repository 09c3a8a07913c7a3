import Synchronization
import TestSupport

/// A clock whose sleeps end only when their task is cancelled; it tells how many have begun.
final class PatientClock: Clock {
    typealias Instant = ContinuousClock.Instant

    private let sleeps = Mutex(0)

    var now: Instant { ContinuousClock.now }
    var minimumResolution: Duration { .zero }

    /// Waits until so many tasks have gone to sleep.
    func asleep(_ count: Int) async { await until { self.sleeps.withLock { $0 } >= count } }

    func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        sleeps.withLock { $0 += 1 }
        let (stream, end) = AsyncStream.makeStream(of: Void.self)
        await withTaskCancellationHandler {
            for await _ in stream {}
        } onCancel: {
            end.finish()
        }
        throw CancellationError()
    }
}
