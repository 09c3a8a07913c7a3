import ArgumentParser
import CorpusKit
import CorpusLedger
import Foundation

/// `corpusmith report RUN`: accounts for every candidate of a run.
struct ReportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Account for every candidate of a run, or sum up the runs in a folder",
        discussion: """
            Reads the ledger in the run's folder, also while the run goes on. Every candidate is counted once, in its \
            final state: candidates = exported + dropped + failed (+ open, while a run is unfinished). Costs are those of \
            all passes, for each model by its name in the recipe and for each stage that asked for a reply first; both add \
            up to the whole. What is not known is `unknown`, or null.

            With --json: `counts`, `spending` and `costs` (`usd`, `usd_per_exported`, and `roles` and `stages` with \
            `calls`, `input_tokens`, `cached_tokens`, `output_tokens`, `booked_tokens`, `usd`, `unanswered`), `stages`, \
            `files`, `licences`. `booked_tokens` is what budgets were charged.

            A folder that is no run and holds some, such as output/, is summed up: a line for each run and each shard that was not \
            merged, and one for all. The cost includes the worst case of attempts without a reply. What a cassette or a shared ledger brought (`not bought`) \
            counts where it was paid for. With --json: `runs`, each with `run`, `name`, `state`, `error`, `candidates`, \
            `exported`, `dropped`, `failed`, `open`, `pairs`, `calls`, `input_tokens`, `output_tokens`, `imported`, `shared`, \
            `usd`, `unanswered`; and `totals` with the same sums.

            Exit codes: 0 done, 2 there is no such run or one of several cannot be read, 64 bad command line.

            Example: corpusmith report output/quickstart --why 3
            """
    )

    @Argument(help: "The run's folder, or one that holds several", completion: .directory)
    var run: String

    @Option(help: "Show so many candidates of each reason, with what was found wrong and an id for `explain`")
    var why = 0

    @Flag(help: "Print the report as JSON on standard output")
    var json = false

    @Option(help: "Colour: auto, always or never")
    var color = ColourChoice.auto

    func run() async throws {
        try await reporting(colour: color) {
            if let campaign = CampaignReport(folder: run) { return try show(campaign) }
            let (report, examples) = try reading(RunFolder(path: run).ledger) { ledger in
                (try ledger.report(), why > 0 ? try ledger.examples(ofEach: why) : [])
            }
            if json {
                var members = report.json.members ?? [:]
                if why > 0 { members["examples"] = .array(examples.map(Self.json)) }
                Terminal.print(.object(members))
            } else {
                ReportText(report: report, paint: Paint(isOn: color.isOn(1))).lines.forEach {
                    Terminal.print(painted: $0)
                }
                if why > 0 { Self.lines(of: examples).forEach { Terminal.print($0) } }
            }
        }
    }

    private func show(_ campaign: CampaignReport) throws {
        guard why == 0 else {
            throw CommandProblem(
                "several-runs",
                "`\(run)` holds \(campaign.entries.count) runs, and `--why` asks about one",
                hint: "name one of them: `\(run)/\(campaign.entries.first?.run ?? "")`"
            )
        }
        if json {
            Terminal.print(campaign.json)
        } else {
            campaign.lines.forEach { Terminal.print($0) }
        }
        for shard in campaign.unmerged {
            Terminal.tell(
                "note: `\(shard)` has worked on since it was merged: what it bought comes with the next merge"
            )
        }
        for problem in campaign.problems {
            CommandExit.tell(problem.code.rawValue, problem.description, hint: problem.hint)
        }
        if !campaign.problems.isEmpty { throw CommandExit.failed }
    }

    private static func lines(of examples: [RunReport.Example]) -> [String] {
        var table = TextTable()
        for example in examples {
            table.add("  " + example.reason, example.stage, example.sample ?? "–", example.summary.onOneLine)
        }
        return ["", "why"] + table.lines
    }

    private static func json(_ example: RunReport.Example) -> JSONValue {
        [
            "reason": .string(example.reason), "stage": .string(example.stage),
            "sample": example.sample.map(JSONValue.string) ?? .null, "summary": .string(example.summary),
        ]
    }
}

extension ColourChoice: ExpressibleByArgument {}

/// Where a run keeps its things.
struct RunFolder: Sendable {
    let path: String
    var ledger: String { path + "/ledger.sqlite" }
    var export: String { path + "/export" }
    var report: String { path + "/report.json" }
}

extension RunReport {
    /// Whether nothing can have been exported of it yet: it is a shard's, or that of shards that were merged.
    var isPart: Bool { shard != nil || state == LedgerMerge.done }
}

/// A report for people; its lines hold colours and are harmless otherwise.
struct ReportText {
    let report: RunReport
    let paint: Paint

    var lines: [String] {
        let counts = report.counts
        let heading = "\(paint.bold(report.name.shown)): \(stateText)"
        var lines = [""]
        var table = TextTable(right: [1])
        table.add("candidates", Amount.count(counts.candidates), "")
        table.add(report.isPart ? "ready" : "exported", Amount.count(counts.exported), "")
        for (reason, count) in counts.dropped.sorted(by: Self.order) {
            table.add("dropped", Amount.count(count), reason)
        }
        for (reason, count) in counts.failed.sorted(by: Self.order) {
            table.add("failed", Amount.count(count), reason)
        }
        if counts.open > 0 { table.add("open", Amount.count(counts.open), openText) }
        if !report.isPart, report.stages.contains(where: { $0.verb == "pair" }) {
            table.add("pairs", Amount.count(report.pairs), "")
        }
        lines += table.lines + [""]
        lines += targetLines
        lines += stageLines + [""]
        lines += costLines
        for file in report.files where file.split != nil {
            lines.append(
                "  \(file.path)  \(Amount.count(file.rows, "row"))"
                    + (file.rows == 0 ? emptiness(of: file) : "")
            )
        }
        return [heading] + lines.map(\.shown)
    }

    private var openText: String {
        switch report.state {
        case ShardLedger.done: "waiting for the merge"
        case LedgerMerge.done: "waiting for the run"
        default: "the same run again continues"
        }
    }

    private var stateText: String {
        let text = ownStateText
        return report.shard.map { "shard \($0), \(text)" } ?? text
    }

    private var ownStateText: String {
        switch report.state {
        case "done", ShardLedger.done: paint.green("done")
        case LedgerMerge.done: paint.yellow("merged of shards; a run does what is left")
        case "merging": paint.yellow("being merged, or the merge was killed; the same merge again continues")
        case "running": paint.yellow("running, or killed in mid-run; the same run again continues")
        case "interrupted": paint.yellow("interrupted; the same run again continues")
        case "drained": paint.yellow("ended by `ctl drain`; the same run again continues")
        case "skipped": paint.yellow("a stage was skipped; the same run again continues")
        case "budget": paint.yellow("stopped at its budget; raise it and run again to continue")
        default: paint.red(report.state.shown)
        }
    }

    private var stageLines: [String] {
        var table = TextTable(right: [2, 3, 4, 5])
        table.add("stage", "does", "units", "gave", "calls", "tokens", "outcomes")
        for stage in report.stages {
            let units = stage.units.values.reduce(0, +)
            let reasons = stage.reasons.sorted(by: Self.order).map { "\(Amount.count($0.value)) \($0.key)" }
            let good = stage.units.filter { ["passed", "kept", "exported", "paired"].contains($0.key) }
            let outcomes =
                good.sorted { $0.key < $1.key }.map { "\(Amount.count($0.value)) \($0.key)" } + reasons
                + pairsWritten(by: stage)
            table.add(
                stage.name,
                "\(stage.verb) \(stage.plugin)",
                units == 0 && stage.verb == "write" ? "" : Amount.count(units),
                stage.drafts > 0 ? Amount.count(stage.drafts) : "",
                stage.calls > 0 ? Amount.count(stage.calls) : "",
                stage.tokens > 0 ? Amount.count(stage.tokens) : "",
                outcomes.joined(separator: ", ")
            )
        }
        return table.lines
    }

    /// Pairs are no units of an export: what it wrote stands in its files.
    private func pairsWritten(by stage: RunReport.Stage) -> [String] {
        guard stage.verb == "write", stage.units.isEmpty else { return [] }
        let rows = report.files.filter { $0.export == stage.name && $0.split != nil }.reduce(0) {
            $0 + $1.rows
        }
        return rows > 0 ? ["\(Amount.count(rows, "pair")) written"] : []
    }

    /// Why an export has no rows, as far as the counts tell.
    private func emptiness(of file: FileRecord) -> String {
        if let other = report.files.first(where: { $0.export == file.export && $0.rows > 0 }) {
            return ": all rows fell to `\(other.split ?? "")`"
        }
        let reasons = report.counts.dropped.merging(report.counts.failed, uniquingKeysWith: +)
            .sorted(by: Self.order).prefix(3).map { "\(Amount.count($0.value)) \($0.key)" }
        return ": nothing reached this export"
            + (reasons.isEmpty ? "" : " (\(reasons.joined(separator: ", ")))")
    }

    private static func order(_ left: (key: String, value: Int), _ right: (key: String, value: Int)) -> Bool {
        (right.value, left.key) < (left.value, right.key)
    }
}
