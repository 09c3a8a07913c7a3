internal import CCurlShim
import Synchronization

/// What callers leave for the engine's thread: new transfers, cancellations, the wish to stop.
final class TransferInbox: Sendable {
    /// All that was left since the last look.
    struct Batch: Sendable {
        var new: [Transfer] = []
        var cancelled: [UInt64] = []
        var stops = false
    }

    /// Unchecked: the loop goes only to `corpus_curl_wake`, which any thread may call while it is open.
    @safe
    private struct State: @unchecked Sendable {
        var batch = Batch()
        var lastNumber: UInt64 = 0
        /// One wake-up per batch is enough.
        var isWoken = false
        /// Nil once the thread is about to close it.
        var loop: OpaquePointer?
        var awaitingEnd: [CheckedContinuation<Void, Never>] = []
    }

    private let state: Mutex<State>

    /// Creates an inbox whose reader sleeps in a loop of libcurl's.
    init(waking loop: OpaquePointer) {
        var state = State()
        unsafe state.loop = loop
        self.state = Mutex(state)
    }

    /// A number for a new transfer.
    func draw() -> UInt64 {
        state.withLock { state in
            state.lastNumber += 1
            return state.lastNumber
        }
    }

    /// Leaves a transfer, or ends it when its caller is cancelled already or the engine has stopped.
    func submit(_ transfer: Transfer) {
        let refusal: TransportFailure.Kind? = state.withLock { state in
            if state.batch.stops { return .stopped }
            // A cancellation before this point found nothing to cancel; one after it will.
            if Task.isCancelled { return .cancelled }
            state.batch.new.append(transfer)
            Self.wake(&state)
            return nil
        }
        if let refusal { transfer.fail(refusal, wasSent: false) }
    }

    /// Asks for the end of a transfer; one that has ended already is left alone.
    func cancel(_ number: UInt64) {
        state.withLock { state in
            guard !state.batch.stops else { return }
            state.batch.cancelled.append(number)
            Self.wake(&state)
        }
    }

    /// Asks the thread to end everything.
    func stop() {
        state.withLock { state in
            state.batch.stops = true
            Self.wake(&state)
        }
    }

    /// Waits until the thread has ended everything.
    func ended() async {
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                guard unsafe state.loop != nil else { return true }
                state.awaitingEnd.append(continuation)
                return false
            }
            if isOver { continuation.resume() }
        }
    }

    /// Takes what was left; for the engine's thread.
    func take() -> Batch {
        state.withLock { state in
            state.isWoken = false
            let batch = state.batch
            state.batch = Batch(stops: batch.stops)
            return batch
        }
    }

    /// Says that the loop is about to be closed; for the engine's thread.
    func close() {
        let waiting = state.withLock { state in
            unsafe state.loop = nil
            defer { state.awaitingEnd = [] }
            return state.awaitingEnd
        }
        for continuation in waiting { continuation.resume() }
    }

    private static func wake(_ state: inout State) {
        guard !state.isWoken, let loop = unsafe state.loop else { return }
        state.isWoken = true
        unsafe corpus_curl_wake(loop)
    }
}
