import CorpusConfig
import CorpusKit

extension PlanNode {
    /// The most calls of one unit, for each role that the recipe fills; nil where nobody says.
    var worstCaseCalls: [(model: PlannedModel, calls: Int)]? {
        let byRole: [String: Int]
        switch kind {
        case .generate(let generator): byRole = generator.worstCaseCalls
        case .verify(let verifier): byRole = verifier.worstCaseCalls
        case .groupVerify: return roles.isEmpty ? [] : nil
        case .source, .filter, .select, .pair, .write: return []
        }
        return byRole.sorted { $0.key < $1.key }.compactMap { role, calls in
            (roles[role] ?? (roles.count == 1 ? roles.values.first : nil)).map { ($0, calls) }
        }
    }

    /// How many units one item gives.
    var attempts: Int {
        guard case .generate(let generator) = kind else { return 1 }
        return generator.attempts
    }

    /// The most drafts of one unit, or 1 where items pass through.
    var worstCaseDrafts: Int {
        switch kind {
        case .generate(let generator): generator.worstCaseDrafts
        case .source, .verify, .groupVerify, .filter, .select: 1
        case .pair, .write: 0
        }
    }
}

extension Plan {
    /// How many items may reach a node by the plan's estimate; nil when a source cannot say how many seeds it has.
    func mostItems(at node: PlanNode) -> Int? {
        guard !node.kind.isSource else { return estimate.seeds }
        return estimate.stages.first { $0.name == node.name && $0.verb == node.verb.rawValue }?.inputs
    }
}

extension PlannedModel {
    /// A guess, and told as one: a prompt holds a template, a seed and often what models said before.
    var guessedPromptTokens: Int { max(1000, spec.maxTokens) }

    /// The most tokens of a reply.
    var mostReplyTokens: Int { spec.api.use == .embeddings ? 0 : spec.maxTokens }

    /// What some tokens cost at today's prices, in billionths of a US dollar; nil when a price is not known.
    func cost(input: Int, cachedInput: Int = 0, output: Int) -> Int? {
        guard let price = spec.place.value.worstPrice else { return nil }
        let millionfold =
            Int128(input - cachedInput) * Int128(price.inputNanoDollars)
            + Int128(cachedInput) * Int128(price.cachedInputNanoDollars)
            + Int128(output) * Int128(price.outputNanoDollars)
        let factor = spec.batch?.priceFactor ?? 1
        guard factor < 1 else { return Int(exactly: millionfold / 1_000_000) }
        return Int(exactly: (Double(millionfold / 1_000_000) * factor).rounded(.up))
    }
}
