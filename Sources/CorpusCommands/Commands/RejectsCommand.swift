import ArgumentParser
import CorpusDiagnostics
import CorpusKit
import CorpusLedger

/// `corpusmith rejects RUN`: lists every candidate that was not exported, and why.
struct RejectsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rejects",
        abstract: "List what was dropped or failed, with its reason, evidence and text",
        discussion: """
            Reads the ledger in the run's folder, also while the run goes on, one candidate after the other: a run may have \
            millions. They come by stage in the order of the recipe, dropped ones before failed ones. Without filters there \
            are as many as `report` counts. Filters of one kind widen each other, those of different kinds narrow.

            The id is that of the candidate's content, or, where a generator threw something away, of what it worked on; \
            `explain` tells its story. The cost is that of the calls that made and judged a candidate; candidates that come \
            of one unit share its calls.

            With --json, one object a line: `schema`, `state` (`dropped`, `failed`), `reason`, `stage`, `verb`, `plugin`, `key` \
            (unlike `id` never the same twice), `id` (null for a row that could not be read), `rival` (the id of the content it \
            lost to, or a benchmark and its item), `summary`, `detail`, `evidence`, `source`, `origin`, `licence`, `labels`, \
            `calls`, `usd` (null where a price is not known), `text` and `is_cut`; with --full `texts` as well, by their places.

            Exit codes: 0 done, 2 there is no such run, reason, stage or source, 64 bad command line.

            Example: corpusmith rejects output/quickstart --reason test-failed --sample 5 --full
            """
    )

    @Argument(help: "The run's folder", completion: .directory)
    var run: String

    @Option(help: "Only this reason code; may be given several times")
    var reason: [String] = []

    @Option(help: "Only what ended at this stage; may be given several times")
    var stage: [String] = []

    @Option(help: "Only what was dropped, or only what failed")
    var state: RejectState?

    @Option(help: "Only what descends from this source; may be given several times")
    var source: [String] = []

    @Option(help: "Only what has this label, as in `difficulty=hard`; of several, all")
    var label: [String] = []

    @Option(help: "Only what has this text in it, or in what was found wrong; capitals count")
    var contains: String?

    @Option(help: "List at most so many, 0 for all; default: 20, and all with --json")
    var limit: Int?

    @Option(help: "List so many at random in place of the first ones, the same each time")
    var sample: Int?

    @Option(help: "Another number, another choice with --sample")
    var randomSeed = 0

    @Flag(help: "Whole texts in place of their beginnings")
    var full = false

    @Flag(help: "Print one JSON object a line on standard output")
    var json = false

    @Option(help: "Colour: auto, always or never")
    var color = ColourChoice.auto

    func validate() throws {
        guard limit == nil || sample == nil else {
            throw ValidationError("--limit and --sample cannot be given together")
        }
        if let limit, limit < 0 { throw ValidationError("--limit cannot be negative") }
        if let sample, sample < 1 { throw ValidationError("--sample must be at least 1") }
        for label in label where label.split(separator: "=", maxSplits: 1).count < 2 {
            throw ValidationError("`\(label)` is no label and value; write `name=value`")
        }
    }

    func run() async throws {
        try await reporting(colour: color) {
            Ledger.sort(path: RunFolder(path: run).ledger)
            try reading(RunFolder(path: run).ledger) { ledger in
                let known = try ledger.rejects { ($0.stages, $0.sources) }
                try check(stage, against: known.0, "stage")
                try check(source, against: known.1, "source")
                let unlisted = Set(reason).subtracting(ReasonCodes.known)
                if !unlisted.isEmpty {
                    let reasons = try ledger.rejects { try $0.reasons() }
                    try check(
                        reason,
                        against: reasons.union(ReasonCodes.known).sorted(),
                        "reason",
                        seen: reasons
                    )
                }
                let list = RejectList(
                    text: RejectText(paint: Paint(isOn: color.isOn(1)), isFull: full),
                    isJSON: json
                )
                try ledger.rejects { reader in
                    if let sample {
                        try list.show(sample, from: reader, filter, randomSeed: randomSeed)
                    } else {
                        let most = limit ?? (json ? 0 : 20)
                        try list.show(first: most == 0 ? .max : most, from: reader, filter)
                    }
                }
            }
        }
    }

    private var filter: RejectFilter {
        var filter = RejectFilter()
        (filter.reasons, filter.stages, filter.sources) = (Set(reason), Set(stage), Set(source))
        filter.isFailure = state.map { $0 == .failed }
        filter.text = contains
        filter.labels = label.map { label in
            let parts = label.split(separator: "=", maxSplits: 1).map(String.init)
            return RejectFilter.Label(name: parts[0], value: parts[1])
        }
        return filter
    }

    // What is listed where no name is near: those of the run, which may be fewer than those that are known.
    private func check(
        _ names: [String],
        against known: [String],
        _ what: String,
        seen: Set<String>? = nil
    ) throws {
        for name in names where !known.contains(name) {
            throw CommandProblem(
                "unknown-\(what)",
                "no \(what) of `\(run)` is called `\(name)`",
                hint: nearestHint(for: name, among: known)
                    ?? nameHint(for: name, among: seen?.sorted() ?? known, "\(what)s of this run")
            )
        }
    }
}

/// How a reject ended.
enum RejectState: String, Sendable, CaseIterable, ExpressibleByArgument {
    case dropped, failed
}
