import CorpusConfig
import CorpusKit
import CorpusLedger

/// Something on its way through the graph: a draft with what was found out about it so far.
struct FlowItem: Sendable {
    var draft: DraftRecord
    /// Labels set by verifiers, on top of the draft's own.
    var labels: [String: JSONValue] = [:]
    /// Evidence of the checks it went through, in stage order.
    var evidence: [Evidence] = []
    var provenance: [Provenance] = []
    /// The place of its seed among the rows of all sources, from 0.
    var row = 0

    var key: ItemKey { draft.key }

    /// The content with all labels.
    var content: Content {
        var content = draft.content
        content.labels.merge(labels) { _, new in new }
        return content
    }

    var seed: Seed {
        Seed(id: key.description, content: content, origin: draft.origin, licence: draft.licence)
    }

    var sample: Sample {
        Sample(
            key: key,
            content: content,
            group: draft.group,
            task: draft.task,
            origin: draft.origin,
            licence: draft.licence,
            evidence: evidence,
            provenance: provenance,
            id: draft.contentID
        )
    }

    /// Whether a stage with this condition takes the item.
    func matches(_ node: PlanNode) -> Bool {
        guard let condition = node.condition else { return true }
        if !condition.sources.isEmpty, !condition.sources.contains(draft.origin.source) { return false }
        let labels = content.labels
        return condition.labels.allSatisfy { name, values in labels[name].map(values.contains) ?? false }
    }
}

/// A unit of work; in a box, since it changes hands often.
indirect enum Work: Sendable {
    /// A row of a source.
    case row(node: Int, SourceRow, name: SeedName?)
    /// One attempt of a stage at one item.
    case unit(node: Int, FlowItem, ordinal: Int)
    /// All items of a task, at a group stage, or at one where an item can arrive by two ways.
    case group(node: Int, task: ItemKey, main: [ItemKey], others: [ItemKey])
    /// What a selector answers about one item.
    case selection(node: Int, ItemKey, task: ItemKey, Selection)
    /// An item that a stage passed on and no reader took.
    case unrouted(node: Int, FlowItem)

    var node: Int {
        switch self {
        case .row(let node, _, _), .unit(let node, _, _), .group(let node, _, _, _),
            .selection(let node, _, _, _),
            .unrouted(let node, _):
            node
        }
    }

    /// The task whose completeness waits for this work; nil for rows, which belong to none yet.
    var task: ItemKey? {
        switch self {
        case .row: nil
        case .unit(_, let item, _), .unrouted(_, let item): item.draft.task
        case .group(_, let task, _, _), .selection(_, _, let task, _): task
        }
    }
}

/// What a unit of work came to, in memory; the ledger has it already.
struct Outcome: Sendable {
    /// One item and how it left the node.
    struct Passage: Sendable {
        var item: FlowItem
        var state: ItemState
        var reason: ReasonCode?
    }

    /// Items that leave the node: a generator's drafts, or the item itself with its new state.
    var passages: [Passage] = []
    /// Items that have arrived by all their ways and can now be worked on at the node.
    var joined: [FlowItem] = []
    /// For progress: the state of the unit, and why.
    var state: ItemState
    var reason: ReasonCode?
    /// How each of a unit's items ended, where passages do not say.
    var ends: [ItemState]?
}
