import CorpusKit
import CorpusLedger

/// Reads items back from the ledger with everything that was found out about them in this pass on their way to a node.
struct ItemLoader: Sendable {
    let plan: Plan
    /// The ledger's number of each node.
    let stages: [Int]
    let ledger: Ledger

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
        let nodes = Dictionary(uniqueKeysWithValues: stages.enumerated().map { ($1, $0) })
        let ancestors = plan.nodes[node].ancestors
        let steps = try ledger.steps(of: key).compactMap { step in
            nodes[step.stage].flatMap { ancestors.contains($0) ? (node: $0, step: step) : nil }
        }
        for (_, step) in steps.sorted(by: { $0.node < $1.node }) {
            item.labels.merge(step.labels) { _, new in new }
            item.evidence += step.evidence
        }
        for (stage, detail) in try ledger.makers(of: key) {
            guard let maker = nodes[stage], plan.nodes[maker].verb == .generate else { continue }
            item.provenance.append(plan.provenance(of: plan.nodes[maker], detail: detail))
        }
        return item
    }
}
