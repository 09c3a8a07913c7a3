import CorpusKit
import CorpusLedger

extension UnitRunner {
    /// What flows on from a unit that has just ended.
    func outcome(of record: ItemRecord, _ item: FlowItem, node: Int) -> Outcome {
        let stored = StoredItem(
            key: record.key,
            state: record.state,
            reason: record.reason,
            summary: record.summary,
            detail: record.detail,
            drops: record.drops.count,
            drafts: record.drafts,
            evidence: record.evidence
        )
        return resumed(stored, item, node: node)
    }

    /// The same of one that is on the ledger.
    func resumed(_ stored: StoredItem, _ item: FlowItem, node index: Int) -> Outcome {
        let node = plan.nodes[index]
        guard stored.state != .expanded else {
            let step = plan.provenance(at: index, from: item.key, detail: stored.detail)
            let passages = stored.drafts.map { draft in
                var draft = draft
                // The seed may have moved to another line since.
                draft.origin = item.draft.origin
                return Outcome.Passage(
                    item: FlowItem(draft: draft, provenance: item.provenance + [step], row: item.row),
                    state: .expanded
                )
            }
            return Outcome(passages: passages, state: .expanded)
        }
        var item = item
        item.labels.merge(stored.detail["labels"]?.members ?? [:]) { _, new in new }
        item.evidence += stored.evidence
        let passages =
            node.verb == .generate
            ? [] : [Outcome.Passage(item: item, state: stored.state, reason: stored.reason)]
        return Outcome(passages: passages, state: stored.state, reason: stored.reason)
    }
}
