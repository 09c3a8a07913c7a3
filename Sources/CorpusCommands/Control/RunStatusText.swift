import CorpusKit

/// How a run stands, for people; its lines hold colours and are harmless otherwise.
struct RunStatusText {
    let status: RunStatus
    let paint: Paint
    /// Seconds since 1970.
    let now: Double

    var lines: [String] {
        let process = status.process.map { "process \($0)" } ?? "no process"
        let age = max(0, now - status.since)
        let isOn = ["running", "paused", "draining", "exporting"].contains(status.state)
        let time = isOn ? "for \(Amount.time(age))" : "\(Amount.age(age)) ago"
        let heading =
            "\(paint.bold(status.run.shown)): \(stateText) \(time), pass \(status.pass), \(process)"
        var rest = reason.map { [$0] } ?? []
        rest += [""]
        rest += stageLines
        rest += [""]
        rest += accounts
        return [heading] + rest.map(\.shown)
    }

    private var stateText: String {
        switch status.state {
        case "running", "exporting", "done": paint.green(status.state)
        case "paused", "draining", "interrupted", "budget", "drained", "skipped": paint.yellow(status.state)
        default: paint.red(status.state.shown)
        }
    }

    /// Why it ends, or what goes on with it.
    private var reason: String? {
        if let reason = status.reason { return "ends: \(reason)" }
        switch status.state {
        case "paused": return "nothing new starts until `corpusmith ctl resume`"
        case "done", "running", "exporting": return nil
        case "budget": return "once the budget is raised, the same run again continues"
        case let state where state == "failed" || state.hasPrefix("stopped"):
            return "once that is mended which stopped it, the same run again continues"
        default: return "the same run again continues"
        }
    }

    private var stageLines: [String] {
        var table = TextTable(right: [2, 3, 4, 5, 6, 7])
        table.add("stage", "does", "width", "waiting", "in work", "done", "dropped", "failed", "")
        func count(_ value: Int) -> String { value == 0 ? "" : Amount.count(value) }
        for stage in status.stages {
            table.add(
                stage.name,
                "\(stage.verb) \(stage.plugin)",
                Amount.count(stage.width),
                stage.waiting.map(count) ?? "?",
                count(stage.inWork),
                count(stage.done),
                count(stage.dropped),
                count(stage.failed),
                stage.isSkipped ? "skipped" : ""
            )
        }
        return table.lines
    }

    private var accounts: [String] {
        var table = TextTable(right: [1])
        func add(_ name: String, _ account: RunStatus.Account, _ rest: String = "", _ text: (Int) -> String) {
            table.add(
                name,
                account.spent.map(text) ?? "unknown",
                (account.cap.map { "of \(text($0))" } ?? "") + rest
            )
        }
        let moving = [(status.callsInFlight, "in flight"), (status.callsWaiting, "waiting")]
            .filter { $0.0 > 0 }.map { "\(Amount.count($0.0)) \($0.1)" }.joined(separator: ", ")
        let gap = status.calls.cap == nil || moving.isEmpty ? "" : "; "
        add("calls", status.calls, gap + moving) { Amount.count($0) }
        add("tokens", status.tokens) { Amount.count($0) }
        add("cost", status.nanoDollars) { Amount.dollars($0) }
        add("time", status.wall) { Amount.time(Double($0)) }
        table.add("seeds", Amount.count(status.seeds), "")
        table.add("ready", Amount.count(status.exported), "for export")
        return table.lines
    }
}
