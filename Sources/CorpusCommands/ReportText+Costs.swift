import CorpusKit
import CorpusLedger

extension ReportText {
    /// What was paid: the whole, each exported candidate, each role, each stage.
    var costLines: [String] {
        let spending = report.spending
        var lines = [
            "paid so far: \(Amount.count(spending.calls, "call")), \(number(spending.inputTokens)) + "
                + "\(spending.outputTokens.map { Amount.count($0, "token") } ?? "unknown tokens"), \(costText); "
                + Amount.count(spending.executions, "execution")
        ]
        let lost = spending.unanswered
        if lost.calls > 0 {
            let what =
                report.mergedShards.isEmpty
                ? "booked at their worst case, since they gave no reply and may be charged for: "
                : "booked beside them, replies that several shards bought and attempts without a reply, at their worst case: "
            lines.append(what + Self.text(lost))
        }
        for (place, count) in [
            ("a cassette", spending.imported - spending.shared), ("the shared ledger", spending.shared),
        ] where count > 0 {
            lines.append("on the ledger from \(place): \(Amount.count(count, "reply", "replies"))")
        }
        guard spending.calls + lost.calls > 0 else { return lines }
        if !report.isPart {
            lines.append("for each exported candidate: \(Amount.dollars(report.costPerExported))")
        }
        return lines + [""] + shareLines + [""]
    }

    /// Attempts without a reply: how many, and what they were booked at.
    static func text(_ lost: RunReport.Unanswered) -> String {
        "\(Amount.count(lost.calls, "call")), \(Amount.count(lost.tokens, "token")), "
            + (lost.cost.map(Amount.dollars) ?? "cost unknown")
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
            lost.calls > 0 ? "\(Amount.count(lost.calls, "call")), \(Amount.dollars(lost.cost))" : ""
        )
    }

    private func number(_ value: Int?) -> String { value.map(Amount.count) ?? "unknown" }
}
