package import CorpusKit
import Synchronization

/// Figures of a pass, for the progress line and the report.
package struct Figures: Sendable, Hashable {
    package var seeds = 0
    package var drafts = 0
    /// Items that left the last stage before an export.
    package var exported = 0
    package var pairs = 0
    package var dropped: [ReasonCode: Int] = [:]
    package var failed: [ReasonCode: Int] = [:]
    package var calls = 0
    package var reusedCalls = 0
    package var retries = 0
    package var executions = 0
    package var reusedExecutions = 0
    package var reusedItems = 0
    /// In a rehearsal: units without their results of which the target might get samples.
    package var lacks = 0
    package var tokens = 0
    /// Billionths of a US dollar.
    package var cost = 0
}

/// Counts; shared by all units of a pass.
final class Meter: Sendable {
    private let figures = Mutex(Figures())

    func count(_ change: (inout sending Figures) -> Void) { figures.withLock { change(&$0) } }

    var snapshot: Figures { figures.withLock { $0 } }
}
