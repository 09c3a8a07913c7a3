import Synchronization

/// A value that tasks change and wait for.
///
/// Looking at it and joining those who wait are one step, and so are changing it and finding who need not wait any
/// longer: no change falls between a look and the wait that follows from it.
final class AwaitedValue<Value: Sendable>: Sendable {
    private struct Waiter: Sendable {
        let isAwaited: @Sendable (Value) -> Bool
        let continuation: CheckedContinuation<Value, Never>
    }

    private struct State: Sendable {
        var value: Value
        var waiting: [Waiter] = []
    }

    private let state: Mutex<State>

    init(_ value: Value) { state = Mutex(State(value: value)) }

    /// Changes the value and wakes everybody who waited for what it is now.
    func change(_ change: (inout Value) -> Void) {
        let (value, woken) = state.withLock { state in
            change(&state.value)
            let value = state.value
            let woken = state.waiting.filter { $0.isAwaited(value) }
            state.waiting.removeAll { $0.isAwaited(value) }
            return (value, woken)
        }
        for waiter in woken { waiter.continuation.resume(returning: value) }
    }

    /// The value as soon as it is what the caller waits for, perhaps at once.
    ///
    /// - Parameter isAwaited: A look at the value; must not change it or wait for it.
    /// - Returns: The first value that was awaited; it may have changed again by now.
    func value(where isAwaited: @escaping @Sendable (Value) -> Bool) async -> Value {
        await withCheckedContinuation { continuation in
            let value = state.withLock { state -> Value? in
                guard !isAwaited(state.value) else { return state.value }
                state.waiting.append(Waiter(isAwaited: isAwaited, continuation: continuation))
                return nil
            }
            if let value { continuation.resume(returning: value) }
        }
    }
}
