/// A draft with the trail that explains it, as filters, selectors, pairers and exporters see it.
///
/// A sample never changes: filters judge it and exporters encode it, but neither edits it.
public struct Sample: Sendable, Hashable, Identifiable {
    /// ``Content/id``: equal for equal content.
    public let id: String
    /// Names the item in the ledger: equal for equal history.
    public let key: ItemKey
    /// What it says.
    public let content: Content
    /// The item at the root of its group; siblings in style or wording share it.
    ///
    /// Groups never straddle a split.
    public let group: ItemKey
    /// The nearest task above: the prompt that it and its siblings answer.
    public let task: ItemKey
    /// Where the seed at its root was found.
    public let origin: Origin
    /// SPDX identifier of the root seed's licence, or nil where none is known.
    public let licence: String?
    /// What was checked, in stage order.
    public let evidence: [Evidence]
    /// Who wrote it, oldest step first.
    public let provenance: [Provenance]

    /// Creates a sample.
    ///
    /// The content's id is given where it is known already.
    ///
    /// - Precondition: `evidence` speaks of this very content.
    public init(
        key: ItemKey,
        content: Content,
        group: ItemKey,
        task: ItemKey,
        origin: Origin,
        licence: String?,
        evidence: [Evidence],
        provenance: [Provenance],
        id: String? = nil
    ) {
        self.id = id ?? content.id
        self.key = key
        self.content = content
        self.group = group
        self.task = task
        self.origin = origin
        self.licence = licence
        self.evidence = evidence
        self.provenance = provenance
    }
}

/// One step of a sample's making: which stage, by which plug-in, with which model and prompts, from which parent.
public struct Provenance: Sendable, Hashable {
    /// The recipe's name for the stage.
    public var stage: String
    /// The plug-in's name.
    public var plugin: String
    /// The plug-in's version.
    public var version: Int
    /// The models that may have written it, by their own names: those of the stage's roles and their fallbacks.
    public var models: [String]
    /// The digest of the prompts and other files that the stage works with; nil where it reads none.
    public var templates: Digest?
    /// The item that it was made from.
    public var parent: ItemKey?
    /// What the models' makers ask of whoever trains on the output.
    public var outputTerms: [String]

    /// Creates a step.
    public init(
        stage: String,
        plugin: String,
        version: Int,
        models: [String] = [],
        templates: Digest? = nil,
        parent: ItemKey? = nil,
        outputTerms: [String] = []
    ) {
        self.stage = stage
        self.plugin = plugin
        self.version = version
        self.models = models
        self.templates = templates
        self.parent = parent
        self.outputTerms = outputTerms
    }

    /// The step as one JSON object.
    public var json: JSONValue {
        [
            "stage": .string(stage), "plugin": .string(plugin), "version": .int(version),
            "models": .array(models.map(JSONValue.string)),
            "templates": templates.map { .string($0.description) } ?? .null,
            "parent": parent.map { .string($0.description) } ?? .null,
            "output_terms": .array(outputTerms.map(JSONValue.string)),
        ]
    }
}

/// Who wrote the two sides of a pair, oldest step first.
public struct PairProvenance: Sendable, Hashable {
    /// Of the better answer.
    public var chosen: [Provenance]
    /// Of the other one.
    public var rejected: [Provenance]

    /// Creates the steps of a pair.
    public init(chosen: [Provenance] = [], rejected: [Provenance] = []) {
        self.chosen = chosen
        self.rejected = rejected
    }

    /// The steps as one JSON object.
    public var json: JSONValue {
        ["chosen": .array(chosen.map(\.json)), "rejected": .array(rejected.map(\.json))]
    }
}

/// Two answers to one prompt, one better than the other.
public struct PreferencePair: Sendable, Hashable {
    /// The history both answer.
    public var prompt: [Message]
    /// The better answer: one assistant turn.
    public var chosen: Message
    /// The worse answer: one assistant turn.
    public var rejected: Message
    /// The samples the sides were taken from.
    public var chosenKey: ItemKey
    /// The sample that the worse answer was taken from.
    public var rejectedKey: ItemKey
    /// Why one is better: `tests`, and in what the other failed.
    public var detail: [String: JSONValue]

    /// Creates a pair.
    public init(
        prompt: [Message],
        chosen: Message,
        rejected: Message,
        chosenKey: ItemKey,
        rejectedKey: ItemKey,
        detail: [String: JSONValue] = [:]
    ) {
        self.prompt = prompt
        self.chosen = chosen
        self.rejected = rejected
        self.chosenKey = chosenKey
        self.rejectedKey = rejectedKey
        self.detail = detail
    }

    /// `pair_` and 32 hexadecimal digits over the prompt and both sides.
    public var id: String {
        let identity: JSONValue = [
            "prompt": .array(prompt.map(\.json)), "chosen": chosen.json, "rejected": rejected.json,
        ]
        return "pair_" + Digest(of: identity).key.description
    }
}
