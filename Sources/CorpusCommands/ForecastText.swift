import CorpusConfig
import CorpusKit
import CorpusLedger
import CorpusPipeline

/// What the next pass will reuse and buy, for people and programs.
struct ForecastText {
    let plan: Plan
    let forecast: Forecast
    /// The paths of the ledgers that it takes from, as a person would write them.
    let ledgers: [String]

    // MARK: - For people

    /// A table of the stages, then the sums in words.
    var lines: [String] {
        let names = (ledgers.count == 1 ? "ledger " : "ledgers ") + ledgers.joined(separator: " and ")
        var lines = ["", "with what is on the \(names)", ""] + table + [""]
        lines.append(replies)
        if let executions { lines.append(executions) }
        lines.append(units)
        if !forecast.isExact {
            lines.append(
                "not all is known: what a reply that is not there yet leads to is estimated"
                    + (hasGuess ? " from what such units came to so far" : "")
            )
        }
        if forecast.isOpenEnded {
            lines.append("how far the sources are read for the target depends on it, too")
        }
        lines.append("spent so far: \(spent)")
        if forecast.isUnfinished { lines.append("note: the last pass is at work, or was killed") }
        return lines + excesses.map { PlanText.note($0, "with what is spent already it may come to") }
    }

    private var table: [String] {
        let runs = !isNothing(forecast.total.reusedExecutions) || !isNothing(forecast.total.newExecutions)
        var table = TextTable(right: Set(1...8))
        let heads = ["stage", "units reused", "again", "new", "replies reused", "bought", "about cost"]
        table.add(cells: heads + (runs ? ["executions reused", "run"] : []))
        for stage in forecast.stages {
            let work = stage.work
            let units = [sure(work.units.reused), sure(work.units.redone), cell(work.units.new)]
            let replies = [sure(work.reusedReplies), cell(work.boughtReplies)]
            let cost = isNothing(work.boughtReplies) ? "" : Self.cost(work.cost, short: true)
            let executions = runs ? [sure(work.reusedExecutions), cell(work.newExecutions)] : []
            table.add(cells: [stage.name] + units + replies + [cost] + executions)
        }
        return table.lines
    }

    private func cell(_ expected: Expected) -> String {
        expected.least == 0 && expected.about == 0 ? "" : Self.text(expected)
    }

    private func sure(_ expected: Expected) -> String {
        expected.least == 0 ? cell(expected) : Self.sure(expected)
    }

    private func isNothing(_ expected: Expected) -> Bool { expected == Expected(0) }

    /// `reuses 48,112 of 50,000 replies; buys 1,888, about $1.02`.
    private var replies: String {
        let (reused, bought) = (forecast.total.reusedReplies, forecast.total.boughtReplies)
        if isNothing(reused), isNothing(bought) { return "needs no replies" }
        let left = Self.reuse(reused, bought, "reply", "replies")
        guard !isNothing(bought) else { return left + "; buys none" }
        if bought.about == 0 { return "\(left); probably buys none (\(Self.bounds(bought)))" }
        var cost = Self.cost(forecast.total.cost, short: false)
        if !bought.isExact, forecast.total.cost.about != nil, let most = forecast.total.cost.most {
            cost += " (at most about \(Amount.dollars(most)))"
        }
        return "\(left); buys \(Self.range(bought)), \(cost)"
    }

    private var executions: String? {
        let (reused, new) = (forecast.total.reusedExecutions, forecast.total.newExecutions)
        if isNothing(reused), isNothing(new) { return nil }
        if new.about == nil, new.least == 0, new.most == nil, reused.least == 0 {
            return "how many executions that takes is not known"
        }
        let left = Self.reuse(reused, new, "execution", "executions")
        if new.about == 0 { return "\(left); \(isNothing(new) ? "" : "probably ")runs none" }
        return "\(left); runs \(Self.range(new))"
    }

    private var units: String {
        let units = forecast.total.units
        return
            "units of work: \(Self.text(units.reused)) done already, \(Self.text(units.redone)) done again, "
            + "\(Self.text(units.new)) new"
    }

    private var spent: String {
        let spent = forecast.spent
        return [
            Amount.count(spent.calls, "call"), Amount.short(spent.tokens, "token"),
            Amount.dollars(spent.nanoDollars),
        ].joined(separator: ", ")
    }

    private var hasGuess: Bool { forecast.total.boughtReplies.about != nil }

    private static func reuse(_ old: Expected, _ new: Expected, _ noun: String, _ plural: String) -> String {
        guard let all = old.about.flatMap({ old in new.about.map { old + $0 } }) else {
            return "reuses \(old.isExact ? "" : "at least ")\(Amount.count(old.least, noun, plural))"
        }
        let isKnown = old.isExact && new.isExact
        if isKnown, new == Expected(0) {
            return all == 1 ? "reuses the one \(noun) it needs" : "reuses all \(Amount.count(all)) \(plural)"
        }
        return "reuses \(sure(old)) of \(isKnown ? "" : "about ")\(Amount.count(all, noun, plural))"
    }

    /// The same as `text`, but that what is certain is not called a guess because there may be more.
    private static func sure(_ expected: Expected) -> String {
        expected.about == expected.least ? Amount.count(expected.least) : text(expected)
    }

    /// `1,888`, `about 1,888`, `1,200 to 7,300`.
    private static func text(_ expected: Expected) -> String {
        if expected.isExact { return Amount.count(expected.least) }
        if let about = expected.about { return "about \(Amount.count(about))" }
        return bounds(expected)
    }

    /// The same with the bounds beside a guess.
    private static func range(_ expected: Expected) -> String {
        guard !expected.isExact, expected.about != nil, expected.least > 0 || expected.most != nil else {
            return text(expected)
        }
        return "\(text(expected)) (\(bounds(expected)))"
    }

    private static func bounds(_ expected: Expected) -> String {
        let least = Amount.count(expected.least)
        guard let most = expected.most else { return expected.least == 0 ? "unknown" : "at least \(least)" }
        return expected.least == 0 ? "at most \(Amount.count(most))" : "\(least) to \(Amount.count(most))"
    }

    private static func cost(_ cost: Forecast.Cost, short: Bool) -> String {
        if let about = cost.about { return (short ? "" : "about ") + Amount.dollars(about) }
        guard let most = cost.most else { return short ? "unknown" : "cost unknown" }
        return (short ? "at most " : "at most about ") + Amount.dollars(most)
    }

    private var excesses: [CapExcess] { forecast.excesses(over: plan.recipe.budget) }

    // MARK: - For programs

    var json: JSONValue {
        var members = Self.members(of: forecast.total)
        members["ledgers"] = .array(ledgers.map(JSONValue.string))
        members["is_exact"] = .bool(forecast.isExact)
        members["is_unfinished"] = .bool(forecast.isUnfinished)
        members["is_open_ended"] = .bool(forecast.isOpenEnded)
        members["stages"] = .array(
            forecast.stages.map { stage in
                var members = Self.members(of: stage.work)
                members["name"] = .string(stage.name)
                members["verb"] = .string(stage.verb)
                members["plugin"] = .string(stage.plugin)
                return .object(members)
            }
        )
        members["roles"] = .array(
            forecast.roles.map { role in
                [
                    "role": .string(role.name), "bought": Self.json(role.boughtReplies),
                    "tokens": role.tokens.map(JSONValue.int) ?? .null, "usd": Self.json(role.cost),
                ]
            }
        )
        members["spent"] = [
            "calls": .int(forecast.spent.calls), "tokens": .int(forecast.spent.tokens),
            "usd": Self.dollars(forecast.spent.nanoDollars),
        ]
        members["over"] = .array(excesses.map(\.json))
        return .object(members)
    }

    private static func members(of work: Forecast.Work) -> [String: JSONValue] {
        [
            "units": [
                "reused": json(work.units.reused), "redone": json(work.units.redone),
                "new": json(work.units.new),
            ],
            "replies": ["reused": json(work.reusedReplies), "bought": json(work.boughtReplies)],
            "executions": ["reused": json(work.reusedExecutions), "run": json(work.newExecutions)],
            "tokens": work.tokens.map(JSONValue.int) ?? .null, "usd": json(work.cost),
        ]
    }

    private static func json(_ expected: Expected) -> JSONValue {
        [
            "least": .int(expected.least), "about": expected.about.map(JSONValue.int) ?? .null,
            "most": expected.most.map(JSONValue.int) ?? .null,
        ]
    }

    private static func json(_ cost: Forecast.Cost) -> JSONValue {
        ["about": dollars(cost.about), "most": dollars(cost.most)]
    }

    private static func dollars(_ nano: Int?) -> JSONValue {
        nano.map { .number(Double($0) / 1e9) } ?? .null
    }
}
