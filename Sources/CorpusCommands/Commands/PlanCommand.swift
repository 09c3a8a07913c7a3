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
            Reads the recipe, its prompts and the beginning of its sources; calls nothing and writes nothing. Calls, \
            tokens and cost are what comes when every item passes every stage and every reply is as long as allowed. \
            Prompts are taken to be as long as a reply may be, 1,000 tokens at least, and retries are left out. \
            `unknown` is said where a price or a count is not known.

            Exit codes: 0 sound, 2 faults in the recipe, 64 bad command line.

            Example: corpusmith plan Templates/Recipes/quickstart.yaml
            """
    )

    @Argument(help: "The recipe to plan", completion: .file(extensions: ["yaml", "yml"]))
    var recipe: String

    @Flag(help: "Print the plan as JSON on standard output")
    var json = false

    func run() async throws {
        try await reporting {
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
        Terminal.print(.object(members))
    }

    var lines: [String] {
        var lines = ["\(plan.recipe.name)  (random seed \(plan.recipe.randomSeed))", ""]
        var table = TextTable(right: [3, 4, 5, 6])
        table.add("stage", "does", "takes", "at most in", "calls", "tokens", "cost")
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
                calls.map { $0 == 0 ? "" : Amount.count($0) } ?? "unknown",
                calls == 0 ? "" : row?.tokens.map(Amount.short) ?? (row == nil ? "" : "unknown"),
                calls == 0 || row == nil ? "" : Amount.dollars(row?.cost)
            )
        }
        lines += table.lines
        lines += ["", "models"]
        var models = TextTable()
        for (name, model) in plan.models.sorted(by: { $0.key < $1.key }) {
            models.add(
                "  \(name)",
                model.identity,
                place(of: model),
                "at most \(model.concurrency) calls at once"
                    + (model.spec.concurrency == nil && !model.spec.place.value.endpoints.isEmpty
                        ? ", found by itself" : "")
            )
        }
        lines += models.lines
        lines += ["", "in full: \(inFull)", "limit: \(limit)"]
        return lines
    }

    /// One line: seeds, calls, tokens, cost.
    var inFull: String {
        let estimate = plan.estimate
        func number(_ value: Int?, _ unit: String) -> String {
            "\(value.map(Amount.short) ?? "unknown") \(unit)"
        }
        return [
            number(estimate.seeds, "seeds"), number(estimate.calls, "calls"),
            "about " + number(estimate.tokens, "tokens"),
            "cost " + Amount.dollars(estimate.cost),
        ].joined(separator: ", ")
    }

    /// One line: the recipe's caps.
    var limit: String {
        guard let budget = plan.recipe.budget else { return "none (a run needs a budget)" }
        var parts: [String] = []
        if let usd = budget.nanoDollars { parts.append(Amount.dollars(usd)) }
        if let tokens = budget.tokens { parts.append("\(Amount.short(tokens)) tokens") }
        if let calls = budget.calls { parts.append("\(Amount.short(calls)) calls") }
        if let wall = budget.wallSeconds { parts.append("\(Amount.time(Double(wall))) of time") }
        return parts.joined(separator: ", ")
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
