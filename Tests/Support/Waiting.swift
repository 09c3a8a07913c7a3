import Foundation
import Synchronization

// Tests share as many threads as there are cores. One that blocks there, or that yields again and again, keeps the others
// from what it waits for; so whatever waits without being woken gets a thread of its own. And what waits for a test that
// has been given up must give up too, or the run never ends.

/// Does work that blocks on a thread of its own.
package func apart<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
        Thread { continuation.resume(returning: work()) }.start()
    }
}

/// Waits until something is so that nobody tells of, or until the caller is cancelled.
package func until(_ isSo: @escaping @Sendable () -> Bool) async {
    await untilCancelled { isCancelled in
        var looks = 0
        while !isSo(), !isCancelled() {
            looks += 1
            // What is not so at once may take the cores to become so.
            if looks < 100 { sched_yield() } else { usleep(500) }
        }
    }
}

/// Waits until a file that somebody writes to holds a text, or until the caller is cancelled.
package func reached(_ text: String, in path: String) async {
    await untilCancelled { isCancelled in
        let watch = inotify_init1(Int32(IN_CLOEXEC))
        defer { close(watch) }
        unsafe inotify_add_watch(watch, path, UInt32(IN_MODIFY))
        var events = [UInt8](repeating: 0, count: 4096)
        // What is written after a look is an event for the wait after it.
        while !content(of: path).contains(text), !isCancelled() {
            var polled = pollfd(fd: watch, events: Int16(POLLIN), revents: 0)
            if unsafe poll(&polled, 1, 1000) > 0 { unsafe read(watch, &events, events.count) }
        }
    }
}

/// The text of a file, whatever its bytes; empty when there is none.
package func content(of path: String) -> String {
    String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
}

private func untilCancelled(_ work: @escaping @Sendable (_ isCancelled: () -> Bool) -> Void) async {
    let flag = Flag()
    await withTaskCancellationHandler {
        await apart { work { flag.isSet } }
    } onCancel: {
        flag.set()
    }
}

private final class Flag: Sendable {
    private let state = Atomic(false)
    var isSet: Bool { state.load(ordering: .relaxed) }
    func set() { state.store(true, ordering: .relaxed) }
}
