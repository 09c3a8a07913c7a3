import Foundation

/// Keeps a second process away from a ledger.
///
/// An advisory lock (`flock`) on a file beside the ledger, held as long as the value lives; the kernel releases it
/// when the process dies, so a lock is never stale. The file holds the owner's process id, for the message.
package final class RunLock: Sendable {
    /// Who may hold a lock beside its holder.
    package enum Hold: Sendable {
        /// Nobody.
        case alone
        /// Others who hold it in this way.
        case together
    }

    private let descriptor: Int32
    private let path: String

    /// Takes the lock of a run's folder.
    ///
    /// - Throws: ``LedgerProblem`` (`ledger-busy`) that names the process which has it.
    package convenience init(folder: String, _ hold: Hold = .alone) throws(LedgerProblem) {
        try self.init(file: folder + "/" + Self.name, hold) { failure in
            switch failure {
            case .open(let number):
                LedgerProblem(
                    .denied,
                    "cannot write to `\(folder)`: \(unsafe String(cString: strerror(number)))",
                    hint: "check who owns the run's folder"
                )
            case .busy(let holder):
                LedgerProblem(
                    .busy,
                    "\(holder) is working in `\(folder)`",
                    hint:
                        "wait until it is done, as `run --wait` does, or stop it first: it will leave everything resumable"
                )
            }
        }
    }

    /// Takes the lock of a ledger's file, wherever it lies: that of the folder if the file is called as runs call theirs.
    ///
    /// - Throws: ``LedgerProblem`` (`ledger-shared-busy`) that names the process which has it.
    package convenience init(ledger: String, _ hold: Hold = .alone) throws(LedgerProblem) {
        let path = Self.path(ofLedger: ledger)
        try self.init(file: path, hold) { failure in
            let folder = (ledger as NSString).deletingLastPathComponent
            return switch failure {
            case .open(ENOENT):
                LedgerProblem(
                    .missing,
                    "there is no folder `\(folder)` for the ledger `\(ledger)`",
                    hint: "make the folder, or mend `ledger:` in the recipe"
                )
            case .open(let number):
                LedgerProblem(
                    .denied,
                    "cannot write `\(path)`: \(unsafe String(cString: strerror(number)))",
                    hint: "check who owns the folder of the ledger"
                )
            case .busy(let holder):
                LedgerProblem(
                    .sharedBusy,
                    "\(holder) is working with the ledger `\(ledger)`",
                    hint:
                        "two runs at once would buy twice what both need: wait until it is done, as `run --wait` does, or stop it "
                        + "first: it will leave everything resumable"
                )
            }
        }
    }

    private enum Failure {
        case open(Int32)
        case busy(String)
    }

    private static let name = "run.lock"
    private static let mark = "made"

    /// Where the lock of a ledger lies; links to one file have one lock.
    static func path(ofLedger ledger: String) -> String {
        let path = URL(fileURLWithPath: ledger).resolvingSymlinksInPath()
        guard path.lastPathComponent == "ledger.sqlite" else { return path.path + ".lock" }
        return path.deletingLastPathComponent().appendingPathComponent(name).path
    }

    private init(
        file path: String,
        _ hold: Hold,
        _ problem: (Failure) -> LedgerProblem
    ) throws(LedgerProblem) {
        let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw problem(.open(errno)) }
        guard Self.lock(descriptor, hold) else {
            close(descriptor)
            // Of several who hold it together, the last to come wrote its number, and may have left.
            guard let number = Self.noted(path), kill(number, 0) == 0 || errno == EPERM else {
                throw problem(.busy("another process"))
            }
            throw problem(.busy("process \(number)"))
        }
        self.descriptor = descriptor
        self.path = path
        write(marked: isMarked)
    }

    /// Whether there was something here once that the lock guards.
    var isMarked: Bool { Self.lines(of: path).dropFirst().contains(Self.mark) }

    /// Remembers that there is something here.
    func mark() { write(marked: true) }

    private static func lines(of path: String) -> [String] {
        let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        return text.split(separator: "\n").map(String.init)
    }

    private func write(marked: Bool) {
        let text = "\(getpid())\n" + (marked ? Self.mark + "\n" : "")
        _ = unsafe text.withCString { unsafe pwrite(descriptor, $0, strlen($0), 0) }
        _ = ftruncate(descriptor, off_t(text.utf8.count))
    }

    deinit { close(descriptor) }

    /// The process that works in a folder; nil when none does alone, or when the folder may not be looked into.
    package static func holder(in folder: String) -> Int32? {
        let path = folder + "/" + name
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        // Closing it gives back what was taken.
        defer { close(descriptor) }
        let isFree = flock(descriptor, LOCK_SH | LOCK_NB) == 0
        return isFree || errno != EWOULDBLOCK ? nil : noted(path)
    }

    /// Takes the lock; who only looks whether it is free has it for a moment.
    private static func lock(_ descriptor: Int32, _ hold: Hold) -> Bool {
        for _ in 0..<40 {
            if flock(descriptor, (hold == .alone ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0 { return true }
            guard errno == EWOULDBLOCK else { return false }
            usleep(5_000)
        }
        return false
    }

    private static func noted(_ path: String) -> Int32? { lines(of: path).first.flatMap { Int32($0) } }
}
