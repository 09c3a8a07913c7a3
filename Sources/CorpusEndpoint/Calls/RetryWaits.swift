import Synchronization

/// The waits between the attempts of one model's requests.
///
/// They can all be ended at once, while exchanges in flight go on: a run that stops need not wait until an endpoint
/// wants to be asked again.
final class RetryWaits: Sendable {
    private struct State: Sendable {
        var end: (any Error)?
        var lastNumber = 0
        var waiting: [Int: Task<Void, any Error>] = [:]
    }

    private let sleep: @Sendable (Duration) async throws -> Void
    private let state = Mutex(State())

    init(_ sleep: @escaping @Sendable (Duration) async throws -> Void) { self.sleep = sleep }

    /// Waits.
    ///
    /// - Throws: What the waits were ended with, also when that was before; `CancellationError`.
    func wait(_ duration: Duration) async throws {
        // A task of its own can be ended without ending the caller; it is awaited below, whatever happens.
        let nap = Task { [sleep] in try await sleep(duration) }
        let number = state.withLock { state -> Int? in
            guard state.end == nil else { return nil }
            state.lastNumber += 1
            state.waiting[state.lastNumber] = nap
            return state.lastNumber
        }
        if number == nil { nap.cancel() }
        let result = await withTaskCancellationHandler {
            await nap.result
        } onCancel: {
            nap.cancel()
        }
        let end = state.withLock { state in
            if let number { state.waiting[number] = nil }
            return state.end
        }
        if let end { throw end }
        try result.get()
    }

    /// Ends every wait, those to come included; the first error counts.
    func end(_ error: any Error) {
        let waiting = state.withLock { state in
            if state.end == nil { state.end = error }
            defer { state.waiting = [:] }
            return state.waiting.values
        }
        for nap in waiting { nap.cancel() }
    }
}
