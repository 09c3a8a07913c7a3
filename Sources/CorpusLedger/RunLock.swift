import Foundation

/// Keeps a second process out of a run's folder.
///
/// An advisory lock (`flock`) on a file beside the ledger, held as long as the value lives; the kernel releases it
/// when the process dies, so a lock is never stale. The file holds the owner's process id, for the message.
package final class RunLock: Sendable {
    private let descriptor: Int32

    /// Takes the lock.
    ///
    /// - Throws: ``LedgerProblem`` (`ledger-busy`) that names the process which has it.
    package init(folder: String) throws(LedgerProblem) {
        let path = folder + "/run.lock"
        let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw LedgerProblem(
                .denied,
                "cannot write to `\(folder)`: \(unsafe String(cString: strerror(errno)))",
                hint: "check who owns the run's folder"
            )
        }
        guard Self.lock(descriptor) else {
            close(descriptor)
            let process = Self.noted(path).map { "process \($0)" } ?? "another process"
            throw LedgerProblem(
                .busy,
                "\(process) is working in `\(folder)`",
                hint: "wait until it is done, or stop it first: it will leave everything resumable"
            )
        }
        let text = "\(getpid())\n"
        _ = ftruncate(descriptor, 0)
        _ = unsafe text.withCString { unsafe pwrite(descriptor, $0, strlen($0), 0) }
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// The process that works in a folder; nil when none does, or when the folder may not be looked into.
    package static func holder(in folder: String) -> Int32? {
        let path = folder + "/run.lock"
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        // Closing it gives back what was taken.
        defer { close(descriptor) }
        let isFree = flock(descriptor, LOCK_SH | LOCK_NB) == 0
        return isFree || errno != EWOULDBLOCK ? nil : noted(path)
    }

    /// Takes the lock; who only looks whether it is free has it for a moment.
    private static func lock(_ descriptor: Int32) -> Bool {
        for _ in 0..<40 {
            if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return true }
            guard errno == EWOULDBLOCK else { return false }
            usleep(5_000)
        }
        return false
    }

    private static func noted(_ path: String) -> Int32? {
        let text = try? String(contentsOfFile: path, encoding: .utf8)
        return text?.split(separator: "\n").first.flatMap { Int32($0) }
    }
}
