import Foundation

/// A folder for the files of a rehearsal, gone when the rehearsal is over.
///
/// Its owner holds a lock on it (`flock`), which the kernel releases when the process dies: a folder that nobody holds was
/// left by a process that was killed, and the next one removes it.
package final class RehearsalFolder: Sendable {
    private static let prefix = ".corpusmith-rehearsal-"

    package let path: String
    private let descriptor: Int32

    /// Makes a folder, and removes what killed processes left at the same place.
    ///
    /// - Parameter parent: The folder to make it in, such as a run's.
    /// - Throws: ``LedgerProblem``, with `ledger-denied` or `disk-full`.
    package init(in parent: String) throws(LedgerProblem) {
        Self.sweep(parent)
        // Whoever sweeps between the two steps of making it takes it for one that was left.
        for _ in 0..<8 {
            let path = "\(parent)/\(Self.prefix)\(UUID().uuidString.lowercased())"
            guard unsafe mkdir(path, 0o700) == 0 else { throw Self.problem(parent, errno) }
            if let descriptor = Self.lock(path) {
                (self.path, self.descriptor) = (path, descriptor)
                return
            }
            unsafe _ = rmdir(path)
        }
        throw LedgerProblem(.denied, "cannot lock a folder in `\(parent)`")
    }

    deinit {
        remove()
        close(descriptor)
    }

    /// Removes the folder with everything in it; files that are open stay readable for who has them open.
    package func remove() { try? FileManager.default.removeItem(atPath: path) }

    /// Removes the folders of processes that were killed.
    package static func sweep(_ parent: String) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []
        for name in names where name.hasPrefix(prefix) {
            let path = "\(parent)/\(name)"
            guard let descriptor = lock(path) else { continue }
            try? FileManager.default.removeItem(atPath: path)
            close(descriptor)
        }
    }

    /// Takes a folder of this user's; nil when another process has it, or when it is gone.
    private static func lock(_ path: String) -> Int32? {
        let descriptor = unsafe open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        var (held, there) = (stat(), stat())
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0, unsafe fstat(descriptor, &held) == 0,
            unsafe lstat(path, &there) == 0, held.st_ino == there.st_ino, held.st_uid == geteuid()
        else {
            close(descriptor)
            return nil
        }
        return descriptor
    }

    private static func problem(_ parent: String, _ code: Int32) -> LedgerProblem {
        guard code == ENOSPC || code == EDQUOT else {
            return LedgerProblem(
                .denied,
                "cannot make a folder in `\(parent)`: \(unsafe String(cString: strerror(code)))"
            )
        }
        return LedgerProblem(.full, "the disk is full: cannot make a folder in `\(parent)`")
    }
}
