import CorpusKit
import CorpusLedger

/// Decides what to work on next; a plain state machine without concurrency.
///
/// Later nodes go first, so that finished samples come out early and what is on its way stays small: sources are
/// asked for another row only while less than `frontier` units are waiting or in work.
struct Scheduler {
    let nodes: [PlanNode]
    private(set) var queues: [Queue]
    private var inFlight: [Int]
    /// For each group node: how much work upstream belongs to a task, by task.
    private var live: [Int: [ItemKey: Int]] = [:]
    /// For each group node: what has arrived, by task.
    private var gathered: [Int: [ItemKey: Gathered]] = [:]
    /// How many items those are, by node.
    private(set) var gatheredCounts: [Int]
    /// Nodes at which items wait for the others of their task.
    private let groupNodes: [Int]
    /// For each node, those that work item by item on what leaves it, or the steps that follow it at once.
    private let readers: [[Int]]
    private(set) var waiting = 0
    private(set) var running = 0
    /// Sources whose rows go on at once and leave nothing behind that waits; how many are on their way is bounded when
    /// they are read.
    private let unbound: Set<Int>
    /// Nodes that must not be started any more.
    var closed: Set<Int> = []
    /// How many units of each node may be in work at once.
    var widths: [Int]
    /// Nodes that a person lets start nothing for now.
    var skipped: Set<Int> = []
    /// What has come to such nodes meanwhile.
    var parked: [Int: [Parked]] = [:]

    struct Gathered {
        var main: [ItemKey] = []
        var others: Set<ItemKey> = []
    }

    struct Queue {
        fileprivate var items: [Work] = []
        fileprivate var head = 0
        var count: Int { items.count - head }
        var isEmpty: Bool { count == 0 }

        fileprivate mutating func pop() -> Work {
            defer {
                head += 1
                if head > 1024, head * 2 > items.count {
                    items.removeFirst(head)
                    head = 0
                }
            }
            return items[head]
        }
    }

    init(nodes: [PlanNode], successors: [Int?]? = nil) {
        self.nodes = nodes
        queues = Array(repeating: Queue(), count: nodes.count)
        inFlight = Array(repeating: 0, count: nodes.count)
        gatheredCounts = inFlight
        widths = nodes.map(\.width)
        groupNodes = nodes.indices.filter { nodes[$0].kind.isGroup || nodes[$0].joins }
        let direct = nodes.indices.map { node in
            nodes.indices.filter { reader in
                !nodes[reader].kind.isGroup && !nodes[reader].kind.isSelect && !nodes[reader].joins
                    && nodes[reader].inputs.contains { $0.node == node }
            }
        }
        // What is done at once with what leaves a node leaves the last of these steps.
        let behind = nodes.indices.map { node in
            var (all, last) = (direct[node], node)
            while let next = successors?[last] {
                all += direct[next]
                last = next
            }
            return all
        }
        readers = behind
        // Where another step waits behind the chain, the source keeps its width: nothing piles up there.
        let chained = Set((successors ?? []).compactMap(\.self))
        unbound = Set(
            nodes.indices.filter { node in
                nodes[node].kind.isSource && successors?[node] != nil
                    && behind[node].allSatisfy(chained.contains)
            }
        )
        for node in groupNodes {
            live[node] = [:]
            gathered[node] = [:]
        }
    }

    /// How much may be on its way before sources must wait.
    ///
    /// A node that wants many calls in flight is not kept short of them, and rows that wait for nobody come in numbers
    /// that make the wait for the disk worth its while.
    var frontier: Int {
        let all = widths.reduce(0) { $0 + max($1, 2 * min($1, 64)) }
        return max(unbound.isEmpty ? 64 : Self.promptFrontier, all)
    }

    private static let promptFrontier = 2048

    /// Whether there is room for more on the way; what stands before skipped nodes takes none.
    var hasRoom: Bool { waiting - stranded + running < frontier }

    /// Adds work.
    ///
    /// - Parameters:
    ///   - work: What is to be done.
    ///   - isHeld: Whether its task has been counted as on its way at this node already.
    mutating func enqueue(_ work: Work, isHeld: Bool = false) {
        queues[work.node].items.append(work)
        waiting += 1
        if !isHeld { hold(work.task, at: work.node) }
    }

    /// The next thing to do, from the latest node that has work and room.
    ///
    /// A node waits while enough lies before its readers: what a selector lets go at once, and what a unit of many
    /// drafts gives, would else pile up there with all its content.
    mutating func next() -> Work? {
        for node in nodes.indices.reversed()
        where !queues[node].isEmpty && !closed.contains(node) && !skipped.contains(node) {
            guard unbound.contains(node) || inFlight[node] < widths[node],
                !readers[node].contains(where: isFull)
            else { continue }
            inFlight[node] += 1
            waiting -= 1
            running += 1
            return queues[node].pop()
        }
        return nil
    }

    /// Whether enough work lies before a node; there is room for any number of keys before a skipped one.
    func isFull(_ node: Int) -> Bool {
        !skipped.contains(node) && queues[node].count >= 2 * max(32, min(widths[node], 64))
    }

    /// How many units of a node are in work.
    func inWork(at node: Int) -> Int { inFlight[node] }

    /// Books a unit as done; what came of it must have been enqueued, gathered or held before.
    mutating func finish(_ work: Work) {
        inFlight[work.node] -= 1
        running -= 1
        release(work.task, at: work.node)
    }

    /// Takes a unit back that was not done: its task stays incomplete.
    mutating func abandon(_ work: Work) {
        inFlight[work.node] -= 1
        running -= 1
        waiting += 1
        queues[work.node].items.append(work)
        closed.insert(work.node)
    }

    /// Counts something of a task as on its way at a node, for the group nodes downstream of it.
    mutating func hold(_ task: ItemKey?, at node: Int) {
        guard let task else { return }
        for group in groupNodes where nodes[group].ancestors.contains(node) {
            live[group]?[task, default: 0] += 1
        }
    }

    /// Counts something of a task as settled; a task with nothing on its way is complete and becomes work.
    mutating func release(_ task: ItemKey?, at node: Int) {
        guard let task else { return }
        for group in groupNodes where nodes[group].ancestors.contains(node) {
            let left = (live[group]?[task] ?? 0) - 1
            precondition(left >= 0, "a task was settled more often than it was on its way")
            live[group]?[task] = left == 0 ? nil : left
            if left == 0 { complete(task, at: group) }
        }
    }

    /// Takes note of an item that a group node waits for.
    mutating func gather(_ item: FlowItem, at node: Int, isMain: Bool) {
        if isMain {
            gatheredCounts[node] += 1
            gathered[node]?[item.draft.task, default: Gathered()].main.append(item.key)
        } else {
            gathered[node]?[item.draft.task, default: Gathered()].others.insert(item.key)
        }
    }

    /// What waits for others of its task.
    var gatheredKeys: Set<ItemKey> {
        gathered.values.reduce(into: []) { keys, tasks in
            for group in tasks.values {
                keys.formUnion(group.main)
                keys.formUnion(group.others)
            }
        }
    }

    private mutating func complete(_ task: ItemKey, at node: Int) {
        guard let group = gathered[node]?.removeValue(forKey: task) else { return }
        gatheredCounts[node] -= group.main.count
        enqueue(.group(node: node, task: task, main: group.main.sorted(), others: group.others.sorted()))
    }

    /// Whether nothing is on its way at any of the nodes.
    func isQuiet(_ set: Set<Int>) -> Bool {
        set.allSatisfy {
            queues[$0].isEmpty && inFlight[$0] == 0 && (gathered[$0]?.isEmpty ?? true) && parked[$0] == nil
        }
    }
}
