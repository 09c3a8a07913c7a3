import CorpusConfig
import CorpusDiagnostics
import CorpusKit

extension Planner {
    /// The stage whose samples the target counts, once it is known and can be one.
    mutating func targetStage() -> String? {
        guard let target = recipe.target else { return nil }
        let names = Set((recipe.sources.map(\.name) + recipe.stages.map(\.name)))
        if names.contains(TargetSelector.name) {
            fault(
                "duplicate-name",
                "with a `target:` no source or stage can be called `target`",
                at: recipe.stages.first { $0.name == TargetSelector.name }?.location
                    ?? recipe.sources.first { $0.name == TargetSelector.name }?.location,
                hint: "rename it: the report calls the choice of samples so"
            )
            return nil
        }
        let pairing = Set(recipe.stages.filter { $0.verb.value == .pair }.map(\.name))
        guard let at = target.at else {
            let read = recipe.exports.flatMap(\.inputs).filter {
                $0.outcome == .passed && !pairing.contains($0.stage)
            }
            let stages = Set(read.map(\.stage)).sorted()
            if stages.count == 1, recipe.stages.contains(where: { $0.name == stages[0] }) { return stages[0] }
            fault(
                "missing-field",
                "`target` needs `at`: "
                    + (stages.isEmpty
                        ? "no export reads samples of a stage"
                        : "the exports read \(stages.map { "`\($0)`" }.joined(separator: " and "))"),
                at: target.location,
                hint: "name the stage whose samples count: `at: STAGE`"
            )
            return nil
        }
        guard recipe.stages.contains(where: { $0.name == at.value && $0.verb.value != .pair }) else {
            let stages = recipe.stages.filter { $0.verb.value != .pair }.map(\.name)
            let isPairing = pairing.contains(at.value)
            fault(
                isPairing ? "misplaced-key" : "unknown-stage",
                isPairing
                    ? "`\(at.value)` makes pairs, and a target counts samples"
                    : "there is no stage `\(at.value)` whose samples could be counted",
                at: at.location,
                hint: nameHint(for: at.value, among: stages, "its stages")
            )
            return nil
        }
        return at.value
    }

    /// Puts the choice of the target's samples behind a stage: whoever reads what the stage passed on reads the choice.
    mutating func planTarget(at name: String) {
        guard let target = recipe.target, let stage = indices[name], stage >= 0 else { return }
        let at = nodes[stage]
        let cells = target.strata.reduce(1) { $0 * $1.shares.count }
        let node = nodes.count
        nodes.append(
            PlanNode(
                name: TargetSelector.name,
                verb: .select,
                manifest: TargetSelector.manifest,
                kind: .select(TargetSelector(cells: cells)),
                digest: Digest(of: ["target", at.digest.description].lengths),
                templates: nil,
                roles: [:],
                inputs: [PlanEdge(node: stage, outcome: .passed)],
                others: [],
                condition: nil,
                width: 64,
                checks: at.checks,
                mayRepeat: false,
                ancestors: at.ancestors.union([stage]),
                isPrompt: false
            )
        )
        fields.append(fields[stage])
        origins.append(origins[stage])
        unproven.append(unproven[stage])
        unanswered.append(unanswered[stage])
        self.target = PlannedTarget(
            target,
            at: name,
            stage: stage,
            node: node,
            settled: settled(before: node, target)
        )
    }

    /// The nodes on the way to the target from which on nothing sets one of its labels.
    private func settled(before node: Int, _ target: Recipe.Target) -> Set<Int> {
        let labels = Set(target.strata.map(\.label))
        let way = nodes[node].ancestors
        return way.filter { place in
            !way.contains { later in
                (later == place || nodes[later].ancestors.contains(place))
                    && !labels.isDisjoint(with: nodes[later].manifest.labels)
            }
        }
    }
}
