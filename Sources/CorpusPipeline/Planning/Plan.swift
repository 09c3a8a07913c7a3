package import CorpusConfig
package import CorpusKit
package import CorpusLedger

/// A recipe after checking: the graph of what flows where, with a digest for each node.
///
/// Nodes stand in topological order: sources, stages, exports. A node's index is its priority: later nodes go first.
package struct Plan: Sendable {
    package let recipe: Recipe
    package let nodes: [PlanNode]
    /// The recipe's models by their name there, also those that no stage uses.
    package let models: [String: PlannedModel]
    /// How many samples it is to give; nil for as many as its seeds and stages make.
    package let target: PlannedTarget?
    package let estimate: Estimate

    /// Nodes whose kind is a source.
    package var sources: Range<Int> { 0..<(nodes.firstIndex { !$0.kind.isSource } ?? nodes.count) }

    /// Those of ``models`` that a stage has a role for, or that stand in for one of them.
    package var usedModels: [String: PlannedModel] {
        var used: [String: PlannedModel] = [:]
        var rest = nodes.flatMap { $0.roles.values.map(\.spec.name) }
        while let name = rest.popLast() {
            guard used[name] == nil, let model = models[name] else { continue }
            used[name] = model
            if let fallback = model.spec.fallback { rest.append(fallback.value) }
        }
        return used
    }

    /// What must be lent to the run.
    package var needs: Set<Manifest.Need> { nodes.reduce(into: []) { $0.formUnion($1.manifest.needs) } }
}

/// One source, stage or export.
package final class PlanNode: Sendable {
    /// What it does.
    package enum Kind: Sendable {
        case source(any SeedSource)
        case generate(any Generator)
        case verify(any Verifier)
        case groupVerify(any GroupVerifier)
        case filter(any SampleFilter)
        case select(any Selector)
        case pair(any Pairer)
        case write(any Exporter, splits: [Recipe.Split])

        package var isSource: Bool {
            guard case .source = self else { return false }
            return true
        }

        /// Whether it waits for all items of a task.
        package var isGroup: Bool {
            switch self {
            case .groupVerify, .pair: true
            default: false
            }
        }

        /// Whether a generator's drafts end with an answer; nil for what generates nothing.
        package var givesAnswers: Bool? {
            guard case .generate(let generator) = self else { return nil }
            return generator.givesAnswers
        }

        package var isSelect: Bool {
            guard case .select = self else { return false }
            return true
        }
    }

    package let name: String
    package let verb: Manifest.Verb
    package let manifest: Manifest
    package let kind: Kind
    package let digest: Digest
    /// The digest in digits, as keys of its units say it.
    let digestText: String
    /// The digest of the prompts and other files that the plug-in read; nil where it read none.
    package let templates: Digest?
    /// The recipe's models by role.
    package let roles: [String: PlannedModel]
    package let inputs: [PlanEdge]
    /// `siblings:` or `rejected:`.
    package let others: [PlanEdge]
    package let condition: Recipe.Condition?
    /// How many units may be in work at once.
    package let width: Int
    /// Checks that every item which passed this node has passed since it was written.
    package let checks: Set<String>
    /// Whether two inputs can deliver the same item.
    package let mayRepeat: Bool
    /// Whether items wait here until nothing of their task is on its way any more: an item that comes by two ways
    /// goes on once, with what was found out about it on both.
    package var joins: Bool { mayRepeat && !kind.isGroup }
    /// Every node that something may flow from to here.
    package let ancestors: Set<Int>
    /// Whether it works item by item and at once, waiting for nobody: then what reaches it need not queue for it.
    package let isPrompt: Bool

    init(
        name: String,
        verb: Manifest.Verb,
        manifest: Manifest,
        kind: Kind,
        digest: Digest,
        templates: Digest?,
        roles: [String: PlannedModel],
        inputs: [PlanEdge],
        others: [PlanEdge],
        condition: Recipe.Condition?,
        width: Int,
        checks: Set<String>,
        mayRepeat: Bool,
        ancestors: Set<Int>,
        isPrompt: Bool
    ) {
        self.name = name
        self.verb = verb
        self.manifest = manifest
        self.kind = kind
        self.digest = digest
        digestText = digest.description
        self.templates = templates
        self.roles = roles
        self.inputs = inputs
        self.others = others
        self.condition = condition
        self.width = width
        self.checks = checks
        self.mayRepeat = mayRepeat
        self.ancestors = ancestors
        self.isPrompt = isPrompt
    }

    /// Whether it chooses the target's samples.
    var isTarget: Bool {
        guard case .select(let selector) = kind else { return false }
        return selector is TargetSelector
    }

    package var stageRecord: StageRecord {
        StageRecord(
            digest: digest,
            name: name,
            verb: verb.rawValue,
            plugin: manifest.name,
            version: manifest.version
        )
    }
}

/// Where a node's input comes from.
package struct PlanEdge: Sendable, Hashable {
    package let node: Int
    package let outcome: Recipe.Input.Outcome
}

/// A model of the recipe, as requests name it.
package struct PlannedModel: Sendable {
    package let spec: Recipe.Model
    /// What ``ModelRequest/model`` says: the model's own name or the recipe's `identity:`, never its address.
    ///
    /// It depends on nothing else in the recipe, so that what was paid for stays paid when models come and go.
    package let identity: String
    /// The most calls in flight, over all its endpoints.
    package let concurrency: Int

    package init(spec: Recipe.Model, identity: String, concurrency: Int) {
        self.spec = spec
        self.identity = identity
        self.concurrency = concurrency
    }

    var isLocal: Bool {
        guard case .local = spec.place.value else { return false }
        return true
    }

    /// Whether a seed is sent with each request.
    var sendsSeed: Bool { spec.sendsSeed ?? isLocal }

    /// How many calls one endpoint may have in flight when the product finds the number.
    static let autoConcurrency = 256
    /// How many calls a bundled model works on at once.
    static let localConcurrency = 8

    var digestParts: [String] {
        let sampling: JSONValue = [
            "temperature": spec.temperature.map(JSONValue.number) ?? .null,
            "top_p": spec.topP.map(JSONValue.number) ?? .null, "max_tokens": .int(spec.maxTokens),
            "stop": .array(spec.stop.map(JSONValue.string)), "extra": .object(spec.extra),
        ]
        // As it came later, it stands here only where it is not what is done anyway.
        return [identity, sampling.canonical] + (sendsSeed == isLocal ? [] : ["seed", String(sendsSeed)])
    }
}

/// What a run may come to, before anything is called.
///
/// Calls and tokens of replies are the most that there can be, retries left out. How long prompts are is known only when
/// they are made, so that tokens and cost are estimates, and no limits.
package struct Estimate: Sendable, Hashable {
    /// What one stage may come to.
    package struct Stage: Sendable, Hashable {
        package var name: String
        package var verb: String
        package var plugin: String
        /// Items that may come in; nil when a source cannot say how many seeds it has.
        package var inputs: Int?
        package var calls: Int?
        /// The most tokens of replies.
        package var replyTokens: Int?
        /// About how many tokens prompts and replies have together.
        package var tokens: Int?
        /// About how much it costs, in billionths of a US dollar; nil when a price or a count is unknown.
        package var cost: Int?
    }

    /// What one role may come to, over all stages.
    package struct Role: Sendable, Hashable {
        /// The model's name in the recipe.
        package var name: String
        package var calls: Int? = 0
        /// The most tokens of replies.
        package var replyTokens: Int? = 0
        /// About how many tokens prompts and replies have together.
        package var tokens: Int? = 0
        /// About how much it costs, in billionths of a US dollar; nil when a price or a count is unknown.
        package var cost: Int? = 0
    }

    package var stages: [Stage]
    /// By name.
    package var roles: [Role]
    package var seeds: Int?
    package var calls: Int?
    package var replyTokens: Int?
    package var tokens: Int?
    package var cost: Int?
}
