import Synchronization

/// Holds tasks back while it is shut, and lets everybody through for good once it is ended.
final class PauseGate: Sendable {
    private struct State: Sendable {
        var isShut = false
        var isEnded = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    /// How many wait here.
    var waiting: Int { state.withLock(\.waiting.count) }

    /// Shuts or opens the gate.
    func setShut(_ isShut: Bool) {
        move { if !$0.isEnded { $0.isShut = isShut } }
    }

    /// Opens the gate for good.
    func end() { move { ($0.isShut, $0.isEnded) = (false, true) } }

    /// Waits until the gate is open.
    func pass() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if state.isShut { state.waiting.append(continuation) }
                return !state.isShut
            }
            if isOpen { continuation.resume() }
        }
    }

    private func move(_ change: (inout State) -> Void) {
        let woken = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            change(&state)
            guard !state.isShut else { return [] }
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in woken { continuation.resume() }
    }
}

extension ModelChannel {
    /// Sends nothing new for now, or sends again; exchanges in flight and batches under way go on.
    func setPaused(_ isPaused: Bool) {
        batch?.gate.setShut(isPaused)
        for lane in lanes { lane.desk.setPaused(isPaused) }
    }
}
