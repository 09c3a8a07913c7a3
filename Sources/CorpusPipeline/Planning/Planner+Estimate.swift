import CorpusConfig
import CorpusKit

extension Planner {
    /// Follows what may come through the graph: every item passes everything, every unit makes all its calls.
    func estimate() -> Estimate {
        var flowing: [Int?] = []
        var stages: [Estimate.Stage] = []
        var roles: [String: Estimate.Role] = [:]
        var seeds: Int? = 0
        for node in nodes {
            let inputs = sum(node.inputs.map { flowing[$0.node] })
            switch node.kind {
            case .source(let source):
                let count = (try? source.countEstimate()) ?? nil
                seeds = sum([seeds, count])
                flowing.append(count)
            case .generate(let generator):
                let units = product(inputs, generator.attempts)
                flowing.append(product(units, generator.worstCaseDrafts))
                stages.append(row(node, inputs: inputs, units: units, &roles))
            case .verify, .groupVerify, .filter, .select, .pair, .write:
                flowing.append(inputs)
                stages.append(row(node, inputs: inputs, units: inputs, &roles))
            }
        }
        return Estimate(
            stages: stages,
            roles: roles.values.sorted { $0.name < $1.name },
            seeds: seeds,
            calls: sum(stages.map(\.calls)),
            replyTokens: sum(stages.map(\.replyTokens)),
            tokens: sum(stages.map(\.tokens)),
            cost: sum(stages.map(\.cost))
        )
    }

    private func row(
        _ node: PlanNode,
        inputs: Int?,
        units: Int?,
        _ roles: inout [String: Estimate.Role]
    ) -> Estimate.Stage {
        var row = Estimate.Stage(
            name: node.name,
            verb: node.verb.rawValue,
            plugin: node.manifest.name,
            inputs: inputs,
            calls: 0,
            replyTokens: 0,
            tokens: 0,
            cost: 0
        )
        for (model, perUnit) in node.worstCaseCalls ?? [] {
            let count = product(units, perUnit)
            let input = product(count, model.guessedPromptTokens)
            let output = product(count, model.mostReplyTokens)
            let cost = input.flatMap { input in output.flatMap { model.cost(input: input, output: $0) } }
            row.calls = sum([row.calls, count])
            row.replyTokens = sum([row.replyTokens, output])
            row.tokens = sum([row.tokens, input, output])
            row.cost = sum([row.cost, cost])
            var total = roles[model.spec.name] ?? Estimate.Role(name: model.spec.name)
            total.calls = sum([total.calls, count])
            total.replyTokens = sum([total.replyTokens, output])
            total.tokens = sum([total.tokens, input, output])
            total.cost = sum([total.cost, cost])
            roles[model.spec.name] = total
        }
        return row
    }

    /// Nil when a factor is unknown or nobody could count so far.
    private func product(_ left: Int?, _ right: Int) -> Int? {
        guard let (product, overflows) = left?.multipliedReportingOverflow(by: right), !overflows else {
            return nil
        }
        return product
    }

    private func sum(_ values: [Int?]) -> Int? {
        var total = 0
        for value in values {
            guard let (next, overflows) = value?.addingReportingOverflow(total), !overflows else {
                return nil
            }
            total = next
        }
        return total
    }
}
