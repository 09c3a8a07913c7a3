import Dispatch
import Foundation
import Synchronization

/// Wakes who waits for cells, on a thread of its own.
///
/// Whoever resumes a task may start a thread of Swift's pool, and a new thread has the user of the one that started it.
/// The thread of a ``CellLoop`` has given up root: a task that it resumed could go on as nobody, unable to write the
/// run's files.
final class CellReplies: Sendable {
    private struct State {
        var replies: [@Sendable () -> Void] = []
        var isClosed = false
    }

    private let state = Mutex(State())
    private let bell = DispatchSemaphore(value: 0)

    /// Starts the thread, with the user of the caller.
    func start() {
        let thread = Thread { self.serve() }
        thread.name = "cell replies"
        thread.start()
    }

    func send(_ reply: @escaping @Sendable () -> Void) {
        state.withLock { $0.replies.append(reply) }
        bell.signal()
    }

    /// Lets the thread end once everything sent is delivered.
    func close() {
        state.withLock { $0.isClosed = true }
        bell.signal()
    }

    private func serve() {
        while true {
            let (replies, isClosed) = state.withLock { state in
                defer { state.replies = [] }
                return (state.replies, state.isClosed)
            }
            for reply in replies { reply() }
            if isClosed { return }
            bell.wait()
        }
    }
}
