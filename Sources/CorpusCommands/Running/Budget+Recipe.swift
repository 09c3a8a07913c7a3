import CorpusConfig
import CorpusEndpoint
import CorpusLedger

extension Budget {
    /// A recipe's caps on what is spent, with what earlier passes have spent; its time is kept by the engine.
    ///
    /// - Parameters:
    ///   - recipe: The recipe.
    ///   - spent: What its ledger says.
    ///   - warn: Told once of each cap of which four fifths are spent.
    convenience init(
        of recipe: Recipe,
        spent: (total: Spent, perRole: [String: Spent]),
        warn: @escaping @Sendable (BudgetWarning) -> Void
    ) {
        let budget = recipe.budget
        self.init(
            Caps(nanoDollars: budget?.nanoDollars, tokens: budget?.tokens, calls: budget?.calls),
            perRole: budget?.perRole.mapValues {
                Caps(nanoDollars: $0.nanoDollars, tokens: $0.tokens, calls: $0.calls)
            } ?? [:],
            spent: Amounts(spent.total),
            spentPerRole: spent.perRole.mapValues(Amounts.init),
            warn: warn
        )
    }
}

extension Amounts {
    fileprivate init(_ spent: Spent) {
        self.init(nanoDollars: spent.nanoDollars, tokens: spent.tokens, calls: spent.calls)
    }
}
