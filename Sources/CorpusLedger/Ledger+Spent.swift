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

    static func += (sum: inout Spent, more: Spent) {
        sum.calls += more.calls
        sum.tokens += more.tokens
        sum.nanoDollars += more.nanoDollars
    }
}

extension Ledger {
    /// What all calls on this ledger were booked at so far, those that gave no reply included.
    ///
    /// What was in flight when an earlier pass was killed may have been charged for although nobody knows: it is taken at
    /// the most that was in flight during that pass.
    ///
    /// - Returns: The sum, what each role paid of it, and what of the sum stands for killed passes; replies that a cassette
    ///   brought are in none of them.
    /// - Throws: ``LedgerProblem``.
    package func spent() throws(LedgerProblem) -> (
        total: Spent, perRole: [String: Spent], unsure: Spent
    ) { try spent(where: "TRUE") }

    /// The same of what the run has paid for itself, without what its shards have.
    ///
    /// - Throws: ``LedgerProblem``.
    package func spentByRun() throws(LedgerProblem) -> (
        total: Spent, perRole: [String: Spent], unsure: Spent
    ) { try spent(where: "pass IN (SELECT id FROM pass WHERE json_extract(plan, '$.merged') IS NULL)") }

    private func spent(where isMeant: String) throws(LedgerProblem) -> (
        total: Spent, perRole: [String: Spent], unsure: Spent
    ) {
        try Self.wrapping(path) {
            try pool.read { database in
                let rows = try Row.fetchAll(
                    database,
                    sql: """
                        SELECT role, 0 AS unsure, count(*) AS calls, coalesce(sum(tokens), 0) AS tokens,
                            coalesce(sum(cost), 0) AS cost
                        FROM (SELECT role, booked AS tokens, cost FROM call WHERE attempts > 0 AND \(isMeant)
                            UNION ALL SELECT role, tokens, cost FROM charge WHERE \(isMeant)) GROUP BY role
                        UNION ALL SELECT role, 1, sum(calls), sum(tokens), sum(cost)
                        FROM mark JOIN pass ON pass.id = mark.pass
                        WHERE pass.state = 'running' AND pass.id <> ? AND \(isMeant) GROUP BY role
                        """,
                    arguments: [pass]
                )
                var (total, unsure) = (Spent(), Spent())
                var perRole: [String: Spent] = [:]
                for row in rows {
                    let own = Spent(calls: row["calls"], tokens: row["tokens"], nanoDollars: row["cost"])
                    perRole[row["role"], default: Spent()] += own
                    total += own
                    if row["unsure"] { unsure += own }
                }
                return (total, perRole, unsure)
            }
        }
    }
}
