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
                templates: nil,
                roles: [:],
                inputs: [],
                others: [],
                condition: nil,
                width: 64,
                checks: [],
                mayRepeat: false,
                ancestors: [],
                isPrompt: false
            )
        )
        origins.append([nodes.count - 1])
        unproven.append(nil)
        unanswered.append(nil)
    }

    mutating func plan(_ stage: Recipe.Stage) {
        let inputs = edges(stage.inputs)
        let others = edges(stage.others)
        guard let (manifest, kind, setup) = kind(of: stage) else {
            remember(stage.name)
            return
        }
        let roles = roles(of: stage, manifest)
        if !stage.others.isEmpty, !kind.isGroup, let other = stage.others.first {
            fault(
                "misplaced-key",
                "`\(manifest.name)` judges drafts one by one here and looks at no siblings",
                at: other.location,
                hint: roles.isEmpty ? "leave `siblings:` out" : "leave `siblings:` or the model out"
            )
        }
        checkOutcomes(of: stage.inputs + stage.others)
        check(stage.condition)
        check(manifest, has: inputs, at: stage.plugin.location, stage: stage.name, setup)
        let available = known(inputs)
        let isGenerate = stage.verb.value == .generate
        fields.append(isGenerate ? available.map { $0.union(manifest.produces) } : available)
        let index = nodes.count
        origins.append(isGenerate ? [index] : inputs.reduce(into: []) { $0.formUnion(origins[$1.node]) })
        unproven.append(isGenerate ? nil : unproven(inputs))
        unanswered.append(kind.givesAnswers.map { $0 ? nil : stage.name } ?? unanswered(inputs))
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
                templates: setup.digests.isEmpty ? nil : Digest(of: parts(of: setup).lengths),
                roles: roles,
                inputs: inputs,
                others: others,
                condition: stage.condition,
                width: stage.width ?? width(manifest, roles),
                checks: checks,
                mayRepeat: mayRepeat(inputs),
                ancestors: ancestors(inputs + others),
                isPrompt: isPrompt(kind, manifest, roles) && stage.width == nil
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
        for input in export.inputs {
            guard let edge = edges([input]).first, nodes.indices.contains(edge.node) else { continue }
            let givesPairs = nodes[edge.node].verb == .pair
            if givesPairs != (made.takes == .pairs) {
                fault(
                    "wrong-input",
                    "`\(export.plugin.value)` writes \(made.takes.rawValue), and `\(input.stage)` gives "
                        + (givesPairs ? "pairs" : "samples"),
                    at: input.location
                )
            }
            if made.requiresAnswer, let stage = unanswered[edge.node] {
                fault(
                    "wrong-input",
                    "`\(export.plugin.value)` writes answered samples, and `\(stage)` gives tasks without answers",
                    at: input.location,
                    hint: "let a stage answer them first: `generate: solve`, or `generate: answer-task`"
                )
            }
            if edge.outcome != .passed {
                fault(
                    "wrong-input",
                    "an export takes what a stage passed on, not `.\(edge.outcome.rawValue)`",
                    at: input.location
                )
            } else if let output = unproven[edge.node] {
                fault(
                    "wrong-input",
                    "an export takes what passed every check, and `\(input.stage)` gives what comes from `\(output)`",
                    at: input.location,
                    hint:
                        "read `\(output)` where it serves as `rejected:` or `siblings:`, or let a generator rewrite it"
                )
            }
        }
        let parts = [
            "export", export.name, entry.manifest.name, String(entry.manifest.version),
            export.options.json.canonical,
        ]
        let digest = Digest(of: (parts + inputs.map { self.digest(of: $0) }).lengths)
        fields.append(nil)
        origins.append([])
        unproven.append(nil)
        unanswered.append(nil)
        indices["export " + export.name] = nodes.count
        nodes.append(
            PlanNode(
                name: export.name,
                verb: .write,
                manifest: entry.manifest,
                kind: .write(made, splits: export.splits),
                digest: digest,
                templates: nil,
                roles: [:],
                inputs: inputs,
                others: [],
                condition: nil,
                width: 64,
                checks: inputs.map { nodes[$0.node].checks }.reduce(nil) { ($0 ?? $1).intersection($1) }
                    ?? [],
                mayRepeat: mayRepeat(inputs),
                ancestors: ancestors(inputs),
                isPrompt: true
            )
        )
    }

    private func isPrompt(
        _ kind: PlanNode.Kind,
        _ manifest: Manifest,
        _ roles: [String: PlannedModel]
    ) -> Bool {
        switch kind {
        case .filter, .verify: roles.isEmpty && manifest.needs.isEmpty
        case .source, .generate, .groupVerify, .select, .pair, .write: false
        }
    }
}
