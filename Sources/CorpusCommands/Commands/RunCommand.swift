import ArgumentParser
import CorpusConfig
import CorpusKit
import CorpusLedger
import CorpusPipeline

/// `corpusmith run RECIPE`: runs a recipe, or goes on with it.
struct RunCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Run a recipe; the same command again resumes",
        discussion: """
            Calls models, which may cost money, and runs what they write in the sandbox. Writes the run's folder, by \
            default output/NAME/: the ledger, the exports and the report. Replies, executions and outcomes that are \
            on the ledger are never bought or done again. Ctrl-C finishes what is in work and stops; a second Ctrl-C \
            stops at once.

            On a terminal, progress is one line that is redrawn; elsewhere, and where TERM is `dumb` or not set, it is a plain \
            line every ten seconds. With --color auto, NO_COLOR and such a TERM turn colours off; NO_COLOR alone leaves \
            progress as it is.

            --replay calls nobody: what is not on the ledger or the cassette fails as `not-recorded`, and the exit code is \
            1. --record writes every request and reply of the run to a folder, without keys and addresses, and --cassette \
            takes replies from there before anything is bought, so that a run can be repeated on another machine.

            While it works, `corpusmith ctl` looks at it, holds it, changes it or ends it.

            With `ledger:` in the recipe, replies and executions that other runs have put there are taken over at no cost, and those of \
            this run are put there as well. One run at a time works with such a ledger: a second one is refused with 75, or waits.

            --shard I/N works on the seeds of one of N parts, wherever and whenever the others are worked on, in a folder of its own \
            with a ledger of its own: by default output/NAME/shards/I-of-N/. Caps are the recipe's divided by N; `wall` is not. A shard \
            does all that needs no other seed, leaves what waits for selectors undecided, and writes no exports. `merge` then \
            joins the shards, and the same command without --shard does what is left.

            --metrics serves counts of the model calls while the run lasts, on this machine alone: calls in flight and waiting, \
            latencies, tokens, cost and errors by code, never a word of requests or replies.

            Exit codes: 0 done, 1 replayed with replies missing, 2 could not do it, 75 stopped early but resumable (budget reached, endpoint down, \
            disk full, drained, a stage skipped, another run has the shared ledger), 130 interrupted, 64 bad command line.

            Example: corpusmith run Templates/Recipes/quickstart.yaml
            """
    )

    @Argument(help: "The recipe to run", completion: .file(extensions: ["yaml", "yml"]))
    var recipe: String

    @Option(help: "The run's folder; default: output/ and the recipe's name", completion: .directory)
    var output: String?

    @Flag(help: "Check and plan, show what would be done and bought as `plan` does, call nothing")
    var dryRun = false

    @Flag(help: "Print the report, or with --dry-run the plan, as JSON on standard output")
    var json = false

    @Flag(help: "No progress, no report; errors only")
    var quiet = false

    @Flag(help: "Call nobody: take every reply from the ledger or the cassette")
    var replay = false

    @Option(help: "Take replies from the cassette in this folder before buying any", completion: .directory)
    var cassette: String?

    @Option(
        help: "Write every request and reply to a cassette in this folder at the end",
        completion: .directory
    )
    var record: String?

    @Option(help: "Serve http://127.0.0.1:PORT/metrics for Prometheus during the run; 0 takes a free port")
    var metrics: UInt16?

    @Option(
        help:
            "Work on one part of the seeds, such as 2/3, the second of three, in shards/ of the run's folder",
        transform: Shard.argument
    )
    var shard: Shard?

    @Flag(
        help: "Wait for another run in the folder, or with the recipe's shared ledger, in place of refusing"
    )
    var wait = false

    @Flag(help: "Run what models write without isolation. Never do this with models you do not trust")
    var unsafeNoSandbox = false

    @Option(help: "Colour: auto, always or never")
    var color = ColourChoice.auto

    func run() async throws {
        try await reporting(colour: color) {
            let workshop = try Workshop(recipe: recipe, allowsNoSandbox: unsafeNoSandbox)
            let folder = RunFolder(path: output ?? "output/" + workshop.recipe.name)
            if dryRun {
                let session = RehearsalSession(
                    workshop: workshop,
                    run: folder,
                    shard: shard,
                    allowsNoSandbox: unsafeNoSandbox
                )
                return try await PlanCommand.show(asJSON: json, session)
            }
            let session = RunSession(
                workshop: workshop,
                run: folder,
                shard: shard,
                isQuiet: quiet,
                allowsNoSandbox: unsafeNoSandbox,
                tape: Tape(isReplay: replay, cassette: cassette, record: record),
                metricsPort: metrics,
                waits: wait
            )
            let report = try await session.run()
            if json {
                Terminal.print(report.json)
            } else if !quiet {
                ReportText(report: report, paint: Paint(isOn: color.isOn(1))).lines.forEach {
                    Terminal.print(painted: $0)
                }
                let place = session.folder.path
                Terminal.tell(
                    "\neverything is in \(place)/; why candidates were dropped: corpusmith report \(place) --why 3"
                )
                if shard != nil {
                    Terminal.tell(
                        "what is left comes when all shards are done: corpusmith merge \(folder.path), then the same command "
                            + "without --shard"
                    )
                }
            }
            if replay { try Self.tellMissing(in: report) }
        }
    }

    /// Says what a replay lacked.
    ///
    /// - Throws: The exit code when something was missing.
    private static func tellMissing(in report: RunReport) throws {
        let missing = report.stages.compactMap { stage -> String? in
            guard let units = stage.reasons[ReplayEndpoint.code.description] else { return nil }
            return "\(Amount.count(units)) in `\(stage.name)`"
        }
        guard !missing.isEmpty else { return }
        CommandExit.tell(
            ReplayEndpoint.code.description,
            "units of work need replies that are not recorded: \(missing.joined(separator: ", "))",
            hint:
                "the same command without `--replay` buys them; `--cassette` takes them from where they were recorded"
        )
        throw CommandExit.findings
    }
}

extension Shard {
    /// Reads it from the command line.
    static func argument(_ text: String) throws -> Shard {
        do {
            return try Shard(parsing: text)
        } catch {
            throw ValidationError(error.description)
        }
    }
}
