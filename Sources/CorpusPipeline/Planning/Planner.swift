package import CorpusConfig
package import CorpusDiagnostics
package import CorpusKit

/// Holds a recipe against the plug-ins and draws its graph; reports every fault, calls nothing.
package struct Planner {
    let recipe: Recipe
    let registry: PluginRegistry
    let finder: any ResourceFinder
    /// Says what a bundled model is called in requests, or why there is none of that name.
    let localModels: @Sendable (String) -> LocalModelLookup
    /// The isolation below which no program may run, and no verdict of an earlier pass be believed.
    let isolation: String
    var faults: [Diagnostic] = []
    var sources: [String: String] = [:]
    var nodes: [PlanNode] = []
    var indices: [String: Int] = [:]
    var models: [String: PlannedModel] = [:]
    /// Once its stage is planned.
    var target: PlannedTarget?
    /// Fields that everything leaving a node has; nil when unknown.
    var fields: [Set<String>?] = []
    /// Where the items leaving a node were written.
    var origins: [Set<Int>] = []
    /// For each node, the output such as `tested.fail` through which it gets what did not pass a check, or nil.
    var unproven: [String?] = []
    /// For each node, the generator of tasks whose drafts leave it without an answer, or nil.
    var unanswered: [String?] = []

    /// What is known of a bundled model's name.
    package enum LocalModelLookup: Sendable, Hashable {
        /// Its identity in requests, and what its makers ask of whoever trains on its output.
        case known(identity: String, outputTerms: String)
        /// The names that exist.
        case unknown([String])
    }

    /// Makes the plan of a recipe.
    ///
    /// - Parameters:
    ///   - reading: The recipe, as far as it could be read; the rest is looked at even when it has faults.
    ///   - registry: The plug-ins.
    ///   - finder: Finds the files that the recipe and the plug-ins name.
    ///   - localModels: Knows the bundled models.
    ///   - allowsNoSandbox: Whether a person has asked to run programs without isolation.
    /// - Returns: The plan.
    /// - Throws: ``DiagnosticReport`` with every fault found.
    package static func plan(
        _ reading: RecipeReading,
        registry: PluginRegistry,
        finder: any ResourceFinder,
        localModels: @escaping @Sendable (String) -> LocalModelLookup,
        allowsNoSandbox: Bool = false
    ) throws(DiagnosticReport) -> Plan {
        guard let recipe = reading.recipe else {
            throw DiagnosticReport(reading.faults, sources: [reading.file: reading.text])
        }
        var planner = Planner(
            recipe: recipe,
            registry: registry,
            finder: finder,
            localModels: localModels,
            isolation: allowsNoSandbox ? "none" : recipe.sandbox.minimum
        )
        planner.faults = reading.faults
        planner.sources[recipe.file] = recipe.text
        let plan = planner.run()
        guard let plan, planner.faults.allSatisfy({ $0.severity == .warning }) else {
            throw DiagnosticReport(planner.faults, sources: planner.sources)
        }
        return plan
    }

    private init(
        recipe: Recipe,
        registry: PluginRegistry,
        finder: any ResourceFinder,
        localModels: @escaping @Sendable (String) -> LocalModelLookup,
        isolation: String
    ) {
        self.recipe = recipe
        self.registry = registry
        self.finder = finder
        self.localModels = localModels
        self.isolation = isolation
    }

    private mutating func run() -> Plan? {
        planModels()
        for source in recipe.sources {
            inspect(source.name, in: "sources", source.plugin) { $0.plan(source) }
        }
        let counted = targetStage()
        for stage in orderedStages() {
            inspect(stage.name, in: "stages", stage.plugin) { $0.plan(stage) }
            if stage.name == counted { planTarget(at: stage.name) }
        }
        for export in recipe.exports {
            inspect(export.name, in: "exports", export.plugin) { $0.plan(export) }
        }
        checkBudget()
        checkPrices()
        // A stage that could not be planned reads nothing: that would only repeat the fault.
        if faults.isEmpty { checkReaders() }
        let gaps = recipe.gaps
        if recipe.exports.isEmpty, !gaps.sections.contains("exports"), gaps.entries["exports"] == nil {
            fault(
                "missing-field",
                "the recipe has no export",
                at: place(of: "exports"),
                hint: "add one: `exports: { sft: { write: sft-messages, from: STAGE } }`"
            )
        }
        guard faults.allSatisfy({ $0.severity == .warning }) else { return nil }
        return Plan(recipe: recipe, nodes: nodes, models: models, target: target, estimate: estimate())
    }

    /// Plans an entry of the recipe.
    ///
    /// Of one that could not be read whole, only what is written there counts, and not what it seems to lack.
    private mutating func inspect(
        _ name: String,
        in section: String,
        _ plugin: Recipe.Located<String>,
        _ plan: (inout Planner) -> Void
    ) {
        let before = faults.count
        plan(&self)
        guard recipe.gaps.contains(name, in: section) else { return }
        let found = faults[before...].filter {
            $0.location != plugin.location || $0.code == "unknown-plugin"
        }
        faults.replaceSubrange(before..., with: found)
    }

    /// Where a key at the top stands, or the beginning of the file.
    func place(of section: String) -> Diagnostic.Location {
        recipe.places[section] ?? Diagnostic.Location(file: recipe.file, line: 1, column: 1)
    }

    mutating func fault(
        _ code: String,
        _ message: String,
        at location: Diagnostic.Location?,
        hint: String? = nil
    ) {
        faults.append(Diagnostic(code, message, at: location, hint: hint))
    }

    // MARK: - Models

    private mutating func planModels() {
        for given in recipe.models {
            var spec = given
            var identity = spec.identity ?? spec.model
            var concurrency =
                (spec.concurrency ?? PlannedModel.autoConcurrency) * spec.place.value.endpoints.count
            if case .local(let name) = spec.place.value {
                concurrency = spec.concurrency ?? PlannedModel.localConcurrency
                switch localModels(name) {
                case .known(let name, let terms):
                    identity = name
                    spec.outputTerms = spec.outputTerms ?? terms
                case .unknown(let names):
                    fault(
                        "unknown-model",
                        "there is no bundled model `\(name)`",
                        at: spec.place.location,
                        hint: nameHint(for: name, among: names, "bundled models")
                    )
                }
            }
            // A batch is filled by those who wait for it.
            if let batch = spec.batch { concurrency = batch.rows }
            let planned = PlannedModel(spec: spec, identity: identity, concurrency: concurrency)
            checkSharing(planned)
            models[spec.name] = planned
        }
        checkFallbacks()
    }

    private mutating func checkFallbacks() {
        for spec in recipe.models {
            guard let fallback = spec.fallback else { continue }
            if fallback.value == spec.name {
                fault("bad-value", "`\(spec.name)` cannot be its own fallback", at: fallback.location)
            } else if models[fallback.value] == nil {
                guard !recipe.gaps.mayHold(fallback.value, in: "models") else { continue }
                fault(
                    "unknown-model",
                    "there is no model `\(fallback.value)` under `models:`",
                    at: fallback.location,
                    hint: modelHint(for: fallback.value)
                )
            } else if models[fallback.value]?.identity == models[spec.name]?.identity {
                fault(
                    "bad-value",
                    "`\(spec.name)` and its fallback `\(fallback.value)` are one model",
                    at: fallback.location
                )
            } else if spec.api.use == .embeddings {
                fault(
                    "bad-value",
                    "nothing can stand in for `\(spec.name)`: vectors of two models cannot be compared",
                    at: fallback.location,
                    hint: "leave `fallback:` out"
                )
            } else if let other = models[fallback.value]?.spec, other.api.use != spec.api.use {
                fault(
                    "bad-value",
                    "`\(other.name)` cannot stand in for `\(spec.name)`: "
                        + "`\(other.api.rawValue)` and `\(spec.api.rawValue)` are asked different things",
                    at: fallback.location
                )
            }
        }
    }

    /// Two models of one identity share replies and connections, so that they must be one model.
    private mutating func checkSharing(_ model: PlannedModel) {
        let gaps = recipe.gaps
        let twins = models.values.filter {
            $0.identity == model.identity && !gaps.contains($0.spec.name, in: "models")
        }
        guard !gaps.contains(model.spec.name, in: "models"),
            let twin = twins.min(by: { $0.spec.name < $1.spec.name })
        else { return }
        guard
            twin.spec.api == model.spec.api, twin.spec.place.value.address == model.spec.place.value.address
        else {
            let (own, other) = (model.spec.name, twin.spec.name)
            fault(
                "ambiguous-model",
                "`\(own)` and `\(other)` are asked in different places or words under one name, `\(model.identity)`, "
                    + "so that nothing tells their replies apart",
                at: model.spec.location,
                hint:
                    "give the one that is new a name of its own on the ledger: `identity: \(model.identity)@\(own)` if it is "
                    + "`\(own)`, `identity: \(model.identity)@\(other)` if it is `\(other)`; replies paid for stay with the other"
            )
            return
        }
        let differs: String? =
            if twin.spec.batch != model.spec.batch {
                "batch"
            } else if twin.concurrency != model.concurrency {
                "limits.concurrency"
            } else if twin.rates != model.rates
                || twin.spec.replyMegabytes != model.spec.replyMegabytes
            {
                "limits"
            } else if twin.spec.timeouts != model.spec.timeouts {
                "timeouts"
            } else if twin.spec.streaming != model.spec.streaming {
                "stream"
            } else if twin.spec.schemaField != model.spec.schemaField {
                "schema"
            } else if twin.spec.tokenLimitField != model.spec.tokenLimitField {
                "token_limit"
            } else if twin.spec.place.value != model.spec.place.value {
                "key` or `price"
            } else { nil }
        guard let differs else { return }
        fault(
            "conflicting-models",
            "`\(model.spec.name)` and `\(twin.spec.name)` are one model at one address and differ in `\(differs)`",
            at: model.spec.place.location,
            hint: "give both the same `\(differs)`"
        )
    }

    // MARK: - Order

    /// The stages with each after its inputs, otherwise in the recipe's order; faults for cycles and unknown names.
    private mutating func orderedStages() -> [Recipe.Stage] {
        let sourceNames = Set(recipe.sources.map(\.name))
        let stageNames = Set(recipe.stages.map(\.name))
        for (inputs, _) in recipe.stages.map({ ($0.inputs + $0.others, $0.name) })
            + recipe.exports.map({ ($0.inputs, $0.name) })
        {
            for input in inputs
            where !sourceNames.contains(input.stage) && !stageNames.contains(input.stage)
                && !recipe.gaps.mayHold(input.stage, in: "sources")
                && !recipe.gaps.mayHold(input.stage, in: "stages")
            {
                fault(
                    "unknown-stage",
                    "there is no source or stage `\(input.stage)`",
                    at: input.location,
                    hint: nameHint(
                        for: input.stage,
                        among: sourceNames.union(stageNames).sorted(),
                        "its sources and stages"
                    )
                )
            }
        }
        var done = sourceNames
        var rest = recipe.stages
        var ordered: [Recipe.Stage] = []
        while let index = rest.firstIndex(where: { stage in
            (stage.inputs + stage.others).allSatisfy {
                done.contains($0.stage) || !stageNames.contains($0.stage)
            }
        }) {
            let stage = rest.remove(at: index)
            done.insert(stage.name)
            ordered.append(stage)
        }
        if let first = rest.first {
            let ring = cycle(from: first, among: rest)
            fault(
                "cycle",
                "stages feed each other in a circle: \(ring.map { "`\($0)`" }.joined(separator: " → "))",
                at: first.location,
                hint: "let one of them take its input from an earlier stage"
            )
        }
        return ordered
    }

    private func cycle(from start: Recipe.Stage, among rest: [Recipe.Stage]) -> [String] {
        let byName = Dictionary(rest.map { ($0.name, $0) }) { first, _ in first }
        var path: [String] = []
        var current = start
        while !path.contains(current.name) {
            path.append(current.name)
            guard let next = (current.inputs + current.others).compactMap({ byName[$0.stage] }).first else {
                break
            }
            current = next
        }
        let ring = path.drop { $0 != current.name }
        return (ring + [current.name]).reversed()
    }

    // MARK: - Readers

    private mutating func checkReaders() {
        let read = Set(nodes.flatMap { ($0.inputs + $0.others).map(\.node) })
        for (index, node) in nodes.enumerated() where !read.contains(index) {
            if case .write = node.kind { continue }
            let location =
                recipe.stages.first { $0.name == node.name }?.location
                ?? recipe.sources.first { $0.name == node.name }?.location
            fault(
                "unread-stage",
                "nothing reads what `\(node.name)` passes on",
                at: location,
                hint: "name it in the `from:` of a stage or export, or remove it"
            )
        }
    }
}

extension PlannedModel {
    fileprivate var rates: [Int?] {
        [spec.requestsPerMinute, spec.inputTokensPerMinute, spec.outputTokensPerMinute]
    }
}

extension Recipe.Model.Place {
    /// Where requests go; empty for a bundled model.
    fileprivate var address: String { endpoints.map(\.url).sorted().joined(separator: " ") }
}
