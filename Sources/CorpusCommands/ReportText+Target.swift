import CorpusLedger

extension ReportText {
    /// What became of the target, and of each of its cells.
    var targetLines: [String] {
        guard let target = report.target else { return [] }
        let rows = Amount.count(target.rows, "row")
        guard target.isChosen else {
            return [
                "  target: \(Amount.count(target.accepted)) samples of `\(target.at)`; none is chosen before the end",
                "",
            ]
        }
        var lines: [String] = []
        let share =
            "\(Amount.count(target.chosen)) of \(Amount.count(target.accepted)) samples of `\(target.at)`"
        if target.chosen >= target.accepted {
            lines.append("  target: \(paint.green("full")), \(share) after \(rows) of the sources")
        } else {
            lines.append("  target: \(paint.yellow("open")), \(share): the sources are used up after \(rows)")
        }
        guard !target.labels.isEmpty else { return lines + openReasons(target) + [""] }
        var table = TextTable(right: [1, 2, 3, 4])
        table.add(target.labels.joined(separator: ", "), "wanted", "chosen", "more", "spared", "")
        for cell in target.cells {
            table.add(
                cell.name,
                Amount.count(cell.quota),
                Amount.count(cell.chosen),
                cell.surplus > 0 ? Amount.count(cell.surplus) : "",
                cell.spared > 0 ? Amount.count(cell.spared) : "",
                cell.isFull ? "" : Self.reasons(of: cell)
            )
        }
        lines += table.lines
        if target.outside > 0 {
            lines.append("  \(Amount.count(target.outside)) of other labels, `outside-strata`")
        }
        return lines + [""]
    }

    private func openReasons(_ target: RunReport.Target) -> [String] {
        guard let cell = target.cells.first, !cell.isFull, !cell.losses.isEmpty else { return [] }
        return ["  lost on the way: " + Self.losses(of: cell)]
    }

    private static func reasons(of cell: RunReport.Target.Cell) -> String {
        cell.losses.isEmpty ? "open: too few candidates" : "open: lost " + losses(of: cell)
    }

    private static func losses(of cell: RunReport.Target.Cell) -> String {
        cell.losses.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map {
            "\(Amount.count($0.value)) \($0.key)"
        }
        .joined(separator: ", ")
    }
}
