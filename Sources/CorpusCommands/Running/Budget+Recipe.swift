import CorpusConfig
import CorpusEndpoint
import CorpusLedger

extension Budget {
    /// A recipe's caps on what is spent, with what earlier passes have spent; the run's time is kept by the engine.
    ///
    /// - Parameters:
    ///   - recipe: The recipe.
    ///   - ledger: What says how much earlier passes have spent, and is told how much may be in flight.
    ///   - besides: What counts as spent beside that, in all and by each role.
    ///   - warn: Told once of each cap of which four fifths are spent.
    /// - Throws: `LedgerProblem`.
    convenience init(
        of recipe: Recipe,
        on ledger: Ledger,
        besides: (total: Spent, perRole: [String: Spent]) = (Spent(), [:]),
        warn: @escaping @Sendable (BudgetWarning) -> Void
    ) throws {
        let spent = try ledger.spent()
        let budget = recipe.budget
        self.init(
            Caps(nanoDollars: budget?.nanoDollars, tokens: budget?.tokens, calls: budget?.calls),
            perRole: budget?.perRole.mapValues {
                Caps(
                    nanoDollars: $0.nanoDollars,
                    tokens: $0.tokens,
                    calls: $0.calls,
                    wall: $0.wallSeconds.map { .seconds($0) }
                )
            } ?? [:],
            spent: Amounts(spent.total) + Amounts(besides.total),
            spentPerRole: spent.perRole.mapValues(Amounts.init).merging(
                besides.perRole.mapValues(Amounts.init)
            ) { $0 + $1 },
            keep: { role, most in
                let most = Spent(calls: most.calls, tokens: most.tokens, nanoDollars: most.nanoDollars)
                try await ledger.commit([.mark(role: role, most: most)])
            },
            warn: warn
        )
    }
}

extension Amounts {
    fileprivate init(_ spent: Spent) {
        self.init(nanoDollars: spent.nanoDollars, tokens: spent.tokens, calls: spent.calls)
    }
}
