import CorpusConfig
import CorpusEndpoint
import CorpusKit
import CorpusLedger
import CorpusPipeline

/// How a run stands: what `ctl status` shows, whether a process works on it or not.
struct RunStatus: Sendable, Hashable {
    struct Stage: Sendable, Hashable {
        var name: String
        var verb: String
        var plugin: String
        var width: Int
        /// Nil when no process knows.
        var waiting: Int?
        var inWork = 0
        var done = 0
        var dropped = 0
        var failed = 0
        var isSkipped = false
    }

    /// What is spent of a cap; nil where that is not known, or where there is no cap.
    struct Account: Sendable, Hashable {
        var spent: Int?
        var cap: Int?
    }

    var run: String
    var process: Int32?
    var pass: Int
    var state: String
    /// Since when, in seconds since 1970.
    var since: Double
    /// Why it ends, once it does.
    var reason: String?
    var stages: [Stage]
    /// Calls that are sent or about to be, and those that wait.
    var callsInFlight = 0
    var callsWaiting = 0
    var calls: Account
    var tokens: Account
    var nanoDollars: Account
    /// Seconds of this pass.
    var wall: Account
    var seeds = 0
    var exported = 0
}

extension RunStatus {
    /// A pass that a process works on.
    init(
        of plan: Plan,
        pass: Int,
        process: Int32,
        _ standing: PassStanding,
        _ budget: Budget,
        _ calls: EndpointCounts
    ) {
        let (spent, caps) = (budget.spent, budget.caps)
        self.init(
            run: plan.recipe.name,
            process: process,
            pass: pass,
            state: standing.phase.word,
            since: standing.since,
            reason: standing.phase.reason,
            stages: zip(plan.nodes, standing.stages).map { node, stage in
                Stage(
                    name: node.name,
                    verb: node.verb.rawValue,
                    plugin: node.manifest.name,
                    width: stage.width,
                    waiting: stage.waiting,
                    inWork: stage.inWork,
                    done: stage.done,
                    dropped: stage.dropped,
                    failed: stage.failed,
                    isSkipped: stage.isSkipped
                )
            },
            callsInFlight: calls.leased,
            callsWaiting: calls.waiting + standing.heldCalls,
            calls: Account(spent: spent.calls, cap: caps.calls),
            tokens: Account(spent: spent.tokens, cap: caps.tokens),
            nanoDollars: Account(spent: spent.nanoDollars, cap: caps.nanoDollars),
            wall: Account(spent: Int(standing.elapsed), cap: standing.wall),
            seeds: standing.seeds,
            exported: standing.exported
        )
    }

    /// The latest pass of a run as its ledger knows it.
    ///
    /// - Parameters:
    ///   - ledger: The ledger.
    ///   - process: The process that works in the run's folder; nil when none does.
    /// - Throws: ``LedgerProblem``.
    init(of ledger: Ledger, process: Int32?) throws {
        let standing = try ledger.standing()
        let spent = try ledger.spent().total
        let document = try? ConfigDocument(file: "recipe", text: standing.recipe)
        let whole = document.flatMap { RecipeReading($0).recipe?.budget }
        let budget = Shard(plan: standing.plan).map { shard in whole?.part(of: shard) } ?? whole
        let isKilled = standing.state == "running" && process == nil
        self.init(
            run: standing.name,
            process: process,
            pass: standing.pass,
            state: isKilled ? "killed" : standing.state,
            since: standing.ended ?? standing.started,
            reason: nil,
            stages: standing.stages.map { stage in
                Stage(
                    name: stage.name,
                    verb: stage.verb,
                    plugin: stage.plugin,
                    width: stage.width,
                    waiting: nil,
                    done: stage.units.values.reduce(0, +),
                    dropped: stage.units.filter { $0.key.isDrop }.values.reduce(0, +),
                    failed: stage.units[.failed] ?? 0
                )
            },
            calls: Account(spent: spent.calls, cap: budget?.calls),
            tokens: Account(spent: spent.tokens, cap: budget?.tokens),
            nanoDollars: Account(spent: spent.nanoDollars, cap: budget?.nanoDollars),
            wall: Account(
                spent: standing.ended.map { max(0, Int($0 - standing.started)) },
                cap: budget?.wallSeconds
            ),
            seeds: standing.stages.filter { $0.verb == "read" }.reduce(0) { $0 + ($1.units[.expanded] ?? 0) },
            exported: standing.stages.reduce(0) { $0 + ($1.units[.exported] ?? 0) }
        )
    }
}

extension PassStanding.Phase {
    fileprivate var word: String {
        switch self {
        case .running: "running"
        case .paused: "paused"
        case .draining: "draining"
        case .over: "exporting"
        }
    }

    fileprivate var reason: String? {
        guard case .draining(let stop) = self else { return nil }
        return stop.sentence
    }
}

extension RunStop {
    /// Why a pass ends, in a few words.
    var sentence: String {
        switch self {
        case .budget(let sentence), .wall(let sentence), .skipped(let sentence): sentence
        case .failure(let failure): failure.description
        case .ledger(let problem): problem.description
        case .interrupted: "it was interrupted"
        case .drained: "`ctl drain` asked for it"
        }
    }
}

// MARK: - As JSON

extension RunStatus {
    /// `schema` rises when a field changes its meaning.
    var json: JSONValue {
        func number(_ value: Int?) -> JSONValue { value.map(JSONValue.int) ?? .null }
        func account(_ account: Account) -> JSONValue {
            ["spent": number(account.spent), "cap": number(account.cap)]
        }
        func dollars(_ nano: Int?) -> JSONValue { nano.map { .number(Double($0) / 1e9) } ?? .null }
        return [
            "schema": 1, "run": .string(run), "process": number(process.map(Int.init)), "pass": .int(pass),
            "state": .string(state), "since": .number(since), "reason": reason.map(JSONValue.string) ?? .null,
            "stages": .array(
                stages.map { stage in
                    [
                        "name": .string(stage.name), "verb": .string(stage.verb),
                        "plugin": .string(stage.plugin), "width": .int(stage.width),
                        "waiting": number(stage.waiting), "in_work": .int(stage.inWork),
                        "done": .int(stage.done), "dropped": .int(stage.dropped),
                        "failed": .int(stage.failed), "skipped": .bool(stage.isSkipped),
                    ]
                }
            ),
            "calls": ["in_flight": .int(callsInFlight), "waiting": .int(callsWaiting)],
            "budget": [
                "calls": account(calls), "tokens": account(tokens),
                "usd": ["spent": dollars(nanoDollars.spent), "cap": dollars(nanoDollars.cap)],
                "wall": account(wall),
            ],
            "seeds": .int(seeds), "exported": .int(exported),
        ]
    }

    /// Reads what ``json`` wrote; nil for anything else.
    init?(_ json: JSONValue) {
        guard let run = json["run"]?.text, let pass = json["pass"]?.whole, let state = json["state"]?.text,
            let since = json["since"]?.real, let stages = json["stages"]?.elements,
            let calls = json["calls"], let budget = json["budget"]
        else { return nil }
        func account(_ name: String) -> Account {
            Account(spent: budget[name]?["spent"]?.whole, cap: budget[name]?["cap"]?.whole)
        }
        func nano(_ name: String) -> Int? {
            budget["usd"]?[name]?.real.flatMap { Int(exactly: ($0 * 1e9).rounded()) }
        }
        self.init(
            run: run,
            process: json["process"]?.whole.flatMap(Int32.init(exactly:)),
            pass: pass,
            state: state,
            since: since,
            reason: json["reason"]?.text,
            stages: stages.compactMap(Stage.init),
            callsInFlight: calls["in_flight"]?.whole ?? 0,
            callsWaiting: calls["waiting"]?.whole ?? 0,
            calls: account("calls"),
            tokens: account("tokens"),
            nanoDollars: Account(spent: nano("spent"), cap: nano("cap")),
            wall: account("wall"),
            seeds: json["seeds"]?.whole ?? 0,
            exported: json["exported"]?.whole ?? 0
        )
    }
}

extension RunStatus.Stage {
    fileprivate init?(_ json: JSONValue) {
        guard let name = json["name"]?.text, let verb = json["verb"]?.text,
            let plugin = json["plugin"]?.text, let width = json["width"]?.whole
        else { return nil }
        self.init(
            name: name,
            verb: verb,
            plugin: plugin,
            width: width,
            waiting: json["waiting"]?.whole,
            inWork: json["in_work"]?.whole ?? 0,
            done: json["done"]?.whole ?? 0,
            dropped: json["dropped"]?.whole ?? 0,
            failed: json["failed"]?.whole ?? 0,
            isSkipped: json["skipped"]?.flag ?? false
        )
    }
}
