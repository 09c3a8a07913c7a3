/// Which benchmarks the text of a node's output was compared with, told from the graph alone.
///
/// Only comparisons that every item met count, whichever way it came.
public struct ComparisonTrail: Sendable, Hashable {
    /// What a node does to the texts that flow through it.
    public enum Work: Sendable, Hashable {
        /// Leaves them as they are.
        case pass
        /// Writes new ones; what was compared before were the tasks behind them.
        case write
        /// Drops those that hold text of these benchmarks.
        case compare([String])
    }

    /// A node of the graph, after all those that it takes from.
    public struct Node: Sendable, Hashable {
        /// What it does.
        public var work: Work
        /// Where every item of its output comes from: the place of a node, and whether that node passed it on.
        ///
        /// Two sides of a pair are two inputs.
        public var inputs: [Input]

        /// Creates a node.
        public init(_ work: Work, from inputs: [Input] = []) {
            self.work = work
            self.inputs = inputs
        }
    }

    /// An edge of the graph.
    public struct Input: Sendable, Hashable {
        /// The place of the node that it comes from.
        public var node: Int
        /// Whether that node passed the item on; what a comparison dropped is not cleared by it.
        public var isPassed: Bool

        /// Creates an edge.
        public init(node: Int, isPassed: Bool = true) {
            self.node = node
            self.isPassed = isPassed
        }
    }

    /// The benchmarks that every item's own text was compared with.
    public private(set) var texts: Set<String>
    /// The benchmarks that every item was compared with at some point of its making, if only as a task.
    public private(set) var tasks: Set<String>

    /// The benchmarks that only tasks were compared with.
    public var tasksAlone: Set<String> { tasks.subtracting(texts) }

    /// The trails of all nodes of a graph.
    ///
    /// - Precondition: every node comes after all those that it takes from.
    public static func trails(of nodes: [Node]) -> [ComparisonTrail] {
        var before: [ComparisonTrail] = []
        var after: [ComparisonTrail] = []
        for node in nodes {
            let inputs = node.inputs.map { $0.isPassed ? after[$0.node] : before[$0.node] }
            let trail = common(inputs)
            before.append(trail)
            switch node.work {
            case .pass: after.append(trail)
            case .write: after.append(ComparisonTrail(texts: [], tasks: trail.tasks))
            case .compare(let names):
                after.append(
                    ComparisonTrail(texts: trail.texts.union(names), tasks: trail.tasks.union(names))
                )
            }
        }
        return after
    }

    private static func common(_ trails: [ComparisonTrail]) -> ComparisonTrail {
        guard var result = trails.first else { return ComparisonTrail(texts: [], tasks: []) }
        for trail in trails.dropFirst() {
            result.texts.formIntersection(trail.texts)
            result.tasks.formIntersection(trail.tasks)
        }
        return result
    }
}
