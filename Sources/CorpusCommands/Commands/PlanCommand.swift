import ArgumentParser
import CorpusConfig
import CorpusKit
import CorpusPipeline

/// `corpusmith plan RECIPE`: shows the graph and what it may come to, without calling a model.
struct PlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Show what a recipe will do and how much it may call and cost",
        discussion: """
            Reads the recipe, its prompts and the beginning of its sources; calls nothing and writes nothing. Calls are the \
            most that there can be: every item passes every stage; retries are left out, and the seeds of large sources are \
            counted by a sample. Tokens and cost are estimates and can be exceeded: replies are taken to be as long as \
            allowed, and prompts, whose length nobody knows before they are made, as long as a reply may be, 1,000 tokens \
            at least. `unknown` is said where a price or a count is not known. Caps that this exceeds are named; that is no \
            fault: a run reserves what a prompt really may cost, stops at its caps and can be continued.

            With --json: `nodes`, `estimate` (`seeds`, `calls`, `reply_tokens` at most, `tokens`, `usd`, and the same by \
            `roles` and by `stages`) and `over`, the caps that it exceeds: `role`, null for the whole run, `cap`, `limit`, \
            `estimate`.

            Exit codes: 0 sound, 2 faults in the recipe, 64 bad command line.

            Example: corpusmith plan Templates/Recipes/quickstart.yaml
            """
    )

    @Argument(help: "The recipe to plan", completion: .file(extensions: ["yaml", "yml"]))
    var recipe: String

    @Flag(help: "Print the plan as JSON on standard output")
    var json = false

    @Option(help: "Colour: auto, always or never")
    var color = ColourChoice.auto

    func run() async throws {
        try await reporting(colour: color) {
            PlanText(plan: try Workshop(recipe: recipe).plan).show(asJSON: json)
        }
    }
}

/// A plan for people.
struct PlanText {
    let plan: Plan

    /// Prints the plan on standard output.
    func show(asJSON isJSON: Bool) {
        guard isJSON else { return lines.forEach { Terminal.print($0) } }
        var members = plan.json.members ?? [:]
        members["schema"] = 1
        members["estimate"] = plan.estimate.json
        members["over"] = .array(excesses.map(\.json))
        Terminal.print(.object(members))
    }

    var lines: [String] {
        var lines = ["\(plan.recipe.name)  (random seed \(plan.recipe.randomSeed))", ""]
        var table = TextTable(right: [3, 4, 5, 6])
        table.add("stage", "does", "takes", "at most in", "calls", "about tokens", "about cost")
        for node in plan.nodes {
            let row = plan.estimate.stages.first { $0.name == node.name && $0.verb == node.verb.rawValue }
            let from = (node.inputs + node.others).map(plan.label).joined(separator: ", ")
            let calls = row?.calls
            table.add(
                node.name,
                "\(node.verb.rawValue) \(node.manifest.name)",
                from.isEmpty ? "–" : from,
                row.map { $0.inputs.map(Amount.count) ?? "unknown" }
                    ?? (plan.estimate.seeds.map(Amount.count) ?? "unknown"),
                row == nil ? "" : calls.map { $0 == 0 ? "" : Amount.count($0) } ?? "unknown",
                calls == 0 ? "" : row?.tokens.map(Amount.short) ?? (row == nil ? "" : "unknown"),
                calls == 0 || row == nil ? "" : Amount.dollars(row?.cost)
            )
        }
        lines += table.lines
        lines += ["", "models"]
        var models = TextTable(right: [4, 5, 6])
        for (name, model) in plan.models.sorted(by: { $0.key < $1.key }) {
            let role = plan.estimate.roles.first { $0.name == name }
            models.add(
                "  \(name)",
                model.identity,
                place(of: model),
                "at most \(counted(model.concurrency, "call")) at once"
                    + (model.spec.concurrency == nil && !model.spec.place.value.endpoints.isEmpty
                        ? ", found by itself" : ""),
                role.map { $0.calls.map { Amount.count($0, "call") } ?? "unknown calls" } ?? "",
                role.map { $0.tokens.map { Amount.short($0, "token") } ?? "unknown tokens" } ?? "",
                role.map { Amount.dollars($0.cost) } ?? ""
            )
        }
        lines += models.lines
        lines += ["", "in full: \(inFull)", "limit: \(limit)"]
        if let target = plan.target {
            let cells = target.labels.isEmpty ? "" : " in \(Amount.count(target.cells.count, "cell"))"
            lines.append(
                "target: \(Amount.count(target.accepted, "sample")) of `\(target.at)`\(cells); "
                    + "the sources are read only as far as that takes"
            )
        }
        return lines + excesses.map(text)
    }

    private var excesses: [CapExcess] { plan.estimate.excesses(over: plan.recipe.budget) }

    private func text(_ excess: CapExcess) -> String {
        let owner = excess.role.map { " for the model `\($0)`" } ?? ""
        let (amount, limit) =
            switch excess.cap {
            case .dollars: ("about " + Amount.dollars(excess.estimate), Amount.dollars(excess.limit))
            case .tokens:
                (
                    "about " + Amount.short(excess.estimate, "token"),
                    Amount.short(excess.limit, "token")
                )
            case .calls:
                (
                    "up to " + Amount.count(excess.estimate, "call"),
                    Amount.count(excess.limit, "call")
                )
            }
        return
            "note: the run may come to \(amount), over the budget\(owner) of \(limit): it would stop at the "
            + "budget, and go on with the same command once that is raised"
    }

    /// One line: seeds, calls, tokens, cost.
    var inFull: String {
        let estimate = plan.estimate
        func number(_ value: Int?, _ unit: String) -> String {
            value.map { Amount.short($0, unit) } ?? "unknown \(unit)s"
        }
        return [
            number(estimate.seeds, "seed"), number(estimate.calls, "call"),
            "about " + number(estimate.tokens, "token") + " with prompts of a guessed length",
            "cost " + ((estimate.cost ?? 0) == 0 ? "" : "about ") + Amount.dollars(estimate.cost),
        ].joined(separator: ", ")
    }

    /// Which caps the worst case exceeds, in brackets; nothing when it exceeds none.
    var stop: String {
        excesses.isEmpty ? "" : " (the run would stop there, before its worst case)"
    }

    /// One line: the recipe's caps.
    var limit: String {
        guard let budget = plan.recipe.budget else { return "none (a run needs a budget)" }
        var parts = Self.caps(budget.nanoDollars, budget.tokens, budget.calls, budget.wallSeconds)
        for (role, caps) in budget.perRole.sorted(by: { $0.key < $1.key }) {
            let own = Self.caps(caps.nanoDollars, caps.tokens, caps.calls, caps.wallSeconds).joined(
                separator: ", "
            )
            parts.append("of it for `\(role)` \(own)")
        }
        return parts.joined(separator: ", ")
    }

    private static func caps(_ nanoDollars: Int?, _ tokens: Int?, _ calls: Int?, _ wall: Int?) -> [String] {
        [
            nanoDollars.map(Amount.dollars), tokens.map { Amount.short($0, "token") },
            calls.map { Amount.short($0, "call") }, wall.map { "\(Amount.time(Double($0))) of time" },
        ].compactMap(\.self)
    }

    private func place(of model: PlannedModel) -> String {
        switch model.spec.place.value {
        case .local: "bundled, started by the run"
        case .endpoints(let places):
            places.map { $0.url + ($0.keyVariable.map { " with the key in $\($0)" } ?? "") }
                .joined(separator: ", ")
        }
    }
}
