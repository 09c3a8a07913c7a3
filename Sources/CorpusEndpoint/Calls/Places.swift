import Synchronization

/// A fixed number of places for calls, given first come first served.
final class Places: Sendable {
    private struct State: Sendable {
        var free: Int
        var line = WaitingLine<CheckedContinuation<Void, any Error>>()
    }

    private let state: Mutex<State>

    init(_ width: Int) {
        precondition(width > 0, "\(width) places would never let a call through")
        state = Mutex(State(free: width))
    }

    /// How many callers wait.
    var waiting: Int { state.withLock { $0.line.count } }

    /// Runs a call in one of the places, after all who asked before.
    ///
    /// - Throws: What the call throws; `CancellationError` when cancelled while waiting.
    func withPlace<Result>(_ call: () async throws -> Result) async throws -> Result {
        try await enter()
        defer { leave() }
        return try await call()
    }

    private func enter() async throws {
        let number = state.withLock { state -> UInt64? in
            guard state.free == 0 else {
                state.free -= 1
                return nil
            }
            return state.line.draw()
        }
        guard let number else { return }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in queue(number, continuation) }
        } onCancel: {
            let waiter = state.withLock { $0.line.leave(number) }
            waiter?.resume(throwing: CancellationError())
        }
    }

    private func queue(_ number: UInt64, _ continuation: CheckedContinuation<Void, any Error>) {
        let result = state.withLock { state -> Result<Void, any Error>? in
            // A cancellation before this point found nobody in the line; one after it will.
            if Task.isCancelled { return .failure(CancellationError()) }
            guard state.free == 0 else {
                state.free -= 1
                return .success(())
            }
            state.line.join(number, continuation)
            return nil
        }
        if let result { continuation.resume(with: result) }
    }

    private func leave() {
        // A place goes straight to the next in line, so that nobody who comes later can take it.
        let next = state.withLock { state in
            let next = state.line.removeFirst()
            if next == nil { state.free += 1 }
            return next
        }
        next?.resume()
    }
}
