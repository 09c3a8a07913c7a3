import GRDB

extension ReportReader {
    /// What was paid in all passes.
    func spending() throws -> RunReport.Spending {
        var spending = RunReport.Spending()
        let all = try shares(by: "''").first ?? RunReport.Share(name: nil)
        spending.calls = all.calls
        spending.inputTokens = all.inputTokens
        spending.outputTokens = all.outputTokens
        spending.cachedTokens = all.cachedTokens
        spending.cost = all.cost
        spending.unanswered = all.unanswered
        spending.executions = try count("SELECT count(*) FROM execution")
        spending.models = try tally("SELECT model, count(*) FROM call WHERE attempts > 0 GROUP BY 1")
        spending.imported = try count("SELECT count(*) FROM call WHERE attempts = 0")
        spending.shared = try count(
            "SELECT count(*) FROM call WHERE attempts = 0 AND endpoint = '\(SharedLedger.origin)'"
        )
        return spending
    }

    /// The same by who it was bought for.
    func costs() throws -> RunReport.Costs {
        RunReport.Costs(roles: try shares(by: "role"), stages: try shares(by: "stage"))
    }

    /// Bought replies and unanswered attempts, summed for each value of a column.
    ///
    /// A sum is nil when one of its parts is not known.
    private func shares(by column: String) throws -> [RunReport.Share] {
        let bought = try Row.fetchAll(
            database,
            sql: """
                SELECT \(column) AS name, count(*) AS calls, sum(input) AS input, count(input) AS counted,
                    sum(cached) AS cached, count(cached) AS cache_counted, sum(output) AS output,
                    sum(booked) AS booked, sum(cost) AS cost, count(cost) AS priced
                FROM call WHERE attempts > 0 GROUP BY 1 ORDER BY name IS NULL, name
                """
        )
        var shares = bought.map { row in
            var share = RunReport.Share(name: row["name"])
            share.calls = row["calls"]
            if row["counted"] == share.calls {
                (share.inputTokens, share.outputTokens) = (row["input"], row["output"])
            } else {
                (share.inputTokens, share.outputTokens) = (nil, nil)
            }
            share.cachedTokens = row["cache_counted"] == share.calls ? row["cached"] : nil
            share.bookedTokens = row["booked"]
            share.cost = row["priced"] == share.calls ? row["cost"] : nil
            return share
        }
        let lost = try Row.fetchAll(
            database,
            sql: """
                SELECT \(column) AS name, count(*) AS calls, sum(tokens) AS tokens, sum(cost) AS cost,
                    count(cost) AS priced
                FROM charge GROUP BY 1 ORDER BY name IS NULL, name
                """
        )
        for row in lost {
            let name: String? = row["name"]
            let index =
                shares.firstIndex { $0.name == name }
                ?? {
                    shares.append(RunReport.Share(name: name))
                    return shares.count - 1
                }()
            let calls: Int = row["calls"]
            shares[index].unanswered = RunReport.Unanswered(
                calls: calls,
                tokens: row["tokens"],
                cost: row["priced"] == calls ? row["cost"] : nil
            )
        }
        return shares
    }
}
