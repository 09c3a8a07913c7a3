import CorpusConfig
import CorpusDiagnostics
import CorpusKit
import Foundation

extension Planner {
    mutating func add(_ name: String, _ node: PlanNode) {
        indices[name] = nodes.count
        nodes.append(node)
    }

    /// Keeps the name of a faulty stage known, so that its readers are not called faulty as well.
    mutating func remember(_ name: String) { indices[name] = -1 }

    func edges(_ inputs: [Recipe.Input]) -> [PlanEdge] {
        inputs.compactMap { input in
            guard let index = indices[input.stage], index >= 0 else { return nil }
            // What the target's stage passed on is what was chosen of it.
            let node = input.outcome == .passed && index == target?.stage ? target?.node ?? index : index
            return PlanEdge(node: node, outcome: input.outcome)
        }
    }

    func ancestors(_ edges: [PlanEdge]) -> Set<Int> {
        edges.reduce(into: []) { $0.formUnion(nodes[$1.node].ancestors.union([$1.node])) }
    }

    /// The output through which the edges bring what did not pass a check, or nil.
    func unproven(_ edges: [PlanEdge]) -> String? {
        edges.lazy.compactMap { edge in
            edge.outcome == .passed || ![.verify, .filter, .select].contains(nodes[edge.node].verb)
                ? unproven[edge.node] : "\(nodes[edge.node].name).\(edge.outcome.rawValue)"
        }.first
    }

    /// The generator of tasks that the edges bring something unanswered from, or nil.
    func unanswered(_ edges: [PlanEdge]) -> String? { edges.lazy.compactMap { unanswered[$0.node] }.first }

    func mayRepeat(_ edges: [PlanEdge]) -> Bool {
        var seen: Set<Int> = []
        for edge in edges {
            guard seen.isDisjoint(with: origins[edge.node]) else { return true }
            seen.formUnion(origins[edge.node])
        }
        return false
    }

    func known(_ edges: [PlanEdge]) -> Set<String>? {
        var result: Set<String>?
        for edge in edges {
            guard let names = fields[edge.node] else { return nil }
            result = result?.intersection(names) ?? names
        }
        return result
    }

    func width(_ manifest: Manifest, _ roles: [String: PlannedModel]) -> Int {
        // A call that waits for another try keeps no place: others must be there to take it, though not thousands.
        if !roles.isEmpty {
            return roles.values.reduce(0) { sum, model in
                sum + model.concurrency + (model.isLocal ? 0 : min(model.concurrency, 512))
            }
        }
        if manifest.needs.contains(.sandbox) {
            return max(2, ProcessInfo.processInfo.activeProcessorCount * 2)
        }
        return 64
    }

    mutating func kind(of stage: Recipe.Stage) -> (Manifest, PlanNode.Kind, PluginSetup)? {
        let roles = Set(stage.roles.keys)
        func setup(_ manifest: Manifest) -> PluginSetup {
            PluginSetup(plugin: manifest.name, stage: stage.name, finder: finder)
        }
        let at = stage.plugin.location
        switch stage.verb.value {
        case .generate:
            guard let entry = entry(registry.generators, .generate, stage.plugin),
                case let setup = setup(entry.manifest),
                let made = make(entry, stage.options, roles: roles, setup, at: at)
            else { return nil }
            return (entry.manifest, .generate(made), setup)
        case .verify:
            guard let entry = entry(registry.verifiers, .verify, stage.plugin),
                case let setup = setup(entry.manifest),
                let made = make(entry, stage.options, roles: roles, setup, at: at)
            else { return nil }
            switch made {
            case .single(let verifier): return (entry.manifest, .verify(verifier), setup)
            case .group(let verifier): return (entry.manifest, .groupVerify(verifier), setup)
            }
        case .filter:
            guard let entry = entry(registry.filters, .filter, stage.plugin),
                case let setup = setup(entry.manifest),
                let made = make(entry, stage.options, roles: roles, setup, at: at)
            else { return nil }
            return (entry.manifest, .filter(made), setup)
        case .select:
            guard let entry = entry(registry.selectors, .select, stage.plugin),
                case let setup = setup(entry.manifest),
                let made = make(entry, stage.options, roles: roles, setup, at: at)
            else { return nil }
            return (entry.manifest, .select(made), setup)
        case .pair:
            guard let entry = entry(registry.pairers, .pair, stage.plugin),
                case let setup = setup(entry.manifest),
                let made = make(entry, stage.options, roles: roles, setup, at: at)
            else { return nil }
            return (entry.manifest, .pair(made), setup)
        }
    }

    mutating func entry<Product>(
        _ table: PluginTable<Product>,
        _ verb: Manifest.Verb,
        _ plugin: Recipe.Located<String>
    ) -> PluginEntry<Product>? {
        if let entry = table[plugin.value] { return entry }
        let elsewhere = registry.all.first { $0.manifest.name == plugin.value }
        let near = nearestName(to: plugin.value, among: table.names)
        let hint =
            elsewhere.map { "`\(plugin.value)` is there for the verb `\($0.verb.rawValue):`" }
            ?? near.map { "did you mean `\($0)`?" }
            ?? "`corpusmith plugins list` shows what there is"
        fault(
            "unknown-plugin",
            "unknown plug-in `\(plugin.value)` for `\(verb.rawValue):`",
            at: plugin.location,
            hint: hint
        )
        return nil
    }

    mutating func make<Product>(
        _ entry: PluginEntry<Product>,
        _ options: ConfigNode,
        roles: Set<String>,
        _ setup: PluginSetup,
        at location: Diagnostic.Location
    ) -> Product? {
        do {
            return try entry.make(options.json, roles, setup)
        } catch let error as UnknownOption {
            let names = entry.defaults.members?.keys.sorted() ?? []
            fault(
                "unknown-option",
                "`\(error.plugin)` has no option `\(error.name)`",
                at: options[error.name]?.keyLocation ?? location,
                hint: names.isEmpty
                    ? "it has no options" : nameHint(for: error.name, among: names, "its options")
            )
        } catch {
            report(error, options: options, at: location)
        }
        return nil
    }

    mutating func report(_ error: any Error, options: ConfigNode, at location: Diagnostic.Location) {
        switch error {
        case let error as BadOption:
            let place = error.option.isEmpty ? location : options.location(of: error.option)
            fault("bad-option", error.description, at: place)
        case let error as ResourceProblem:
            let place = options.place(ofText: error.name) ?? location
            fault("missing-file", error.description, at: place)
        case let error as PromptProblem:
            if let bytes = try? finder.bytes(at: error.path) {
                sources[error.path] = String(decoding: bytes, as: UTF8.self)
            }
            let place = Diagnostic.Location(
                file: error.path,
                line: error.line,
                column: error.column,
                length: error.length
            )
            fault(error.code, error.message, at: place, hint: error.hint)
        case let report as DiagnosticReport:
            faults += report.diagnostics
            sources.merge(report.sources) { first, _ in first }
        default: fault("plugin-error", "\(error)", at: location)
        }
    }

    mutating func roles(of stage: Recipe.Stage, _ manifest: Manifest) -> [String: PlannedModel] {
        var result: [String: PlannedModel] = [:]
        for (role, model) in stage.roles.sorted(by: { $0.key < $1.key }) {
            let name = role.isEmpty ? manifest.roles.first : role
            guard let name, manifest.roles.contains(name) else {
                fault(
                    "unknown-role",
                    role.isEmpty
                        ? "`\(manifest.name)` uses no model" : "`\(manifest.name)` has no role `\(role)`",
                    at: model.location,
                    hint: manifest.roles.isEmpty
                        ? nil : "its roles: \(manifest.roles.map { "`\($0)`" }.joined(separator: ", "))"
                )
                continue
            }
            if role.isEmpty, manifest.roles.count > 1 {
                fault(
                    "ambiguous-role",
                    "`\(manifest.name)` has several roles; `model:` fills an only one",
                    at: model.location,
                    hint:
                        "write `roles: { \(manifest.roles.map { "\($0): \(model.value)" }.joined(separator: ", ")) }`"
                )
            }
            guard let planned = models[model.value] else {
                guard !recipe.gaps.mayHold(model.value, in: "models") else { continue }
                fault(
                    "unknown-model",
                    "there is no model `\(model.value)` under `models:`",
                    at: model.location,
                    hint: modelHint(for: model.value)
                )
                continue
            }
            check(planned, serves: name, of: manifest, at: model.location)
            result[name] = planned
        }
        if manifest.needs.contains(.model), stage.roles.isEmpty, let role = manifest.roles.first {
            let given = recipe.models.first?.name ?? "NAME"
            let hint =
                manifest.roles.count == 1
                ? "add `model: \(given)`"
                : "add `roles: { \(manifest.roles.map { "\($0): \(given)" }.joined(separator: ", ")) }`"
            fault(
                "missing-field",
                "`\(manifest.name)` needs a model for its role `\(role)`",
                at: stage.plugin.location,
                hint: hint
            )
        }
        return result
    }

    /// The model that a name which the recipe does not have probably means, else all that it has.
    func modelHint(for name: String) -> String? {
        let names = recipe.models.map(\.name)
        return names.isEmpty
            ? "name one under `models:` first" : nameHint(for: name, among: names, "its models")
    }

    mutating func check(
        _ manifest: Manifest,
        has inputs: [PlanEdge],
        at location: Diagnostic.Location,
        stage: String,
        _ setup: PluginSetup
    ) {
        for edge in inputs {
            let node = nodes[edge.node]
            if node.verb == .pair {
                fault("wrong-input", "stage `\(stage)` cannot take pairs; only exports do", at: location)
            }
            guard let names = fields[edge.node] else { continue }
            let hint =
                names.isEmpty
                ? nil : "its fields are \(names.sorted().map { "`\($0)`" }.joined(separator: ", "))"
            for field in manifest.requires where !names.contains(field) {
                let hole = setup.promptsFilledFromSeeds.lazy.compactMap { prompt in
                    let file = prompt.path.split(separator: "/").last ?? ""
                    return prompt.problem(
                        lacking: field,
                        "missing-field",
                        "the prompt `\(file)` needs `{{ \(field) }}`, which `\(node.name)` does not have",
                        hint: hint
                    )
                }.first
                if let hole {
                    report(hole, options: ConfigNode(.mapping([]), at: location), at: location)
                } else {
                    fault(
                        "missing-field",
                        "`\(manifest.name)` needs the field `\(field)`, which `\(node.name)` does not have",
                        at: location,
                        hint: hint
                    )
                }
            }
        }
    }

    /// Reports outcomes that the named stage can never have.
    mutating func checkOutcomes(of inputs: [Recipe.Input]) {
        for input in inputs where input.outcome != .passed {
            guard let index = indices[input.stage], nodes.indices.contains(index) else { continue }
            let outcomes: [Recipe.Input.Outcome] =
                switch nodes[index].verb {
                case .verify: [.fail, .unsure, .all]
                case .filter, .select: [.dropped, .all]
                default: []
                }
            guard !outcomes.contains(input.outcome) else { continue }
            let known = outcomes.map { "`\(input.stage).\($0.rawValue)`" }.joined(separator: ", ")
            fault(
                "wrong-input",
                "`\(input.stage)` has no outcome `\(input.outcome.rawValue)`",
                at: input.location,
                hint: outcomes.isEmpty ? "it does not judge: read `\(input.stage)`" : "it has \(known)"
            )
        }
    }

    /// Reports sources that a stage's `when:` names and the recipe lacks.
    mutating func check(_ condition: Recipe.Condition?) {
        guard let condition else { return }
        let names = recipe.sources.map(\.name)
        for source in condition.sources
        where !names.contains(source) && !recipe.gaps.mayHold(source, in: "sources") {
            fault(
                "unknown-source",
                "`when:` names a source `\(source)` that the recipe does not have",
                at: condition.location,
                hint: nameHint(for: source, among: names, "its sources")
            )
        }
    }

    func digest(
        _ stage: Recipe.Stage,
        _ manifest: Manifest,
        _ setup: PluginSetup,
        inputs: [PlanEdge],
        others: [PlanEdge],
        roles: [String: PlannedModel]
    ) -> Digest {
        // The name too: what a stage draws by lot depends on it, and two stages may be alike in everything else.
        var parts = [
            "stage", stage.name, manifest.name, String(manifest.version), stage.options.json.canonical,
        ]
        parts.append(String(recipe.randomSeed))
        parts += self.parts(of: setup)
        for (role, model) in roles.sorted(by: { $0.key < $1.key }) {
            parts += [role] + model.digestParts
            // Who is asked when content is refused, too: a fallback that is new takes up what was refused.
            if let fallback = model.spec.fallback.flatMap({ models[$0.value] }) {
                parts += ["fallback"] + fallback.digestParts
            }
        }
        if manifest.needs.contains(.sandbox) { parts += ["isolation", isolation] }
        for edge in inputs { parts += ["input", digest(of: edge), edge.outcome.rawValue] }
        for edge in others { parts += ["other", digest(of: edge), edge.outcome.rawValue] }
        if let condition = stage.condition {
            let labels = condition.labels.mapValues { JSONValue.array($0) }
            parts += ["when", condition.sources.joined(separator: ","), JSONValue.object(labels).canonical]
        }
        return Digest(of: parts.lengths)
    }

    /// The digest of where an edge comes from; which samples a target takes changes none of them.
    func digest(of edge: PlanEdge) -> String {
        let node = edge.node == target?.node ? target?.stage ?? edge.node : edge.node
        return nodes[node].digest.description
    }

    /// The names and digests of what a plug-in read.
    func parts(of setup: PluginSetup) -> [String] {
        setup.digests.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value.description] }
    }
}

extension [String] {
    /// The parts joined so that no two lists give the same bytes.
    var lengths: String { map { "\($0.utf8.count):\($0)" }.joined() }
}

extension ConfigNode {
    /// The place of the first scalar with this text.
    fileprivate func place(ofText text: String) -> Diagnostic.Location? {
        switch value {
        case .scalar(let own, _): own == text ? location : nil
        case .sequence(let elements): elements.lazy.compactMap { $0.place(ofText: text) }.first
        case .mapping(let members): members.lazy.compactMap { $0.value.place(ofText: text) }.first
        }
    }
}
