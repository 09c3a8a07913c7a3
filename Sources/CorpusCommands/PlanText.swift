import CorpusConfig
import CorpusKit
import CorpusPipeline
import Foundation

/// A plan for people.
struct PlanText {
    /// The plan, or what of it is a shard's.
    let plan: Plan
    var shard: Shard?
    /// What the next pass will do, where it was rehearsed.
    var next: ForecastText?
    /// What keeps the run from beginning: work of shards that is not merged.
    var unmerged: String?

    /// Prints the plan on standard output.
    func show(asJSON isJSON: Bool) {
        guard isJSON else { return lines.forEach { Terminal.print($0) } }
        var members = plan.json.members ?? [:]
        members["schema"] = 1
        members["estimate"] = plan.estimate.json
        members["over"] = .array(excesses.map(\.json))
        members["shard"] = shard.map { .string("\($0)") } ?? .null
        members["ledger"] = plan.recipe.sharedLedger.map(JSONValue.string) ?? .null
        members["unmerged"] = unmerged.map(JSONValue.string) ?? .null
        members["reuse"] = next?.json ?? .null
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
        lines += [
            "", (shard.map { "shard \($0), about: " } ?? "in full: ") + inFull,
            "limit: \(limit)" + (shard.map { ", the recipe's divided by \($0.count)" } ?? ""),
        ]
        if let target = plan.target {
            let cells = target.labels.isEmpty ? "" : " in \(Amount.count(target.cells.count, "cell"))"
            lines.append(
                "target: \(Amount.count(target.accepted, "sample")) of `\(target.at)`\(cells); "
                    + "the sources are read only as far as that takes"
            )
        }
        if let path = plan.recipe.sharedLedger {
            let isThere = FileManager.default.fileExists(atPath: path)
            let state = isThere ? next == nil ? ", not looked into here" : "" : ", which is not there yet"
            lines.append("shared ledger: \(path)\(state)")
        }
        if let unmerged { lines.append("note: \(unmerged)") }
        if let next { return lines + next.lines }
        return lines + excesses.map { Self.note($0, "the run may come to") }
    }

    private var excesses: [CapExcess] { plan.estimate.excesses(over: plan.recipe.budget) }

    /// What is said of a cap that is exceeded.
    static func note(_ excess: CapExcess, _ beginning: String) -> String {
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
            "note: \(beginning) \(amount), over the budget\(owner) of \(limit): it would stop at the "
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
