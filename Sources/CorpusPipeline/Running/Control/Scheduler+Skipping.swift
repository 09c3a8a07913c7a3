import CorpusKit
import CorpusLedger

extension Scheduler {
    /// An item that has come to a node which is skipped; the ledger has the rest of it.
    struct Parked {
        let key: ItemKey
        let task: ItemKey
    }

    /// Takes over widths and skipped nodes.
    mutating func obey(_ wish: RunControl.Wish) {
        for (node, width) in wish.widths { widths[node] = width }
        skipped = wish.skipped
    }

    /// Keeps an item before a skipped node: it holds up nobody but those who need it, and what is kept is its key.
    mutating func park(_ item: FlowItem, at node: Int) {
        parked[node, default: []].append(Parked(key: item.key, task: item.draft.task))
        hold(item.draft.task, at: node)
    }

    /// Makes work of what was parked where a node is no longer skipped, as far as there is room.
    mutating func unpark() {
        for node in Array(parked.keys) where !skipped.contains(node) {
            while !isFull(node), let item = parked[node]?.popLast() {
                // Loaded as what waited for others is; that releases the item and the work.
                enqueue(.group(node: node, task: item.task, main: [item.key], others: []))
            }
            if parked[node]?.isEmpty == true { parked[node] = nil }
        }
    }

    /// Units that stand before skipped nodes and so are not on their way.
    var stranded: Int { skipped.reduce(0) { $0 + queues[$1].count } }

    /// How many units or items have come to a node and are not in work.
    func waiting(at node: Int) -> Int {
        queues[node].count + gatheredCounts[node] + parkedUnits(at: node)
    }

    /// How many units the parked items of a node will be.
    func parkedUnits(at node: Int) -> Int {
        guard let items = parked[node]?.count else { return 0 }
        guard case .generate(let generator) = nodes[node].kind else { return items }
        return items * generator.attempts
    }
}

extension Router {
    /// Takes over what a person wants.
    mutating func obey(_ wish: RunControl.Wish) { scheduler.obey(wish) }

    /// Why the pass is not done although nothing else is left: what waits at skipped nodes.
    var remainder: RunStop? {
        let places = scheduler.skipped.sorted().compactMap { node in
            let count = scheduler.waiting(at: node) + waitingForOthers(at: node)
            return count == 0 ? nil : "\(counted(count, "unit")) at `\(plan.nodes[node].name)`"
        }
        guard !places.isEmpty else { return nil }
        return .skipped("everything is done but what was skipped: \(places.joined(separator: ", "))")
    }

    /// How each node stands.
    func standing(_ tally: PassTally) -> [StageStanding] {
        tally.ends.enumerated().map { node, ends in
            var stage = StageStanding(width: scheduler.widths[node])
            stage.isSkipped = scheduler.skipped.contains(node)
            stage.waiting = scheduler.waiting(at: node) + waitingForOthers(at: node)
            stage.inWork = scheduler.inWork(at: node)
            (stage.done, stage.dropped, stage.failed) = ends
            return stage
        }
    }
}
