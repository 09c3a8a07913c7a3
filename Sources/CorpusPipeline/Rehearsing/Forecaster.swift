import CorpusConfig
import CorpusKit
import CorpusLedger

/// Estimates what a rehearsal could not see: how units go on that lack a reply or a result, and what comes of them.
///
/// Three numbers are made of everything. *Least* counts what is certain. *About* adds what is likely, the share of what was
/// assumed that such a verifier passed so far, and what such units used so far; it is nil where a stage has no such history.
/// *Most* takes every unit that is not certain for one that makes all its calls and whose results all go on.
struct Forecaster {
    let plan: Plan
    let tally: RehearsalTally
    /// By node.
    let histories: [StageHistory?]
    let tokens: [TokenHistory]

    /// What reaches a stage, and leaves it, beyond what the rehearsal saw.
    struct Beyond {
        /// About how many units, at least 0.
        var units: Double?
        /// How many units are not certain at most, those of the rehearsal among them.
        var most: Int
        /// Which part of what was assumed to pass the verifiers above will do so.
        var share: Double?

        /// About how many of some counts there will be.
        func about(_ counts: RehearsalTally.Counts) -> Double? {
            guard counts[.assumed] > 0 else { return Double(counts[.certain] + counts[.likely]) }
            return share.map {
                Double(counts[.certain] + counts[.likely]) + $0 * Double(counts[.assumed])
            }
        }
    }

    /// What is bought for one model at one stage.
    struct Purchase {
        var least = 0
        var about: Double? = 0
        var most: Int? = 0
        var tokens: Double? = 0
        var cost: Double? = 0
        var mostCost: Int? = 0

        static func + (left: Purchase, right: Purchase) -> Purchase {
            Purchase(
                least: left.least + right.least,
                about: sum(left.about, right.about),
                most: sum(left.most, right.most),
                tokens: sum(left.tokens, right.tokens),
                cost: sum(left.cost, right.cost),
                mostCost: sum(left.mostCost, right.mostCost)
            )
        }
    }

    func forecast(after spent: Spent, _ spentPerRole: [String: Spent], isUnfinished: Bool) -> Forecast {
        let beyond = flow()
        var stages: [Forecast.Stage] = []
        var roles: [String: Purchase] = [:]
        var (assumedReplies, assumedExecutions): (Double?, Double?) = (0, 0)
        for (index, node) in plan.nodes.enumerated() {
            let purchases = self.purchases(at: index, beyond[index])
            for (role, purchase) in purchases { roles[role] = (roles[role] ?? Purchase()) + purchase }
            let own = tally.stages[index].uses
            assumedReplies = sum(assumedReplies, beyond[index].about(own.replies.assumed))
            assumedExecutions = sum(assumedExecutions, beyond[index].about(own.executions.assumed))
            stages.append(
                Forecast.Stage(
                    name: node.name,
                    verb: node.verb.rawValue,
                    plugin: node.manifest.name,
                    work: work(at: index, beyond[index], purchases)
                )
            )
        }
        return Forecast(
            stages: stages,
            roles: roles.sorted { $0.key < $1.key }.map { name, purchase in
                Forecast.Role(
                    name: name,
                    boughtReplies: purchase.expected,
                    tokens: purchase.tokens.flatMap(whole),
                    cost: purchase.forecast
                )
            },
            total: total(of: stages.map(\.work), assumedReplies, assumedExecutions),
            spent: spent,
            spentPerRole: spentPerRole,
            isUnfinished: isUnfinished,
            isOpenEnded: isOpenEnded
        )
    }

    // MARK: - Flow

    /// Follows what leaves units that lack something.
    private func flow() -> [Beyond] {
        var beyond: [Beyond] = []
        for (index, node) in plan.nodes.enumerated() {
            var arriving: Double? = 0
            var most = 0
            for edge in node.inputs {
                arriving = sum(arriving, leaving(edge, beyond[edge.node]))
                let open = tally.stages[edge.node].lacking[.certain] + beyond[edge.node].most
                most = saturated(most, open, times: plan.nodes[edge.node].worstCaseDrafts)
            }
            if let some = arriving, some > 0 { arriving = taken(by: index).map { some * $0 } }
            // Perhaps all rows there are will be read.
            if isOpenEnded { most = max(most, plan.mostItems(at: node) ?? .max) }
            beyond.append(
                Beyond(
                    units: arriving.map { $0 * Double(node.attempts) },
                    most: saturated(tally.stages[index].unsettled, most, times: node.attempts),
                    share: share(at: node, beyond)
                )
            )
        }
        return beyond
    }

    /// About how many items leave a stage by an edge beyond those of the rehearsal.
    private func leaving(_ edge: PlanEdge, _ beyond: Beyond) -> Double? {
        let node = plan.nodes[edge.node]
        let unforeseen = beyond.about(tally.stages[edge.node].unforeseen)
        let rate = passages(along: edge).map { $0.passed / $0.units }
        switch node.verb {
        case .read, .pair, .write: return 0
        case .generate: return product(sum(unforeseen, beyond.units), rate)
        // What lacks a verdict was taken to pass unless it had failed before, and is in the rehearsal.
        case .verify where edge.outcome == .passed || edge.outcome == .all:
            return product(beyond.units, rate)
        case .verify: return product(sum(unforeseen, beyond.units), rate)
        case .filter, .select: return product(beyond.units, rate)
        }
    }

    /// How many items left a stage by an edge, of how many units, by the stage's history.
    private func passages(along edge: PlanEdge) -> (passed: Double, units: Double)? {
        guard let history = histories[edge.node] else { return nil }
        let states: [ItemState]
        switch edge.outcome {
        case .passed where plan.nodes[edge.node].verb == .generate || plan.nodes[edge.node].kind.isSource:
            return (Double(history.drafts), Double(history.units))
        case .passed: states = [.passed, .kept]
        case .fail: states = [.fail]
        case .unsure: states = [.unsure]
        case .dropped: states = [.dropped]
        case .all: states = ItemState.allCases
        }
        return (Double(states.reduce(0) { $0 + (history.states[$1] ?? 0) }), Double(history.units))
    }

    /// Which part of what its inputs pass on a stage takes: a `when:` leaves some.
    private func taken(by index: Int) -> Double? {
        guard plan.nodes[index].condition != nil else { return 1 }
        let offered = plan.nodes[index].inputs.map { passages(along: $0)?.passed }
        guard let history = histories[index], let all = offered.reduce(0, sum), all > 0 else { return nil }
        return min(1, Double(history.inputs) / all)
    }

    /// Which part of what verifiers above were taken to pass they will pass.
    private func share(at node: PlanNode, _ beyond: [Beyond]) -> Double? {
        guard !node.inputs.isEmpty else { return 1 }
        let shares = node.inputs.map { edge in
            let isOpen = plan.nodes[edge.node].verb == .verify && tally.stages[edge.node].unforeseen.sum > 0
            guard isOpen, edge.outcome == .passed else { return beyond[edge.node].share }
            return product(beyond[edge.node].share, passages(along: edge).map { $0.passed / $0.units })
        }
        guard shares.allSatisfy({ $0 != nil }) else { return nil }
        return shares.compactMap(\.self).max()
    }

    // MARK: - Target

    /// Whether it depends on what is not known how far the sources are read.
    var isOpenEnded: Bool {
        guard let target = plan.target?.node else { return false }
        return plan.nodes[target].ancestors.contains { tally.stages[$0].lacking.sum > 0 }
    }

    /// How many of something a stage is expected to take for what the target still lacks, by what it took for each of the
    /// target's samples so far; nothing without a target, nil where there is too little history.
    func forTarget(at index: Int, _ count: (StageHistory) -> Int) -> Double? {
        guard isOpenEnded, let target = plan.target else { return 0 }
        let missing = target.accepted - tally.stages[target.node].kept
        guard missing > 0 else { return 0 }
        guard let chosen = histories[target.node]?.states[.kept], chosen > 0 else { return nil }
        return histories[index].map { Double(missing) * Double(count($0)) / Double(chosen) }
    }

    // MARK: - Work

    private func work(at index: Int, _ beyond: Beyond, _ purchases: [String: Purchase]) -> Forecast.Work {
        let stage = tally.stages[index]
        let purchase = purchases.values.reduce(Purchase(), +)
        // What is asked for beyond what the rehearsal saw may be on the ledger or not.
        let open = openReplies(at: index, beyond)
        let runs = openExecutions(at: index, beyond)
        let toRun = stage.executionsToRun
        return Forecast.Work(
            units: Forecast.Units(
                reused: beyond.expected(stage.reused),
                redone: beyond.expected(stage.redone),
                new: Expected(
                    least: stage.new[.certain],
                    about: larger(
                        sum(beyond.about(stage.new), beyond.units),
                        forTarget(at: index, \.units)
                    ),
                    most: saturated(stage.new[.certain], beyond.most, times: 1)
                )
            ),
            reusedReplies: beyond.expected(stage.uses.replies, and: open),
            boughtReplies: Expected(
                least: purchase.least,
                about: purchase.about,
                most: open.map { saturated(purchase.least, $0, times: 1) }
            ),
            reusedExecutions: beyond.expected(stage.uses.executions, and: runs.most),
            newExecutions: Expected(
                least: toRun[.certain],
                about: sum(beyond.about(toRun), runs.about),
                most: sum(toRun[.certain], runs.most)
            ),
            tokens: purchase.tokens.flatMap(whole),
            cost: purchase.forecast
        )
    }

    /// How many replies may be asked for at most beyond those that certain units are known to use or lack; nil where
    /// nobody can tell.
    private func openReplies(at index: Int, _ beyond: Beyond) -> Int? {
        let stage = tally.stages[index]
        guard stage.lacking.sum > 0 || beyond.most > 0 else { return 0 }
        return worstCalls(of: plan.nodes[index]).map { worst in
            let further = stage.lacking[.certain] * worst - stage.knownReplies[.certain]
            return saturated(max(0, further), beyond.most, times: worst)
        }
    }

    /// The same of executions, of which plug-ins do not say how many a unit takes.
    private func openExecutions(at index: Int, _ beyond: Beyond) -> (about: Double?, most: Int?) {
        let stage = tally.stages[index]
        guard plan.nodes[index].manifest.needs.contains(.sandbox),
            stage.lacking.sum > 0 || beyond.most > 0
        else { return (0, 0) }
        let each = histories[index].map { Double($0.executions) / Double($0.units) }
        let known = beyond.about(stage.executionsToRun)
        let rest = sum(forTarget(at: index, \.executions), known.map { -$0 })
        return (larger(further(beyond, each, stage.lacking, stage.known.executions), rest), nil)
    }

    /// About how much units use beyond what is known of them: those that lack something, and those that nobody saw.
    func further(
        _ beyond: Beyond,
        _ each: Double?,
        _ lacking: RehearsalTally.Counts,
        _ known: RehearsalTally.Counts
    ) -> Double? {
        let rest = beyond.about(lacking).flatMap { units in
            beyond.about(known).flatMap { known in
                units == 0 ? 0 : each.map { max(0, units * $0 - known) }
            }
        }
        return sum(rest, product(beyond.units, each))
    }

    private func total(
        of works: [Forecast.Work],
        _ assumedReplies: Double?,
        _ assumedExecutions: Double?
    ) -> Forecast.Work {
        func all(_ part: (Forecast.Work) -> Expected) -> Expected { works.map(part).reduce(Expected(0), +) }
        // Used by several stages each is counted once, but for what is merely possible.
        func uses(
            _ counts: RehearsalTally.Counts,
            _ assumed: Double?,
            _ part: (Forecast.Work) -> Expected,
            _ own: (RehearsalTally.Uses) -> RehearsalTally.Counts
        ) -> Expected {
            let open = zip(works, tally.stages).map { work, stage in
                part(work).most.map { $0 - own(stage.uses).sum }
            }
            return Expected(
                least: counts[.certain],
                about: assumed.map { Double(counts[.certain] + counts[.likely]) + $0 },
                most: open.reduce(counts.sum, sum)
            )
        }
        return Forecast.Work(
            units: Forecast.Units(
                reused: all(\.units.reused),
                redone: all(\.units.redone),
                new: all(\.units.new)
            ),
            reusedReplies: uses(tally.uses.replies, assumedReplies, \.reusedReplies, \.replies),
            boughtReplies: all(\.boughtReplies),
            reusedExecutions: uses(
                tally.uses.executions,
                assumedExecutions,
                \.reusedExecutions,
                \.executions
            ),
            newExecutions: all(\.newExecutions),
            tokens: works.map(\.tokens).reduce(0, sum),
            cost: Forecast.Cost(
                about: works.map(\.cost.about).reduce(0, sum),
                most: works.map(\.cost.most).reduce(0, sum)
            )
        )
    }
}

extension Forecaster.Beyond {
    /// What is known of some counts, and how many more there may be.
    fileprivate func expected(_ counts: RehearsalTally.Counts, and more: Int? = 0) -> Expected {
        Expected(
            least: counts[.certain],
            about: about(counts),
            most: more.map { saturated(counts.sum, $0, times: 1) }
        )
    }
}

extension RehearsalTally.Counts {
    /// Those alone that were assumed.
    fileprivate var assumed: RehearsalTally.Counts {
        var counts = RehearsalTally.Counts()
        counts[.assumed] = self[.assumed]
        return counts
    }
}

extension Forecaster.Purchase {
    var expected: Expected { Expected(least: least, about: about, most: most) }
    var forecast: Forecast.Cost { Forecast.Cost(about: cost.flatMap(whole), most: mostCost) }
}

extension Expected {
    fileprivate static func + (left: Expected, right: Expected) -> Expected {
        Expected(
            least: left.least + right.least,
            about: sum(left.about, right.about).map(Double.init),
            most: sum(left.most, right.most)
        )
    }
}

// MARK: - Arithmetic in which what is not known stays unknown

func sum<Number: Numeric>(_ left: Number?, _ right: Number?) -> Number? {
    left.flatMap { left in right.map { left + $0 } }
}

func larger(_ left: Double?, _ right: Double?) -> Double? {
    left.flatMap { left in right.map { max(left, $0) } }
}

/// Nothing times whatever is nothing.
func product(_ left: Double?, _ right: Double?) -> Double? {
    if left == 0 || right == 0 { return 0 }
    return left.flatMap { left in right.map { left * $0 } }
}

func whole(_ value: Double) -> Int? { Int(exactly: value.rounded(.up)) }

/// A sum that stays at the largest number there is.
func saturated(_ start: Int, _ count: Int, times factor: Int) -> Int {
    let (product, isTooMuch) = count.multipliedReportingOverflow(by: factor)
    guard !isTooMuch else { return .max }
    let (sum, overflows) = start.addingReportingOverflow(product)
    return overflows ? .max : sum
}
