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
    /// - Precondition: `evidence` speaks of this very content.
    public init(
        key: ItemKey,
        content: Content,
        group: ItemKey,
        task: ItemKey,
        origin: Origin,
        licence: String?,
        evidence: [Evidence],
        provenance: [Provenance]
    ) {
        id = content.id
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

/// One step of a sample's making: which stage, by which plug-in, with which model.
public struct Provenance: Sendable, Hashable {
    /// The recipe's name for the stage.
    public var stage: String
    /// The plug-in's name.
    public var plugin: String
    /// The plug-in's version.
    public var version: Int
    /// The models that were called, as ``ModelIdentity/name``.
    public var models: [String]
    /// What the models' makers ask of whoever trains on the output.
    public var outputTerms: [String]

    /// Creates a step.
    public init(
        stage: String,
        plugin: String,
        version: Int,
        models: [String] = [],
        outputTerms: [String] = []
    ) {
        self.stage = stage
        self.plugin = plugin
        self.version = version
        self.models = models
        self.outputTerms = outputTerms
    }

    /// The step as one JSON object.
    public var json: JSONValue {
        [
            "stage": .string(stage), "plugin": .string(plugin), "version": .int(version),
            "models": .array(models.map(JSONValue.string)),
            "output_terms": .array(outputTerms.map(JSONValue.string)),
        ]
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
