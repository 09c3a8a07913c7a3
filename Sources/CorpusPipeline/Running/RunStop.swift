package import CorpusKit
package import CorpusLedger

/// Why a pass must not start anything new.
package enum RunStop: Sendable {
    /// A cap is reached.
    case budget(String)
    /// Every further call would fail in the same way.
    case failure(WorkFailure)
    /// The ledger cannot be written.
    case ledger(LedgerProblem)
    /// A person or the system asked.
    case interrupted
    /// A person asked for it by `ctl drain`.
    case drained
    /// Nothing is left but what waits at stages that a person had skipped.
    case skipped(String)
    /// Time is up.
    case wall(String)

    var isDeadline: Bool {
        guard case .wall = self else { return false }
        return true
    }

    var isInterruption: Bool {
        guard case .interrupted = self else { return false }
        return true
    }
}
