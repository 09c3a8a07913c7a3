import Synchronization

/// A clock whose time stands still: sleeps of one length last until they are released, all others take no time.
final class QuietClock: Clock {
    typealias Instant = InstantClock.Instant

    private struct State: Sendable {
        var now = Instant()
        var sleeps: [Swift.Duration] = []
        var lastNumber = 0
        var held: [Int: CheckedContinuation<Void, any Error>] = [:]
    }

    private let length: Swift.Duration
    private let state = Mutex(State())

    init(holding length: Swift.Duration) { self.length = length }

    var now: Instant { state.withLock { $0.now } }
    var minimumResolution: Swift.Duration { .zero }

    /// What was slept and took no time, in order.
    var sleeps: [Swift.Duration] { state.withLock { $0.sleeps } }

    /// How many sleeps are held.
    var held: Int { state.withLock { $0.held.count } }

    /// Lets the held sleeps end.
    func release() {
        let held = state.withLock { state in
            state.now.offset += length
            defer { state.held = [:] }
            return state.held.values
        }
        for sleeper in held { sleeper.resume() }
    }

    func sleep(until deadline: Instant, tolerance: Swift.Duration?) async throws {
        try Task.checkCancellation()
        let number = state.withLock { state -> Int? in
            guard deadline.offset - state.now.offset == length else {
                state.sleeps.append(deadline.offset - state.now.offset)
                return nil
            }
            state.lastNumber += 1
            return state.lastNumber
        }
        guard let number else { return await Task.yield() }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isOver = state.withLock { state in
                    if Task.isCancelled || state.now >= deadline { return true }
                    state.held[number] = continuation
                    return false
                }
                if isOver { continuation.resume(with: Result { try Task.checkCancellation() }) }
            }
        } onCancel: {
            state.withLock { $0.held.removeValue(forKey: number) }?.resume(throwing: CancellationError())
        }
    }
}
