import CorpusConfig
import CorpusKit

extension Planner {
    /// Follows the worst case through the graph: every item passes everything, every unit makes all its calls.
    func estimate() -> Estimate {
        var flowing: [Int?] = []
        var stages: [Estimate.Stage] = []
        var seeds: Int? = 0
        for node in nodes {
            let inputs = sum(node.inputs.map { flowing[$0.node] })
            switch node.kind {
            case .source(let source):
                let count = (try? source.countEstimate()) ?? nil
                seeds = sum([seeds, count])
                flowing.append(count)
            case .generate(let generator):
                let units = inputs.map { $0 * generator.attempts }
                flowing.append(units.map { $0 * generator.worstCaseDrafts })
                stages.append(row(node, inputs: inputs, units: units, calls: generator.worstCaseCalls))
            case .verify(let verifier):
                flowing.append(inputs)
                stages.append(row(node, inputs: inputs, units: inputs, calls: verifier.worstCaseCalls))
            case .groupVerify, .filter, .select, .pair, .write:
                flowing.append(inputs)
                stages.append(row(node, inputs: inputs, units: inputs, calls: [:]))
            }
        }
        return Estimate(
            stages: stages,
            seeds: seeds,
            calls: sum(stages.map(\.calls)),
            tokens: sum(stages.map(\.tokens)),
            cost: sum(stages.map(\.cost))
        )
    }

    private func row(
        _ node: PlanNode,
        inputs: Int?,
        units: Int?,
        calls: [String: Int]
    ) -> Estimate.Stage {
        var row = Estimate.Stage(
            name: node.name,
            verb: node.verb.rawValue,
            plugin: node.manifest.name,
            inputs: inputs,
            calls: 0,
            tokens: 0,
            cost: 0
        )
        for (role, perUnit) in calls {
            guard let model = node.roles[role] ?? (node.roles.count == 1 ? node.roles.values.first : nil)
            else { continue }
            let count = units.map { $0 * perUnit }
            // A prompt is taken to be no longer than its reply may be, and never under 1,000 tokens.
            let input = count.map { $0 * max(1000, model.spec.maxTokens) }
            let output = count.map { $0 * model.spec.maxTokens }
            row.calls = sum([row.calls, count])
            row.tokens = sum([row.tokens, input, output])
            row.cost = sum([row.cost, cost(of: model, input: input, output: output)])
        }
        return row
    }

    private func cost(of model: PlannedModel, input: Int?, output: Int?) -> Int? {
        guard case .endpoint(_, _, let price) = model.spec.place.value else { return 0 }
        guard let price, let input, let output else { return nil }
        return (input * price.inputNanoDollars + output * price.outputNanoDollars) / 1_000_000
    }

    private func sum(_ values: [Int?]) -> Int? {
        var total = 0
        for value in values {
            guard let value else { return nil }
            total += value
        }
        return total
    }
}
