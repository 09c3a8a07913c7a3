import CorpusConfig
import CorpusDiagnostics
import CorpusKit
import Foundation

extension Planner {
    mutating func plan(_ source: Recipe.Source) {
        guard let entry = entry(registry.sources, .read, source.plugin) else { return }
        let setup = PluginSetup(plugin: entry.manifest.name, stage: source.name, finder: finder)
        guard let made = make(entry, source.options, roles: [], setup, at: source.plugin.location) else {
            return
        }
        do {
            fields.append(try made.knownFields())
        } catch {
            report(error, options: source.options, at: source.plugin.location)
            fields.append(nil)
        }
        // Seeds are known one by one, by their content: options of a source do not change who they are.
        let digest = Digest(
            of: ["source", source.name, entry.manifest.name, String(entry.manifest.version)].lengths
        )
        add(
            source.name,
            PlanNode(
                name: source.name,
                verb: .read,
                manifest: entry.manifest,
                kind: .source(made),
                digest: digest,
                roles: [:],
                inputs: [],
                others: [],
                condition: nil,
                width: 64,
                checks: [],
                mayRepeat: false,
                ancestors: []
            )
        )
        origins.append([nodes.count - 1])
    }

    mutating func plan(_ stage: Recipe.Stage) {
        let inputs = edges(stage.inputs)
        let others = edges(stage.others)
        guard let (manifest, kind, setup) = kind(of: stage) else {
            remember(stage.name)
            return
        }
        let roles = roles(of: stage, manifest)
        check(manifest, has: inputs, at: stage.plugin.location, stage: stage.name)
        let available = known(inputs)
        let isGenerate = stage.verb.value == .generate
        fields.append(isGenerate ? available.map { $0.union(manifest.produces) } : available)
        let index = nodes.count
        origins.append(isGenerate ? [index] : inputs.reduce(into: []) { $0.formUnion(origins[$1.node]) })
        var checks = inputs.map { nodes[$0.node].checks }.reduce(nil) { ($0 ?? $1).intersection($1) } ?? []
        switch stage.verb.value {
        case .generate: checks = []
        case .verify, .filter, .select: checks.insert(manifest.name)
        case .pair: break
        }
        add(
            stage.name,
            PlanNode(
                name: stage.name,
                verb: Manifest.Verb(rawValue: stage.verb.value.rawValue) ?? .generate,
                manifest: manifest,
                kind: kind,
                digest: digest(stage, manifest, setup, inputs: inputs, others: others, roles: roles),
                roles: roles,
                inputs: inputs,
                others: others,
                condition: stage.condition,
                width: stage.width ?? width(manifest, roles),
                checks: checks,
                mayRepeat: mayRepeat(inputs),
                ancestors: ancestors(inputs + others)
            )
        )
    }

    mutating func plan(_ export: Recipe.Export) {
        guard let entry = entry(registry.exporters, .write, export.plugin) else { return }
        let setup = PluginSetup(plugin: entry.manifest.name, stage: export.name, finder: finder)
        guard let made = make(entry, export.options, roles: [], setup, at: export.plugin.location) else {
            return
        }
        let inputs = edges(export.inputs)
        for (input, edge) in zip(export.inputs, inputs) {
            guard nodes.indices.contains(edge.node) else { continue }
            let givesPairs = nodes[edge.node].verb == .pair
            if givesPairs != (made.takes == .pairs) {
                fault(
                    "wrong-input",
                    "`\(export.plugin.value)` writes \(made.takes.rawValue), and `\(input.stage)` gives "
                        + (givesPairs ? "pairs" : "samples"),
                    at: input.location
                )
            }
            if edge.outcome != .passed {
                fault(
                    "wrong-input",
                    "an export takes what a stage passed on, not `.\(edge.outcome.rawValue)`",
                    at: input.location
                )
            }
        }
        let parts = ["export", export.name, entry.manifest.name, String(entry.manifest.version)]
        let digest = Digest(of: (parts + inputs.map { nodes[$0.node].digest.description }).lengths)
        fields.append(nil)
        origins.append([])
        indices["export " + export.name] = nodes.count
        nodes.append(
            PlanNode(
                name: export.name,
                verb: .write,
                manifest: entry.manifest,
                kind: .write(made, splits: export.splits),
                digest: digest,
                roles: [:],
                inputs: inputs,
                others: [],
                condition: nil,
                width: 64,
                checks: inputs.map { nodes[$0.node].checks }.reduce(nil) { ($0 ?? $1).intersection($1) }
                    ?? [],
                mayRepeat: mayRepeat(inputs),
                ancestors: ancestors(inputs)
            )
        )
    }

    // MARK: - Pieces

    private mutating func add(_ name: String, _ node: PlanNode) {
        indices[name] = nodes.count
        nodes.append(node)
    }

    /// Keeps the name of a faulty stage known, so that its readers are not called faulty as well.
    private mutating func remember(_ name: String) { indices[name] = -1 }

    private func edges(_ inputs: [Recipe.Input]) -> [PlanEdge] {
        inputs.compactMap { input in
            indices[input.stage].flatMap { $0 < 0 ? nil : PlanEdge(node: $0, outcome: input.outcome) }
        }
    }

    private func ancestors(_ edges: [PlanEdge]) -> Set<Int> {
        edges.reduce(into: []) { $0.formUnion(nodes[$1.node].ancestors.union([$1.node])) }
    }

    private func mayRepeat(_ edges: [PlanEdge]) -> Bool {
        var seen: Set<Int> = []
        for edge in edges {
            guard seen.isDisjoint(with: origins[edge.node]) else { return true }
            seen.formUnion(origins[edge.node])
        }
        return false
    }

    private func known(_ edges: [PlanEdge]) -> Set<String>? {
        var result: Set<String>?
        for edge in edges {
            guard let names = fields[edge.node] else { return nil }
            result = result?.intersection(names) ?? names
        }
        return result
    }

    private func width(_ manifest: Manifest, _ roles: [String: PlannedModel]) -> Int {
        if !roles.isEmpty { return roles.values.reduce(0) { $0 + $1.concurrency } }
        if manifest.needs.contains(.sandbox) {
            return max(2, ProcessInfo.processInfo.activeProcessorCount * 2)
        }
        return 64
    }

    private mutating func kind(of stage: Recipe.Stage) -> (Manifest, PlanNode.Kind, PluginSetup)? {
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

    private mutating func entry<Product>(
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

    private mutating func make<Product>(
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
                hint: nearestName(to: error.name, among: names).map { "did you mean `\($0)`?" }
                    ?? (names.isEmpty
                        ? "it has no options"
                        : "its options: \(names.map { "`\($0)`" }.joined(separator: ", "))")
            )
        } catch {
            report(error, options: options, at: location)
        }
        return nil
    }

    private mutating func report(_ error: any Error, options: ConfigNode, at location: Diagnostic.Location) {
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

    private mutating func roles(of stage: Recipe.Stage, _ manifest: Manifest) -> [String: PlannedModel] {
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
                fault(
                    "unknown-model",
                    "there is no model `\(model.value)` under `models:`",
                    at: model.location,
                    hint: nearestName(to: model.value, among: recipe.models.map(\.name)).map {
                        "did you mean `\($0)`?"
                    }
                )
                continue
            }
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

    private mutating func check(
        _ manifest: Manifest,
        has inputs: [PlanEdge],
        at location: Diagnostic.Location,
        stage: String
    ) {
        for edge in inputs {
            let node = nodes[edge.node]
            if node.verb == .pair {
                fault("wrong-input", "stage `\(stage)` cannot take pairs; only exports do", at: location)
            }
            if edge.outcome != .passed, ![.verify, .filter, .select].contains(node.verb) {
                fault(
                    "wrong-input",
                    "`\(node.name)` has no outcome `\(edge.outcome.rawValue)`: it does not judge",
                    at: location
                )
            }
            guard let names = fields[edge.node] else { continue }
            for field in manifest.requires where !names.contains(field) {
                fault(
                    "missing-field",
                    "`\(manifest.name)` needs the field `\(field)`, which `\(node.name)` does not have",
                    at: location,
                    hint: names.isEmpty
                        ? nil : "its fields are \(names.sorted().map { "`\($0)`" }.joined(separator: ", "))"
                )
            }
        }
    }

    private func digest(
        _ stage: Recipe.Stage,
        _ manifest: Manifest,
        _ setup: PluginSetup,
        inputs: [PlanEdge],
        others: [PlanEdge],
        roles: [String: PlannedModel]
    ) -> Digest {
        var parts = ["stage", manifest.name, String(manifest.version), stage.options.json.canonical]
        parts.append(String(recipe.randomSeed))
        for (name, digest) in setup.digests.sorted(by: { $0.key < $1.key }) {
            parts += [name, digest.description]
        }
        for (role, model) in roles.sorted(by: { $0.key < $1.key }) { parts += [role] + model.digestParts }
        for edge in inputs { parts += ["input", nodes[edge.node].digest.description, edge.outcome.rawValue] }
        for edge in others { parts += ["other", nodes[edge.node].digest.description, edge.outcome.rawValue] }
        if let condition = stage.condition {
            let labels = condition.labels.mapValues { JSONValue.array($0) }
            parts += ["when", condition.sources.joined(separator: ","), JSONValue.object(labels).canonical]
        }
        return Digest(of: parts.lengths)
    }
}

extension [String] {
    /// The parts joined so that no two lists give the same bytes.
    fileprivate var lengths: String { map { "\($0.utf8.count):\($0)" }.joined() }
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
