import CorpusKit
import CorpusLedger
import Synchronization

/// Which cells of the target had all their samples when the present wave began: what belongs to them is not paid for.
///
/// It changes between waves, when nothing is on its way, so that it says the same to everything of one wave.
final class FullCells: Sendable {
    private let cells: Mutex<Set<Int>>

    init(_ cells: Set<Int>) { self.cells = Mutex(cells) }

    func set(_ cells: Set<Int>) { self.cells.withLock { $0 = cells } }

    func contains(_ cell: Int) -> Bool { cells.withLock { $0.contains(cell) } }
}

extension UnitRunner {
    /// Why work was spared: nothing is known of what it would have given.
    static let sparing: Set<ReasonCode> = ["outside-strata", "cell-full"]

    /// Why the target has no use for an item at a node that would spend money or time on it; nil where it may have.
    func isOfNoUse(_ item: FlowItem, at node: Int) -> (
        reason: ReasonCode, summary: String, detail: [String: JSONValue]
    )? {
        guard let fullCells, let target = plan.target, target.settled.contains(node),
            !plan.nodes[node].isPrompt
        else { return nil }
        guard let cell = target.cell(of: item.content.labels) else {
            return ("outside-strata", "its labels belong to no cell of the target", [:])
        }
        guard fullCells.contains(cell) else { return nil }
        let name = target.cells[cell].name
        return ("cell-full", "the target had all its samples of `\(name)` before", ["cell": .string(name)])
    }

    /// Stops the run when a plug-in changed a label of the target that its manifest does not name: work may have been
    /// spared, or not, because of what the label was before.
    func checkLabels(
        _ detail: [String: JSONValue],
        _ drafts: some Sequence<[String: JSONValue]>,
        _ item: FlowItem,
        _ node: PlanNode
    ) throws {
        guard let target = plan.target, !target.labels.isEmpty else { return }
        let before = item.content.labels
        var changed = Set(detail["labels"]?.members?.keys.map(\.self) ?? [])
        for labels in drafts {
            for label in target.labels where labels[label] != before[label] {
                changed.insert(label)
            }
        }
        guard
            let label = target.labels.first(where: {
                changed.contains($0) && !node.manifest.labels.contains($0)
            })
        else { return }
        throw WorkFailure(
            "plugin-error",
            "`\(node.manifest.name)` set the label `\(label)`, which the target counts by and its manifest does not name",
            stopsRun: true
        )
    }
}
