import CorpusConfig
import CorpusKit
import CorpusLedger
import Foundation

/// Carries items from where they leave a node to where they are read, and holds what waits at barriers.
struct Router {
    fileprivate struct Reader {
        var node: Int
        var outcome: Recipe.Input.Outcome
        var isMain: Bool
    }

    private struct Barrier {
        var index: any SelectionIndex
        var waiting: [(key: ItemKey, task: ItemKey)] = []
        /// Whether it has decided about the present wave; there is one wave without a target.
        var isDecided = false
    }

    /// A selector that has decided; what it says of each item becomes work as room frees.
    private struct Release {
        let index: any SelectionIndex
        /// Sorted by key, the smallest last.
        var waiting: [(key: ItemKey, task: ItemKey)]
    }

    private static let cores = ProcessInfo.processInfo.activeProcessorCount

    let plan: Plan
    private var readers: [[Reader]]
    private var barriers: [Int: Barrier] = [:]
    private var releases: [Int: Release] = [:]
    private var met: [Int: Set<ItemKey>] = [:]
    /// What waits until the target's samples are chosen.
    private var chosenLater: [(key: ItemKey, task: ItemKey)] = []
    /// While the target's samples are not chosen yet.
    private var target: TargetIndex?
    private let fullCells: FullCells?
    /// What only the whole run can decide about; nil unless this is a shard.
    private var undecided: Set<ItemKey>?
    /// How many rows of the sources may be read so far.
    private(set) var rowLimit = Int.max
    var scheduler: Scheduler

    init(plan: Plan, fullCells: FullCells? = nil, isShard: Bool = false) {
        self.plan = plan
        undecided = isShard ? [] : nil
        self.fullCells = fullCells
        target = plan.target.map(TargetIndex.init)
        if let target { rowLimit = target.limit }
        scheduler = Scheduler(nodes: plan.nodes, successors: plan.successors)
        readers = Array(repeating: [], count: plan.nodes.count)
        for (index, node) in plan.nodes.enumerated() {
            for edge in node.inputs {
                readers[edge.node].append(Reader(node: index, outcome: edge.outcome, isMain: true))
            }
            for edge in node.others {
                readers[edge.node].append(Reader(node: index, outcome: edge.outcome, isMain: false))
            }
            if case .select(let selector) = node.kind, !node.isTarget {
                barriers[index] = Barrier(index: selector.makeIndex())
            }
            if node.mayRepeat { met[index] = [] }
        }
    }

    /// Whether there is room for another seed on the way.
    var wantsSeed: Bool { scheduler.hasRoom }

    /// Whether everything that has come so far is settled and decided.
    var isDone: Bool {
        guard left == 0, scheduler.running == 0 else { return false }
        return undecided != nil
            || barriers.isEmpty && target == nil && scheduler.isQuiet(Set(plan.nodes.indices))
    }

    /// How many items of a shard wait for selectors, or for others of their task that do.
    var held: Int { undecided?.union(scheduler.gatheredKeys).count ?? 0 }

    /// How many units wait for their turn, at skipped nodes also those that wait for others.
    var left: Int {
        let released = releases.values.reduce(scheduler.waiting) { $0 + $1.waiting.count }
        let parked = scheduler.parked.keys.reduce(released) { $0 + scheduler.parkedUnits(at: $1) }
        return scheduler.skipped.reduce(parked) {
            $0 + (barriers[$1]?.waiting.count ?? waitingForChoice(at: $1))
        }
    }

    /// How many items a selector has before it, decided about or not.
    func waitingForOthers(at node: Int) -> Int {
        (barriers[node]?.waiting.count ?? waitingForChoice(at: node)) + (releases[node]?.waiting.count ?? 0)
    }

    private func waitingForChoice(at node: Int) -> Int { plan.target?.node == node ? chosenLater.count : 0 }

    /// What can be started now, in portions for one task each.
    ///
    /// Work that waits for nobody goes in larger ones: what is made durable together shares a transaction.
    mutating func nextWorks() -> [[Work]] {
        var portions: [[Work]] = []
        var prompt: [Work] = []
        while let work = scheduler.next() {
            if isPrompt(work) { prompt.append(work) } else { portions.append([work]) }
        }
        let size = max(1, min(64, prompt.count / Self.cores))
        for start in stride(from: 0, to: prompt.count, by: size) {
            portions.append(Array(prompt[start..<min(start + size, prompt.count)]))
        }
        return portions
    }

    private func isPrompt(_ work: Work) -> Bool {
        switch work {
        case .row, .selection, .unrouted: true
        case .unit(let node, _, _): plan.nodes[node].isPrompt
        case .group: false
        }
    }

    /// Starts nothing new at nodes that need a model, or at no node at all.
    mutating func drain(everything: Bool) {
        for (index, node) in plan.nodes.enumerated() where everything || !node.roles.isEmpty {
            scheduler.closed.insert(index)
        }
    }

    /// Sends what came of work in the end to its readers; steps between had one reader each, which was the next step.
    mutating func route(_ steps: [UnitRunner.Step]) throws {
        // A row has no task while it is read; the seed that came of it is one, and on its way until it is settled.
        if let first = steps.first, case .row(let node, _, _) = first.work {
            for passage in first.outcome.passages { scheduler.hold(passage.item.draft.task, at: node) }
        }
        if let last = steps.last { try route(last.outcome, from: last.work) }
    }

    private mutating func route(_ outcome: Outcome, from work: Work) throws {
        for item in outcome.joined { try accept(item, at: work.node) }
        for passage in outcome.passages {
            var isTaken = false
            for reader in readers[work.node] where reader.takes(passage.state) {
                guard !reader.isMain || passage.item.matches(plan.nodes[reader.node]) else { continue }
                if reader.isMain { isTaken = true }
                try deliver(passage.item, to: reader)
            }
            if !isTaken, passage.state.goesOn { scheduler.enqueue(.unrouted(node: work.node, passage.item)) }
        }
    }

    /// Books work as done, what waited at a barrier for it as settled there, and what came of it as sent on.
    mutating func settle(_ work: Work, _ outcome: Outcome) {
        scheduler.finish(work)
        switch work {
        case .group(let node, let task, let main, _): for _ in main { scheduler.release(task, at: node) }
        case .row(let node, _, _):
            for passage in outcome.passages { scheduler.release(passage.item.draft.task, at: node) }
        case .unit, .selection, .unrouted: break
        }
    }

    private mutating func deliver(_ item: FlowItem, to reader: Reader) throws {
        let node = plan.nodes[reader.node]
        if reader.isMain, met[reader.node] != nil, met[reader.node]?.insert(item.key).inserted == false {
            return
        }
        if node.kind.isGroup || node.joins {
            scheduler.gather(item, at: reader.node, isMain: reader.isMain)
            if reader.isMain { scheduler.hold(item.draft.task, at: reader.node) }
        } else if reader.isMain {
            try accept(item, at: reader.node)
        }
    }

    /// Takes an item in at a node that works item by item, or decides about all items at once.
    private mutating func accept(_ item: FlowItem, at node: Int) throws {
        if scheduler.skipped.contains(node), !plan.nodes[node].kind.isSelect {
            return scheduler.park(item, at: node)
        }
        switch plan.nodes[node].kind {
        case .select where undecided != nil: leave(item, at: node)
        case .select where plan.nodes[node].isTarget:
            target?.observe(item)
            chosenLater.append((item.key, item.draft.task))
            scheduler.hold(item.draft.task, at: node)
        case .select:
            try barriers[node]?.index.observe(item.sample)
            barriers[node]?.waiting.append((item.key, item.draft.task))
            scheduler.hold(item.draft.task, at: node)
        case .generate(let generator):
            for ordinal in 0..<generator.attempts {
                scheduler.enqueue(.unit(node: node, item, ordinal: ordinal))
            }
        case .source, .verify, .filter, .write: scheduler.enqueue(.unit(node: node, item, ordinal: 0))
        case .groupVerify, .pair: preconditionFailure("groups are gathered")
        }
    }

    /// Lets the first selector that nothing is on its way to any more decide, or the sources be read on.
    ///
    /// - Parameter isExhausted: Whether the sources have nothing more to give.
    /// - Returns: Whether one decided, or more rows may be read.
    /// - Throws: What a selector's index throws.
    mutating func decideNextSelection(isExhausted: Bool) throws -> Bool {
        guard undecided == nil else { return readOn(isExhausted: isExhausted) }
        for node in barriers.keys.sorted() where !scheduler.closed.contains(node) && isNext(node) {
            // Where nothing has come there is nothing to leave out.
            if scheduler.skipped.contains(node), barriers[node]?.waiting.isEmpty == false { continue }
            // Taken out, so that sealing copies nothing and what was observed goes when all is let go.
            guard var barrier = barriers.removeValue(forKey: node) else { continue }
            try barrier.index.seal()
            barrier.waiting.sort { $0.key > $1.key }
            releases[node] = Release(index: barrier.index, waiting: barrier.waiting)
            if target != nil {
                // What comes with later waves is held against what this one kept.
                barrier.waiting = []
                barrier.isDecided = true
                barriers[node] = barrier
            }
            return true
        }
        return decideTarget(isExhausted: isExhausted)
    }

    /// Leaves an item to the run into which the shard is merged: selectors decide about the samples of all shards.
    private mutating func leave(_ item: FlowItem, at node: Int) {
        scheduler.hold(item.draft.task, at: node)
        guard undecided?.insert(item.key).inserted == true, let place = plan.target?.node else { return }
        // How many of them selectors will let go on to the target nobody knows here.
        if node == place || plan.nodes[place].ancestors.contains(node) { target?.observe(item) }
    }

    /// Lets a shard read the sources on as far as its part of the target seems to take.
    private mutating func readOn(isExhausted: Bool) -> Bool {
        guard !isExhausted, scheduler.waiting == 0, scheduler.running == 0, scheduler.parked.isEmpty,
            var index = target, !index.isFull
        else { return false }
        target = nil
        index.extend()
        rowLimit = index.limit
        target = index
        return true
    }

    /// Whether it is a selector's turn: all that flows to it is here, and the selectors before it have let theirs go.
    private func isNext(_ node: Int) -> Bool {
        if let target = plan.target, self.target != nil, !plan.nodes[target.node].ancestors.contains(node) {
            return false
        }
        return barriers[node]?.isDecided == false && isSettled(before: node)
    }

    private func isSettled(before node: Int) -> Bool {
        let ancestors = plan.nodes[node].ancestors
        return scheduler.isQuiet(ancestors.union([node]))
            && !ancestors.contains { barriers[$0]?.isDecided == false || releases[$0] != nil }
    }

    /// Chooses the target's samples when there are enough of them or will be no more; else begins another wave.
    private mutating func decideTarget(isExhausted: Bool) -> Bool {
        guard let node = plan.target?.node, !scheduler.closed.contains(node), isSettled(before: node),
            chosenLater.isEmpty || !scheduler.skipped.contains(node),
            var index = target
        else { return false }
        // What it holds is not copied when it changes.
        target = nil
        guard index.isFull || isExhausted else {
            index.extend()
            rowLimit = index.limit
            fullCells?.set(index.full)
            for place in barriers.keys { barriers[place]?.isDecided = false }
            target = index
            return true
        }
        index.seal()
        chosenLater.sort { $0.key > $1.key }
        releases[node] = Release(index: index, waiting: chosenLater)
        chosenLater = []
        // The selectors before it have decided for the last time.
        for place in barriers.keys where barriers[place]?.isDecided == true { barriers[place] = nil }
        return true
    }

    /// Makes work of what selectors have decided about, as far as there is room: of the rest only keys are kept.
    mutating func refill() {
        scheduler.unpark()
        for node in Array(releases.keys)
        where !scheduler.closed.contains(node) && !scheduler.skipped.contains(node) {
            while !scheduler.isFull(node), let item = releases[node]?.waiting.popLast(),
                let selection = releases[node]?.index.selection(for: item.key)
            {
                scheduler.enqueue(
                    .selection(node: node, item.key, task: item.task, selection),
                    isHeld: true
                )
            }
            if releases[node]?.waiting.isEmpty == true { releases[node] = nil }
        }
    }
}

extension Plan {
    /// For each node the one that takes all that it passes on, where that is its only reader and works at once.
    ///
    /// What leaves such a node never queues: it goes on in the same task, and all steps are made durable together.
    var successors: [Int?] {
        var readers: [[(node: Int, edge: PlanEdge)]] = Array(repeating: [], count: nodes.count)
        for (index, node) in nodes.enumerated() {
            for edge in node.inputs + node.others { readers[edge.node].append((index, edge)) }
        }
        return readers.map { own in
            guard own.count == 1, let (node, edge) = own.first, edge.outcome == .passed, nodes[node].isPrompt,
                !nodes[node].mayRepeat
            else { return nil }
            return node
        }
    }
}

extension Router.Reader {
    func takes(_ state: ItemState) -> Bool {
        switch outcome {
        case .passed: state.goesOn
        case .fail: state == .fail
        case .unsure: state == .unsure
        case .dropped: state == .dropped
        case .all: state.goesOn || state.isDrop
        }
    }
}

extension ItemState {
    /// Whether the item is passed on.
    var goesOn: Bool { self == .expanded || self == .passed || self == .kept }
}
