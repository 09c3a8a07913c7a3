import CorpusConfig
import CorpusKit
import CorpusLedger

extension Forecaster {
    /// What one reply took on average.
    private struct MeanReply {
        var tokens: Double
        /// Nil when the model has no price.
        var cost: Double?
    }

    /// The most calls of one unit, those to fallbacks included; nil where nobody says.
    func worstCalls(of node: PlanNode) -> Int? {
        node.worstCaseCalls?.reduce(0) { $0 + $1.calls * Self.askers($1.model) }
    }

    private static func askers(_ model: PlannedModel) -> Int { model.spec.fallback == nil ? 1 : 2 }

    /// What is bought at a stage, by the names of models in the recipe.
    func purchases(at index: Int, _ beyond: Beyond) -> [String: Purchase] {
        let (node, stage) = (plan.nodes[index], tally.stages[index])
        var purchases: [String: Purchase] = [:]
        for known in stage.purchases {
            let model =
                plan.models.values.first { $0.identity == known.model } ?? plan.models[known.role]
            let about = beyond.about(known.replies)
            let mean = model.flatMap { self.mean(of: $0, at: node) }
            let least = known.replies[.certain]
            let purchase = Purchase(
                least: least,
                about: about,
                most: least,
                tokens: product(about, mean?.tokens),
                cost: product(about, mean?.cost),
                mostCost: model.flatMap { mostCost(of: least, $0) }
            )
            purchases[known.role] = (purchases[known.role] ?? Purchase()) + purchase
        }
        let open = saturated(stage.lacking[.certain], beyond.most, times: 1)
        guard open > 0 else { return purchases }
        let worst = node.worstCaseCalls
        let calls = worstCalls(of: node).map { $0 * stage.lacking.sum } ?? .max
        let isOver = beyond.units == 0 && calls <= stage.knownReplies.sum
        let own =
            isOver ? 0 : further(beyond, callsOfUnit(at: index), stage.lacking, stage.known.replies)
        let known = purchases.values.reduce(0) { sum($0, $1.about) }
        let wanted = forTarget(at: index) { $0.replies.values.reduce(0, +) }
        let more = larger(own, sum(wanted, known.map { -$0 }))
        for (model, share) in mix(at: index) {
            let mean = self.mean(of: model, at: node)
            let about = product(more, share)
            var purchase = purchases[model.spec.name] ?? Purchase()
            purchase.about = sum(purchase.about, about)
            purchase.tokens = sum(purchase.tokens, product(about, mean?.tokens))
            purchase.cost = sum(purchase.cost, product(about, mean?.cost))
            let own = worst?.filter { $0.model.spec.name == model.spec.name }.reduce(0) {
                $0 + $1.calls * Self.askers($1.model)
            }
            let most = own.map { max(purchase.least, saturated(0, open, times: $0)) }
            purchase.most = most
            purchase.mostCost = most.flatMap { mostCost(of: $0, model) }
            purchases[model.spec.name] = purchase
        }
        return purchases
    }

    /// How many calls a unit made so far, and as many as the rehearsal saw at least; nil where there is too little history,
    /// or where the stage asked nobody before.
    private func callsOfUnit(at index: Int) -> Double? {
        if worstCalls(of: plan.nodes[index]) == 0 { return 0 }
        guard let history = histories[index], case let replies = history.replies.values.reduce(0, +),
            replies > 0
        else { return nil }
        let stage = tally.stages[index]
        let seen = stage.lacking.sum == 0 ? 0 : Double(stage.known.replies.sum) / Double(stage.lacking.sum)
        return max(seen, Double(replies) / Double(history.units))
    }

    /// Which part of a stage's calls goes to each of its models, by what went to them so far.
    ///
    /// What went to models that the stage has no more goes to those that are new, in equal parts.
    private func mix(at index: Int) -> [(model: PlannedModel, share: Double)] {
        let named = Dictionary(plan.nodes[index].roles.values.map { ($0.spec.name, $0) }) { first, _ in first
        }
        let models = named.values.sorted { $0.spec.name < $1.spec.name }
        guard !models.isEmpty else { return [] }
        let history = histories[index]?.replies ?? [:]
        let all = Double(history.values.reduce(0, +))
        guard all > 0 else { return models.map { ($0, 1 / Double(models.count)) } }
        let known = models.map { model in
            let twins = models.count { $0.identity == model.identity }
            return Double(history[model.identity] ?? 0) / Double(twins)
        }
        let rest = all - known.reduce(0, +)
        let newcomers = known.count { $0 == 0 }
        return zip(models, known).map { model, own in
            guard newcomers > 0 else { return (model, own / (all - rest)) }
            return (model, (own == 0 ? rest / Double(newcomers) : own) / all)
        }
    }

    /// What a reply of a model to a stage took so far; of other models' replies to it where it gave none; nil where none
    /// was counted.
    private func mean(of model: PlannedModel, at node: PlanNode) -> MeanReply? {
        let all = tokens.filter { $0.stage == node.name }
        let own = all.filter { $0.model == model.identity }
        let counted = own.isEmpty ? all : own
        let replies = Double(counted.reduce(0) { $0 + $1.replies })
        guard replies > 0 else { return nil }
        let input = counted.reduce(0) { $0 + $1.input }
        let output = counted.reduce(0) { $0 + $1.output }
        // What another model's endpoint had in its cache says nothing about this one's.
        let cached = own.reduce(0) { $0 + $1.cachedInput }
        let cost = model.cost(input: input, cachedInput: cached, output: output)
        return MeanReply(tokens: Double(input + output) / replies, cost: cost.map { Double($0) / replies })
    }

    private func mostCost(of replies: Int, _ model: PlannedModel) -> Int? {
        let (input, isTooMuch) = replies.multipliedReportingOverflow(by: model.guessedPromptTokens)
        let (output, isTooLong) = replies.multipliedReportingOverflow(by: model.mostReplyTokens)
        guard !isTooMuch, !isTooLong else { return nil }
        return model.cost(input: input, output: output)
    }
}
