/// Who a plug-in is and what it needs.
public struct Manifest: Sendable, Hashable {
    /// The verb of a recipe's stage that a plug-in serves.
    public enum Verb: String, Sendable, Hashable, CaseIterable {
        case read, generate, verify, filter, select, pair, write
    }

    /// What must be lent to a plug-in.
    public enum Need: String, Sendable, Hashable, CaseIterable {
        case model, sandbox
        /// Its models must be able to end a reply at a text.
        case stopTexts = "stop-texts"
        /// Its models must be able to ask for functions.
        case tools
        /// Its models must be able to say how likely each token was.
        case likelihoods
        /// Its models must be able to keep to a grammar.
        case grammar
    }

    /// Kebab-case, unique among the plug-ins of its verb.
    public var name: String
    /// Raised whenever the same input, options and replies give other output.
    public var version: Int
    /// One line without a full stop.
    public var summary: String
    /// What must be lent.
    public var needs: Set<Need>
    /// Names of the model roles; a stage with `model:` fills the only one.
    public var roles: [String]
    /// What the models of roles are used for; those left out are asked in turns.
    ///
    /// A recipe that gives a role a model whose API serves another use is refused before anything is called.
    public var uses: [String: ModelUse]
    /// Fields that every input must have; checked against the sources before anything is called.
    public var requires: [String]
    /// Fields that every output has on top of the input's.
    public var produces: [String]
    /// Labels that it may set or take away: until then, nobody knows what they will be.
    public var labels: [String]
    /// Reason codes that this plug-in may give, for the reference and the report.
    public var reasons: [ReasonCode]

    /// Creates a manifest.
    ///
    /// Roles default to one, named `model`, when a model is needed.
    public init(
        name: String,
        version: Int,
        summary: String,
        needs: Set<Need> = [],
        roles: [String]? = nil,
        uses: [String: ModelUse] = [:],
        requires: [String] = [],
        produces: [String] = [],
        labels: [String] = [],
        reasons: [ReasonCode] = []
    ) {
        self.name = name
        self.version = version
        self.summary = summary
        self.needs = needs
        self.roles = roles ?? (needs.contains(.model) ? ["model"] : [])
        self.uses = uses
        self.requires = requires
        self.produces = produces
        self.labels = labels
        self.reasons = reasons
    }
}

extension EndpointAPI {
    /// Whether a model behind it can be lent for a need, when it is told schemas in a field; nil is the API's own.
    public func serves(_ need: Manifest.Need, schemaField: SchemaField?) -> Bool {
        switch need {
        case .model, .sandbox: true
        case .stopTexts: hasStopTexts
        case .tools: use == .turns
        case .likelihoods: use != .embeddings && self != .anthropic
        case .grammar: (schemaField ?? schemaFields.first)?.comesWithGrammars == true
        }
    }
}

/// What a recipe may set under `options:`; every property has a default.
///
/// Use `snake_case` property names in `CodingKeys` where a name has several words: recipes are written so.
public protocol PluginOptions: Codable, Sendable {
    /// What each option means, by its name in recipes: a sentence or two with the unit and the range.
    ///
    /// `corpusmith plugins show` prints them. Nothing unless a plug-in says otherwise.
    static var meanings: [String: String] { get }

    /// Creates the options of a recipe that sets none.
    init()
}

extension PluginOptions {
    /// None.
    public static var meanings: [String: String] { [:] }
}

/// A plug-in without options.
public struct NoOptions: PluginOptions {
    /// Creates no options.
    public init() {}
}

/// An option has an impossible value.
public struct BadOption: Error, Sendable, Hashable, CustomStringConvertible {
    /// The option's name as a recipe writes it; `/` separates levels (`limits/wall`).
    public let option: String
    /// What is wrong, as the end of a sentence that starts with the option's name.
    public let problem: String

    /// Creates the error for an option.
    public init(_ option: String, _ problem: String) {
        self.option = option
        self.problem = problem
    }

    /// One sentence without a full stop.
    public var description: String { "option `\(option)` \(problem)" }
}

/// The input or the reply is unusable although nothing is broken; the engine books it with its reason.
public struct Skip: Error, Sendable, Hashable, CustomStringConvertible {
    /// Why, from the closed set of reason codes.
    public let reason: ReasonCode
    /// One sentence without a full stop, without prompt text.
    public let description: String

    /// Creates a skip.
    public init(_ reason: ReasonCode, _ description: String) {
        self.reason = reason
        self.description = description
    }
}

/// A call or an execution that gave no result; the engine books it as failed, never as dropped.
public struct WorkFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// `transport`, `endpoint-refused`, `sandbox-error`, `plugin-error` and the like.
    public let code: ReasonCode
    /// One sentence; holds no key, header or prompt.
    public let description: String
    /// What a person can do about it, if anything.
    public let hint: String?
    /// Whether the whole run must stop: every further call would fail in the same way.
    public let stopsRun: Bool

    /// Creates a failure.
    public init(_ code: ReasonCode, _ description: String, hint: String? = nil, stopsRun: Bool = false) {
        self.code = code
        self.description = description
        self.hint = hint
        self.stopsRun = stopsRun
    }
}
