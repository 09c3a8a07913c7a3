import CorpusModel

extension RunReport {
    /// What a role or a stage paid, over all passes; a reply that several use was paid by the first.
    package struct Share: Sendable, Hashable {
        /// The role or the stage; nil for the stage of charges and calls on a ledger from before stages were kept.
        package var name: String?
        /// Bought replies.
        package var calls = 0
        /// Nil when the endpoint did not count the tokens of some call; so are the others.
        package var inputTokens: Int? = 0
        package var cachedTokens: Int? = 0
        package var outputTokens: Int? = 0
        /// What budgets were charged for the replies: the worst case where the endpoint did not count.
        package var bookedTokens = 0
        /// Billionths of a US dollar; nil when the price of some call is not known.
        package var cost: Int? = 0
        /// Attempts without a reply; not in the numbers above.
        package var unanswered = Unanswered()

        package init(name: String?) { self.name = name }

        /// Replies and unanswered attempts together; nil when a part is not known.
        package var fullCost: Int? { cost.flatMap { cost in unanswered.cost.map { $0 + cost } } }
    }

    /// What was paid, by who it was bought for; each list adds up to the whole.
    package struct Costs: Sendable, Hashable {
        package var roles: [Share] = []
        package var stages: [Share] = []
    }

    /// Billionths of a US dollar, unanswered attempts included; nil when a part is not known.
    package var fullCost: Int? {
        spending.cost.flatMap { cost in spending.unanswered.cost.map { $0 + cost } }
    }

    /// What one exported candidate cost, in billionths of a US dollar; nil when nothing is exported yet or a price is
    /// not known.
    package var costPerExported: Int? {
        fullCost.flatMap { counts.exported > 0 ? $0 / counts.exported : nil }
    }

    var costsJSON: JSONValue {
        func number(_ value: Int?) -> JSONValue { value.map(JSONValue.int) ?? .null }
        func shares(_ shares: [Share], _ key: String) -> JSONValue {
            .array(
                shares.map { share in
                    [
                        key: share.name.map(JSONValue.string) ?? .null, "calls": .int(share.calls),
                        "input_tokens": number(share.inputTokens),
                        "cached_tokens": number(share.cachedTokens),
                        "output_tokens": number(share.outputTokens),
                        "booked_tokens": .int(share.bookedTokens),
                        "usd": Self.dollars(share.cost), "unanswered": share.unanswered.json,
                    ]
                }
            )
        }
        return [
            "usd": Self.dollars(fullCost), "usd_per_exported": Self.dollars(costPerExported),
            "roles": shares(costs.roles, "role"), "stages": shares(costs.stages, "stage"),
        ]
    }

    static func dollars(_ value: Int?) -> JSONValue { value.map { .number(Double($0) / 1e9) } ?? .null }
}

extension RunReport.Unanswered {
    var json: JSONValue {
        ["calls": .int(calls), "tokens": .int(tokens), "usd": RunReport.dollars(cost)]
    }
}
