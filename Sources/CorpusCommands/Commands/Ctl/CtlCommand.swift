import ArgumentParser
import CorpusConfig
import CorpusDiagnostics
import CorpusKit

/// `corpusmith ctl`: looks at a run while it works, and changes it.
struct CtlCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ctl",
        abstract: "Look at a run while it works: hold it, change it or end it",
        subcommands: [
            CtlStatusCommand.self, CtlPauseCommand.self, CtlResumeCommand.self, CtlSetWidthCommand.self,
            CtlSetBudgetCommand.self, CtlSkipStageCommand.self, CtlDrainCommand.self,
        ]
    )

    /// How the exit codes of commands that change a run are told.
    static let exits = """
        Exit codes: 0 it is so now, also when it was before, 2 there is no such run or stage, the run cannot have it so, no process \
        works on it or it is ending, 64 bad command line.
        """

    /// What --json prints.
    static let fields = "With --json: `changed` (false when it was so before), `message`"
}

/// What every command has that changes a run.
struct CtlOptions: ParsableArguments {
    @Argument(help: "The run's folder", completion: .directory)
    var run: String

    @Flag(help: "Print the answer as JSON on standard output")
    var json = false

    /// Asks the run for a change and tells its answer.
    func change(_ request: ControlRequest) async throws {
        try await reporting {
            let done = try ControlClient(folder: RunFolder(path: run)).change(request)
            if json {
                var members: [String: JSONValue] = [
                    "schema": 1, "changed": .bool(done.isChanged), "message": .string(done.message),
                ]
                if let recipe = done.recipe { members["recipe"] = .string(recipe) }
                Terminal.print(.object(members))
            } else {
                Terminal.print(done.message)
                if let recipe = done.recipe { Terminal.print("to keep it for later passes, \(recipe)") }
            }
        }
    }
}

/// `corpusmith ctl pause RUN`.
struct CtlPauseCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pause",
        abstract: "Start nothing new, no unit of work and no call, until `ctl resume`",
        discussion: """
            Calls in flight end, and what they bring is kept on the ledger. A unit that makes several calls waits between two of \
            them, batches that are not sent yet wait, and those under way go on at their endpoint. The run's time goes on: a \
            run with `wall:` may end while it is paused. Ctrl-C and `ctl drain` end a paused run as they end any other.

            \(CtlCommand.fields).

            \(CtlCommand.exits)

            Example: corpusmith ctl pause output/quickstart
            """
    )

    @OptionGroup var options: CtlOptions

    func run() async throws { try await options.change(.pause) }
}

/// `corpusmith ctl resume RUN`.
struct CtlResumeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "resume",
        abstract: "Let a paused run go on",
        discussion: """
            \(CtlCommand.fields).

            \(CtlCommand.exits)

            Example: corpusmith ctl resume output/quickstart
            """
    )

    @OptionGroup var options: CtlOptions

    func run() async throws { try await options.change(.resume) }
}

/// `corpusmith ctl drain RUN`.
struct CtlDrainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drain",
        abstract: "Finish what is in flight and end the run, as Ctrl-C does",
        discussion: """
            The run ends with exit code 75, and the same `run` command continues it. Returns at once; the run ends when what is \
            in flight has.

            \(CtlCommand.fields).

            \(CtlCommand.exits)

            Example: corpusmith ctl drain output/quickstart
            """
    )

    @OptionGroup var options: CtlOptions

    func run() async throws { try await options.change(.drain) }
}

/// `corpusmith ctl set-width RUN STAGE N`.
struct CtlSetWidthCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set-width",
        abstract: "Let a stage work on more or fewer units at once, for the rest of the pass",
        discussion: """
            What `width:` of the stage says in a recipe, from now on. Units in work above a lower width end first. How many calls \
            are in flight is also up to `limits:` of the stage's models.

            \(CtlCommand.fields), `recipe` (what to write into the recipe to keep it).

            \(CtlCommand.exits)

            Example: corpusmith ctl set-width output/quickstart solved 4
            """
    )

    @OptionGroup var options: CtlOptions

    @Argument(help: "The stage's name in the recipe")
    var stage: String

    @Argument(help: "How many units at once, 1 to 4096")
    var width: Int

    func validate() throws {
        let range = ControlRequest.widths
        guard range.contains(width) else {
            throw ValidationError("a width is from \(range.lowerBound) to \(range.upperBound)")
        }
    }

    func run() async throws { try await options.change(.setWidth(stage: stage, width: width)) }
}

/// `corpusmith ctl set-budget RUN`.
struct CtlSetBudgetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "set-budget",
        abstract: "Give a run other caps, higher or lower, for the rest of the pass",
        discussion: """
            Caps are written as under `budget:` of a recipe, and checked as there; `none` lifts one. As there, --calls, --tokens \
            and --usd hold for all passes together and --wall for this one. A cap below what is spent ends the run resumably \
            with its next call. No cap is exceeded: what is in flight was reserved under the cap that held when it was sent. Caps \
            of single models (`per_role:`) stay as they are.

            \(CtlCommand.fields), `recipe` (what to write into the recipe to keep it).

            \(CtlCommand.exits)

            Example: corpusmith ctl set-budget output/quickstart --tokens 2000000 --wall none
            """
    )

    @OptionGroup var options: CtlOptions

    @Option(parsing: .unconditional, help: "The most model calls")
    var calls: String?

    @Option(parsing: .unconditional, help: "The most tokens, of prompts and replies")
    var tokens: String?

    @Option(parsing: .unconditional, help: "The most US dollars, as in 2.50")
    var usd: String?

    @Option(parsing: .unconditional, help: "The most time of this pass, as in 90s, 20m, 6h or 2d")
    var wall: String?

    private var caps: [BudgetCap: String] {
        [BudgetCap.calls: calls, .tokens: tokens, .usd: usd, .wall: wall].compactMapValues(\.self)
    }

    func validate() throws {
        guard !caps.isEmpty else {
            throw ValidationError("give at least one of --calls, --tokens, --usd and --wall")
        }
        for cap in BudgetCap.allCases {
            do throws(Diagnostic) {
                if let text = caps[cap] { _ = try cap.limit(in: text) }
            } catch {
                throw ValidationError(error.message + (error.hint.map { "; \($0)" } ?? ""))
            }
        }
    }

    func run() async throws { try await options.change(.setBudget(caps)) }
}

/// `corpusmith ctl skip-stage RUN STAGE`.
struct CtlSkipStageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "skip-stage",
        abstract: "Start no further unit at a stage, for the rest of the pass",
        discussion: """
            Units in work there end. What waits there stays open, and so does all that waits for it: nothing goes past a check. When \
            everything else is done, the run ends with exit code 75, and the same `run` command does what was left out. \
            --undo takes it back while the run goes on.

            \(CtlCommand.fields).

            \(CtlCommand.exits)

            Example: corpusmith ctl skip-stage output/quickstart rated
            """
    )

    @OptionGroup var options: CtlOptions

    @Argument(help: "The stage's name in the recipe")
    var stage: String

    @Flag(help: "Start its units again")
    var undo = false

    func run() async throws { try await options.change(.skipStage(stage: stage, isUndone: undo)) }
}
