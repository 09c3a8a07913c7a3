package import CorpusConfig

/// A cap that a run may reach by the plan's estimate; information, no fault.
package struct CapExcess: Sendable, Hashable {
    /// What is capped.
    package enum Cap: String, Sendable, Hashable {
        case dollars = "usd"
        case tokens
        case calls
    }

    /// The role whose cap it is; nil for the run's.
    package var role: String?
    package var cap: Cap
    /// Billionths of a US dollar, tokens or calls.
    package var limit: Int
    /// The most calls that there can be, or about how many tokens or dollars they come to.
    package var estimate: Int
}

extension Estimate {
    /// The caps that the estimate exceeds; what is not known exceeds none.
    package func excesses(over budget: Recipe.Budget?) -> [CapExcess] {
        guard let budget else { return [] }
        var found = Self.excesses(
            nil,
            [
                (.dollars, budget.nanoDollars, cost), (.tokens, budget.tokens, tokens),
                (.calls, budget.calls, calls),
            ]
        )
        for role in roles {
            guard let caps = budget.perRole[role.name] else { continue }
            found += Self.excesses(
                role.name,
                [
                    (.dollars, caps.nanoDollars, role.cost), (.tokens, caps.tokens, role.tokens),
                    (.calls, caps.calls, role.calls),
                ]
            )
        }
        return found
    }

    private static func excesses(
        _ role: String?,
        _ caps: [(CapExcess.Cap, limit: Int?, estimate: Int?)]
    ) -> [CapExcess] {
        caps.compactMap { cap, limit, estimate in
            guard let limit, let estimate, estimate > limit else { return nil }
            return CapExcess(role: role, cap: cap, limit: limit, estimate: estimate)
        }
    }
}
