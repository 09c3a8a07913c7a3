import CorpusKit
import CorpusLedger

/// Reads items back from the ledger with everything that was found out about them in this pass.
struct ItemLoader: Sendable {
    let plan: Plan
    /// The ledger's number of each node.
    let stages: [Int]
    let ledger: Ledger

    func item(_ key: ItemKey) throws -> FlowItem {
        guard let draft = try ledger.draft(key) else {
            throw LedgerProblem(.damaged, "the ledger has lost the item `\(key)`")
        }
        var item = FlowItem(draft: draft)
        let nodes = Dictionary(uniqueKeysWithValues: stages.enumerated().map { ($1, $0) })
        let steps = try ledger.steps(of: key).compactMap { step in
            nodes[step.stage].map { (node: $0, step: step) }
        }
        for (_, step) in steps.sorted(by: { $0.node < $1.node }) {
            item.labels.merge(step.labels) { _, new in new }
            item.evidence += step.evidence
        }
        for stage in try ledger.makers(of: key) {
            guard let node = nodes[stage], plan.nodes[node].verb == .generate else { continue }
            item.provenance.append(UnitRunner.provenance(of: plan.nodes[node]))
        }
        return item
    }
}
