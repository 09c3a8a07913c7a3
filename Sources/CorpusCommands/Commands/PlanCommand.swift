import ArgumentParser
import CorpusConfig
import CorpusKit
import CorpusPipeline

/// `corpusmith plan RECIPE`: shows the graph, what it may come to, and what the next pass reuses and buys, without calling
/// a model.
struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Show what a recipe will do, how much it may call and cost, and what it reuses",
        discussion: """
            Reads the recipe, its prompts and the beginning of its sources; calls nothing and changes nothing. Calls are the \
            most that there can be: every item passes every stage; retries are left out, and the seeds of large sources are \
            counted by a sample. Tokens and cost are estimates and can be exceeded: replies are taken to be as long as \
            allowed, and prompts, whose length nobody knows before they are made, as long as a reply may be, 1,000 tokens \
            at least. `unknown` is said where a price or a count is not known. Caps that this exceeds are named; that is no \
            fault: a run reserves what a prompt really may cost, stops at its caps and can be continued.

            --shard shows about how much falls to one of several parts, and what of the caps is its.

            Where the run has a ledger, or shares one that is there, the next pass is rehearsed on a copy: all sources are read, \
            what is on the ledgers is reused, nothing is bought and no program is run. So it is known which replies the pass will buy, up to those \
            that are not there yet: what such a unit goes on to do, and what comes of it, is estimated from what units of a \
            stage of the same name came to so far, 20 of them at least, and bounded by the worst case. The copy has no replies; \
            it lies in the run's folder, or where TMPDIR says, and is removed at the end. A large ledger takes a while; --quick \
            leaves the rehearsal out.

            With --json: `nodes`, `estimate` (`seeds`, `calls`, `reply_tokens` at most, `tokens`, `usd`, and the same by \
            `roles` and by `stages`), `ledger` (the one that the run shares, or null), `shard`, `unmerged`, why the run would not begin before a merge, else null, `over`, the caps that it exceeds (`role`, null for the whole run, `cap`, `limit`, \
            `estimate`), and `reuse`, null without a ledger: `ledgers` (what it takes from), `is_exact`, `is_unfinished` (the last pass is at work, or was \
            killed), `is_open_ended` (how far the sources are read for the target is not known), `units` (`reused`, `redone`, `new`), `replies` (`reused`, `bought`), `executions` (`reused`, `run`), each \
            of them as `least`, `about` and `most`, which agree where the number is known; `tokens` and `usd` (`about`, `most`) \
            of what is bought; the same by `stages`, and by `roles` what is bought; `spent` so far; `over`, the caps that both \
            together exceed. What is not known is null.

            Exit codes: 0 sound, 2 faults in the recipe, or the next pass cannot be rehearsed, 75 no room for the copy, 130 \
            interrupted, 64 bad command line. What the run may come to is shown also when it cannot be rehearsed.

            Example: corpusmith plan Templates/Recipes/quickstart.yaml
            """
    )

    @Argument(help: "The recipe to plan", completion: .file(extensions: ["yaml", "yml"]))
    var recipe: String

    @Option(help: "The run's folder; default: output/ and the recipe's name", completion: .directory)
    var output: String?

    @Option(help: "Plan one part of the seeds, such as 2/3, the second of three", transform: Shard.argument)
    var shard: Shard?

    @Flag(help: "Leave out what the next pass reuses: show the worst case alone")
    var quick = false

    @Flag(help: "Print the plan as JSON on standard output")
    var json = false

    @Flag(help: "As for `run`: the run is one without isolation, and its stages are others than with it")
    var unsafeNoSandbox = false

    @Option(help: "Colour: auto, always or never")
    var color = ColourChoice.auto

    func run() async throws {
        try await reporting(colour: color) {
            let workshop = try Workshop(recipe: recipe, allowsNoSandbox: unsafeNoSandbox)
            let folder = RunFolder(path: output ?? "output/" + workshop.recipe.name)
            let session = RehearsalSession(
                workshop: workshop,
                run: folder,
                shard: shard,
                allowsNoSandbox: unsafeNoSandbox
            )
            try await Self.show(asJSON: json, isQuick: quick, session)
        }
    }

    /// Prints a plan with what the next pass reuses; without it, where that cannot be found out.
    ///
    /// - Throws: Why it cannot.
    static func show(
        asJSON isJSON: Bool,
        isQuick: Bool = false,
        _ session: RehearsalSession
    ) async throws {
        var text = PlanText(plan: session.plan, shard: session.shard)
        do {
            if session.shard == nil { try ShardFolders(session.folder).refuseUnmerged() }
        } catch let problem as CommandProblem {
            text.unmerged = problem.description + (problem.hint.map { "; \($0)" } ?? "")
        }
        do {
            if !isQuick, let forecast = try await session.forecast() {
                text.next = ForecastText(
                    plan: session.plan,
                    forecast: forecast,
                    ledgers: session.ledgers
                )
            }
        } catch {
            text.show(asJSON: isJSON)
            throw error
        }
        text.show(asJSON: isJSON)
    }
}
