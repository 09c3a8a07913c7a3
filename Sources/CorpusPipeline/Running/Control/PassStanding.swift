import CorpusLedger

/// How one stage of a pass stands.
package struct StageStanding: Sendable, Hashable {
    /// How many units may be in work at once.
    package var width: Int
    /// Whether it starts no further unit.
    package var isSkipped = false
    /// Units, or items that wait for others, that have come and are not in work.
    package var waiting = 0
    package var inWork = 0
    /// What has ended in this pass, one way or another.
    package var done = 0
    /// Those of ``done`` that go no further.
    package var dropped = 0
    /// Those of ``done`` that failed.
    package var failed = 0

    package init(width: Int) { self.width = width }
}

/// How a pass stands, for whoever looks at it from outside.
package struct PassStanding: Sendable {
    /// What the pass does.
    package enum Phase: Sendable {
        case running
        /// Nothing new starts until somebody says so.
        case paused
        /// What is in work ends, and then the pass does.
        case draining(RunStop)
        /// All stages are done; exports are written.
        case over
    }

    package var phase: Phase
    /// Since when, in seconds since 1970.
    package var since: Double
    /// Seconds since the pass began.
    package var elapsed: Double
    /// How many it may take; nil when that is not bounded.
    package var wall: Int?
    /// By the plan's nodes.
    package var stages: [StageStanding]
    package var seeds: Int
    /// Samples that have come to an export, counted once for each.
    package var exported: Int
    /// Calls that wait between two of a unit's while the pass is paused.
    package var heldCalls: Int
}

/// Counts what has ended, node by node.
struct PassTally {
    private(set) var ends: [(done: Int, dropped: Int, failed: Int)]
    private(set) var seeds = 0
    private(set) var exported = 0

    init(nodes: Int) { ends = Array(repeating: (0, 0, 0), count: nodes) }

    mutating func count(_ step: UnitRunner.Step, at node: PlanNode) {
        for state in step.outcome.states(after: step.work, at: node) {
            ends[step.work.node].done += 1
            switch state {
            case .fail, .unsure, .dropped: ends[step.work.node].dropped += 1
            case .failed: ends[step.work.node].failed += 1
            case .exported: exported += 1
            case .expanded: if node.kind.isSource { seeds += 1 }
            case .passed, .kept, .paired: break
            }
        }
    }
}

extension Outcome {
    /// How what was worked on ended: one state for each record that the ledger has of it.
    fileprivate func states(after work: Work, at node: PlanNode) -> [ItemState] {
        if let ends { return ends }
        guard case .group = work else { return [state] }
        // At other nodes, items have only waited for each other.
        return node.kind.isGroup ? passages.map(\.state) : []
    }
}
