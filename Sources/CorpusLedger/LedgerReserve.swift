import CorpusModel
import Foundation
import Synchronization

/// Room on the disk that is kept for the replies in flight when the disk fills up: they are paid for, and must be
/// written down all the same.
///
/// A file beside the ledger, with real blocks, that lives as long as the pass. Giving it up once makes room for
/// what is on its way while nothing new is started.
final class LedgerReserve: Sendable {
    /// Enough for a hundred replies of forty kilobytes.
    static let bytes = 4 << 20

    private let path: String
    private let isHeld = Mutex(true)

    /// Takes the room.
    ///
    /// - Throws: ``LedgerProblem`` (`disk-full`) when the disk does not have it.
    init(beside ledger: String) throws(LedgerProblem) {
        path = ledger + ".reserve"
        let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        let failure = descriptor < 0 ? errno : posix_fallocate(descriptor, 0, off_t(Self.bytes))
        if descriptor >= 0 { close(descriptor) }
        guard failure != 0 else { return }
        release()
        guard failure == ENOSPC || failure == EDQUOT else {
            throw LedgerProblem(
                .denied,
                "cannot write beside the ledger `\(ledger)`: \(unsafe String(cString: strerror(failure)))",
                hint: "check who owns the run's folder"
            )
        }
        throw LedgerProblem(
            .full,
            "the disk is full: a run keeps \(Self.bytes >> 20) MiB beside the ledger `\(ledger)` for what is in flight",
            hint: "make room and run the same command again"
        )
    }

    deinit { release() }

    /// Gives the room back; answers whether there was any.
    @discardableResult
    func release() -> Bool {
        isHeld.withLock { isHeld in
            guard isHeld else { return false }
            isHeld = false
            return unsafe unlink(path) == 0
        }
    }
}
