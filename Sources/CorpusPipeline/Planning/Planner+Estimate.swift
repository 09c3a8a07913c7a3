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
                stages.append(
                    row(node, inputs: inputs, units: units, calls: generator.worstCaseCalls, &roles)
                )
            case .verify(let verifier):
                flowing.append(inputs)
                stages.append(
                    row(node, inputs: inputs, units: inputs, calls: verifier.worstCaseCalls, &roles)
                )
            case .groupVerify, .filter, .select, .pair, .write:
                flowing.append(inputs)
                stages.append(row(node, inputs: inputs, units: inputs, calls: [:], &roles))
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
        calls: [String: Int],
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
        for (role, perUnit) in calls {
            guard let model = node.roles[role] ?? (node.roles.count == 1 ? node.roles.values.first : nil)
            else { continue }
            let count = product(units, perUnit)
            let input = product(count, Self.promptTokens(of: model))
            let output = product(count, model.spec.api.use == .embeddings ? 0 : model.spec.maxTokens)
            let cost = cost(of: model, input: input, output: output)
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

    /// A guess, and told as one: a prompt holds a template, a seed and often what models said before.
    private static func promptTokens(of model: PlannedModel) -> Int { max(1000, model.spec.maxTokens) }

    private func cost(of model: PlannedModel, input: Int?, output: Int?) -> Int? {
        guard let price = model.spec.place.value.worstPrice, let input, let output else { return nil }
        let millionfold =
            Int128(input) * Int128(price.inputNanoDollars) + Int128(output) * Int128(price.outputNanoDollars)
        let factor = model.spec.batch?.priceFactor ?? 1
        guard factor < 1 else { return Int(exactly: millionfold / 1_000_000) }
        return Int(exactly: (Double(millionfold / 1_000_000) * factor).rounded(.up))
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
