import CorpusKit
import CorpusLedger

/// Reads items back from the ledger with everything that was found out about them in this pass on their way to a node.
struct ItemLoader: Sendable {
    let plan: Plan
    let ledger: Ledger
    /// The node of each of the ledger's stages.
    private let nodes: [Int: Int]

    /// Creates a loader that knows each node by the ledger's number of its stage.
    init(plan: Plan, stages: [Int], ledger: Ledger) {
        self.plan = plan
        self.ledger = ledger
        nodes = Dictionary(uniqueKeysWithValues: stages.enumerated().map { ($1, $0) })
    }

    /// Reads an item as it is when it arrives at a node.
    ///
    /// What stages beside that way found out is left out: whether it is on the ledger yet is a matter of chance.
    func item(_ key: ItemKey, at node: Int) throws -> FlowItem {
        guard let draft = try ledger.draft(key) else {
            throw LedgerProblem(.damaged, "the ledger has lost the item `\(key)`")
        }
        var item = FlowItem(draft: draft)
        // The seed may have moved to another line since the draft was written.
        if draft.group != key, let seed = try ledger.draft(draft.group) { item.draft.origin = seed.origin }
        let ancestors = plan.nodes[node].ancestors
        let steps = try ledger.steps(of: key).compactMap { step in
            nodes[step.stage].flatMap { ancestors.contains($0) ? (node: $0, step: step) : nil }
        }
        for (_, step) in steps.sorted(by: { $0.node < $1.node }) {
            item.labels.merge(step.labels) { _, new in new }
            item.evidence += step.evidence
        }
        item.provenance = try provenance(of: key)
        if plan.target != nil { item.row = try ledger.row(ofSeed: draft.group) ?? 0 }
        return item
    }

    /// The steps by which an item was made.
    func provenance(of key: ItemKey) throws -> [Provenance] {
        try ledger.makers(of: key).compactMap { stage, parent, detail in
            guard let maker = nodes[stage], plan.nodes[maker].verb == .generate else { return nil }
            return plan.provenance(at: maker, from: parent, detail: detail)
        }
    }
}
