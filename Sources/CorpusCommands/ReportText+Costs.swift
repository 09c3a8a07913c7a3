import CorpusLedger

extension ReportText {
    /// What was paid: the whole, each exported candidate, each role, each stage.
    var costLines: [String] {
        let spending = report.spending
        var lines = [
            "paid so far: \(Amount.count(spending.calls)) calls, \(number(spending.inputTokens)) + "
                + "\(number(spending.outputTokens)) tokens, \(costText); "
                + "\(Amount.count(spending.executions)) executions"
        ]
        let lost = spending.unanswered
        if lost.calls > 0 {
            lines.append(
                "booked without a reply: \(Amount.count(lost.calls)) calls, at most \(Amount.count(lost.tokens)) tokens"
                    + (lost.cost.map { ", " + Amount.dollars($0) } ?? ", cost unknown")
            )
        }
        if spending.imported > 0 {
            lines.append("on the ledger from a cassette: \(Amount.count(spending.imported)) replies")
        }
        guard spending.calls + lost.calls > 0 else { return lines }
        lines.append("for each exported candidate: \(Amount.dollars(report.costPerExported))")
        return lines + [""] + shareLines + [""]
    }

    private var costText: String {
        report.spending.cost.map(Amount.dollars) ?? "cost unknown (no price given)"
    }

    private var shareLines: [String] {
        var table = TextTable(right: [2, 3, 4, 5, 6, 7])
        table.add("paid by", "", "calls", "tokens in", "cached", "out", "cost", "without a reply")
        for share in report.costs.roles { add(share, "model", to: &table) }
        for share in report.costs.stages { add(share, "stage", to: &table) }
        return table.lines
    }

    private func add(_ share: RunReport.Share, _ kind: String, to table: inout TextTable) {
        let lost = share.unanswered
        table.add(
            kind,
            share.name ?? "unknown",
            Amount.count(share.calls),
            number(share.inputTokens),
            number(share.cachedTokens),
            number(share.outputTokens),
            Amount.dollars(share.cost),
            lost.calls > 0 ? "\(Amount.count(lost.calls)) calls, \(Amount.dollars(lost.cost))" : ""
        )
    }

    private func number(_ value: Int?) -> String { value.map(Amount.count) ?? "unknown" }
}
