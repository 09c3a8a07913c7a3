package import CorpusConfig
package import CorpusLedger

/// How many there will be: a number where it is known, else bounds, and a guess where there is experience.
package struct Expected: Sendable, Hashable {
    /// So many at least.
    package let least: Int
    /// What it will come to, going by what is on the ledger; nil where that says too little.
    package let about: Int?
    /// So many at most; nil where nobody can tell.
    package let most: Int?

    package init(_ count: Int) { (least, about, most) = (count, count, count) }

    /// Bounds, and a guess that is brought within them.
    package init(least: Int, about: Double?, most: Int?) {
        self.least = least
        // The largest number there is stands for one that nobody knows.
        let most = most == .max ? nil : most
        self.most = most.map { max(least, $0) }
        if most == least {
            self.about = least
        } else {
            self.about = about.flatMap { Int(exactly: $0.rounded()) }
                .map { min(max(least, $0), max(least, most ?? .max)) }
        }
    }

    /// Whether it is known.
    package var isExact: Bool { least == most }
}

/// What the next pass of a run will do with what is on its ledger, found out by rehearsing it.
package struct Forecast: Sendable {
    /// Units of work.
    package struct Units: Sendable, Hashable {
        /// What came of them is on the ledger.
        package var reused: Expected
        /// Their stage has worked on the same content before, and does it again.
        package var redone: Expected
        package var new: Expected
    }

    /// What it will cost, in billionths of a US dollar.
    package struct Cost: Sendable, Hashable {
        /// By what such calls took so far, at the recipe's prices; nil where there is no experience, or no price.
        package var about: Int?
        /// With replies as long as allowed, and prompts of a guessed length; nil where a price is not known.
        package var most: Int?
    }

    /// What is done at one stage, or in all.
    package struct Work: Sendable, Hashable {
        package var units: Units
        package var reusedReplies: Expected
        package var boughtReplies: Expected
        package var reusedExecutions: Expected
        package var newExecutions: Expected
        /// About how many tokens the replies that are bought take, prompts included.
        package var tokens: Int?
        package var cost: Cost
    }

    /// One source, stage or export.
    package struct Stage: Sendable, Hashable {
        package var name: String
        package var verb: String
        package var plugin: String
        package var work: Work
    }

    /// What is bought for one model of the recipe.
    package struct Role: Sendable, Hashable {
        package var name: String
        package var boughtReplies: Expected
        package var tokens: Int?
        package var cost: Cost
    }

    package var stages: [Stage]
    /// By name.
    package var roles: [Role]
    package var total: Work
    /// What earlier passes were booked at.
    package var spent: Spent
    package var spentPerRole: [String: Spent]
    /// The pass before has not ended: it is at work and changes what there is, or it was killed.
    package var isUnfinished: Bool
    /// How far the sources are read for the target depends on what is not known yet.
    package var isOpenEnded: Bool

    /// Whether everything is known, so that the next pass does just that.
    package var isExact: Bool {
        let work = stages.map(\.work)
        return work.allSatisfy {
            $0.units.reused.isExact && $0.units.redone.isExact && $0.units.new.isExact
                && $0.reusedReplies.isExact && $0.boughtReplies.isExact && $0.newExecutions.isExact
        }
    }

    /// The caps that all passes together exceed by what is known and guessed; what is not known exceeds none.
    package func excesses(over budget: Recipe.Budget?) -> [CapExcess] {
        let whole = Estimate.Role(spent, total.boughtReplies, total.tokens, total.cost, name: "")
        let estimate = Estimate(
            stages: [],
            roles: roles.map {
                Estimate.Role(
                    spentPerRole[$0.name] ?? Spent(),
                    $0.boughtReplies,
                    $0.tokens,
                    $0.cost,
                    name: $0.name
                )
            },
            seeds: nil,
            calls: whole.calls,
            replyTokens: nil,
            tokens: whole.tokens,
            cost: whole.cost
        )
        return estimate.excesses(over: budget)
    }
}

extension Estimate.Role {
    fileprivate init(
        _ spent: Spent,
        _ replies: Expected,
        _ tokens: Int?,
        _ cost: Forecast.Cost,
        name: String
    ) {
        self.init(name: name)
        calls = (replies.about ?? replies.most).map { spent.calls + $0 }
        self.tokens = tokens.map { spent.tokens + $0 }
        self.cost = (cost.about ?? cost.most).map { spent.nanoDollars + $0 }
    }
}
