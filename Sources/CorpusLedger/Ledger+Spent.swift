import GRDB

/// What calls were booked at.
package struct Spent: Sendable, Hashable {
    package var calls = 0
    /// The worst case where an endpoint did not count.
    package var tokens = 0
    /// Of the calls whose price is known.
    package var nanoDollars = 0

    package init(calls: Int = 0, tokens: Int = 0, nanoDollars: Int = 0) {
        self.calls = calls
        self.tokens = tokens
        self.nanoDollars = nanoDollars
    }
}

extension Ledger {
    /// What all calls on this ledger were booked at so far, those that gave no reply included.
    ///
    /// - Returns: The sum, and what each role paid of it; replies that a cassette brought are in neither.
    /// - Throws: ``LedgerProblem``.
    package func spent() throws(LedgerProblem) -> (total: Spent, perRole: [String: Spent]) {
        try Self.wrapping(path) {
            try pool.read { database in
                let rows = try Row.fetchAll(
                    database,
                    sql: """
                        SELECT role, count(*) AS calls, coalesce(sum(tokens), 0) AS tokens,
                            coalesce(sum(cost), 0) AS cost
                        FROM (SELECT role, booked AS tokens, cost FROM call WHERE attempts > 0
                            UNION ALL SELECT role, tokens, cost FROM charge) GROUP BY role
                        """
                )
                var total = Spent()
                var perRole: [String: Spent] = [:]
                for row in rows {
                    let own = Spent(calls: row["calls"], tokens: row["tokens"], nanoDollars: row["cost"])
                    perRole[row["role"]] = own
                    total.calls += own.calls
                    total.tokens += own.tokens
                    total.nanoDollars += own.nanoDollars
                }
                return (total, perRole)
            }
        }
    }
}
