import Foundation

// Tests share as many threads as there are cores. One that blocks there, or that yields again and again, keeps the others
// from what it waits for; so whatever waits without being woken gets a thread of its own.

/// Does work that blocks on a thread of its own.
package func apart<Value: Sendable>(_ work: @escaping @Sendable () -> Value) async -> Value {
    await withCheckedContinuation { continuation in
        Thread { continuation.resume(returning: work()) }.start()
    }
}

/// Waits until a file that somebody writes to holds a text; gives up after two minutes without another write, so that
/// a broken test ends.
package func reached(_ text: String, in path: String) async {
    await apart {
        let watch = inotify_init1(Int32(IN_CLOEXEC))
        defer { close(watch) }
        unsafe inotify_add_watch(watch, path, UInt32(IN_MODIFY))
        var events = [UInt8](repeating: 0, count: 4096)
        // What is written after a look is an event for the wait after it.
        while !content(of: path).contains(text) {
            var polled = pollfd(fd: watch, events: Int16(POLLIN), revents: 0)
            guard unsafe poll(&polled, 1, 120_000) > 0 else { return }
            unsafe read(watch, &events, events.count)
        }
    }
}

/// The text of a file, whatever its bytes; empty when there is none.
package func content(of path: String) -> String {
    String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
}

/// Waits until something is so that nobody tells of; gives up after two minutes, so that a broken test ends.
package func until(_ isSo: @escaping @Sendable () -> Bool) async {
    await apart {
        let end = ContinuousClock.now + .seconds(120)
        while !isSo(), ContinuousClock.now < end { sched_yield() }
    }
}
