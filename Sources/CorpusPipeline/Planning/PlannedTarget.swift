import CorpusConfig
import CorpusKit

/// How many samples a run is to give, and how many of each kind.
package struct PlannedTarget: Sendable {
    /// Samples that have the same value of every label that the target names.
    package struct Cell: Sendable, Hashable {
        /// One value for each of the target's labels, in their order; empty where the target names none.
        package var values: [String]
        /// How many samples it is to have.
        package var quota: Int

        /// The values for people; `all` for the only cell of a target without strata.
        package var name: String { values.isEmpty ? "all" : values.joined(separator: ", ") }
    }

    /// The stage whose samples count.
    package let at: String
    /// Its number in the plan.
    package let stage: Int
    /// The number of the node behind it that chooses.
    package let node: Int
    package let accepted: Int
    package let labels: [String]
    /// Their quotas add up to `accepted`.
    package let cells: [Cell]
    /// Nodes at which an item's cell is known for good: nothing from there on sets a label of the target.
    package let settled: Set<Int>
    private let places: [[String]: Int]

    init(_ target: Recipe.Target, at: String, stage: Int, node: Int, settled: Set<Int>) {
        self.at = at
        self.stage = stage
        self.node = node
        self.settled = settled
        accepted = target.accepted
        labels = target.strata.map(\.label)
        cells = Self.cells(of: target)
        places = Dictionary(cells.enumerated().map { ($1.values, $0) }) { first, _ in first }
    }

    /// Every combination of values, with its share of the samples in whole numbers.
    ///
    /// What is left after rounding down goes to the cells that lost most by it, of equals to the earlier ones.
    private static func cells(of target: Recipe.Target) -> [Cell] {
        var rows: [(values: [String], share: Double)] = [([], 1)]
        for stratum in target.strata {
            rows = rows.flatMap { row in
                stratum.shares.map { (row.values + [$0.value], row.share * $0.share) }
            }
        }
        let exact = rows.map { $0.share * Double(target.accepted) }
        // A share such as 0.1 is a little less than a tenth.
        var quotas = exact.map { Int(($0 + 1e-9).rounded(.down)) }
        let left = target.accepted - quotas.reduce(0, +)
        let order = rows.indices.sorted { left, right in
            let losses = (exact[left] - Double(quotas[left]), exact[right] - Double(quotas[right]))
            return abs(losses.0 - losses.1) > 1e-9 ? losses.0 > losses.1 : left < right
        }
        for index in order.prefix(max(0, left)) { quotas[index] += 1 }
        return zip(rows, quotas).map { Cell(values: $0.values, quota: $1) }
    }

    /// The number of the cell that an item with these labels belongs to; nil when it belongs to none.
    func cell(of labels: [String: JSONValue]) -> Int? {
        var values: [String] = []
        for label in self.labels {
            guard let value = labels[label], value != .null else { return nil }
            values.append(value.text ?? value.canonical)
        }
        return places[values]
    }
}

/// Stands in the graph where the target's samples are chosen; see ``TargetIndex``.
struct TargetSelector: Selector {
    static let name = "target"
    static let manifest = Manifest(
        name: name,
        version: 1,
        summary: "Chooses the samples that the target of the recipe asks for",
        reasons: ["beyond-target", "outside-strata", "cell-full"]
    )

    let cells: Int

    func makeIndex() -> any SelectionIndex { preconditionFailure("the target is filled by the router") }
}
