/// What one call of a model should look like, where it differs from the role's settings.
public struct CallSettings: Sendable, Hashable {
    /// Overrides the role's temperature.
    public var temperature: Double?
    /// Overrides the role's most tokens of a reply, downwards or upwards.
    public var maxTokens: Int?
    /// Texts that end the reply.
    public var stop: [String]
    /// A JSON schema for the reply, where the endpoint can enforce one.
    public var schema: JSONValue?
    /// Another form for the reply, which only some servers enforce; with it the manifest needs ``Manifest/Need/grammar``.
    public var grammar: Grammar?
    /// Functions that the model may ask for; what it asked for is in ``ModelReply/toolCalls``.
    public var tools: [ToolDefinition]
    /// Whether it has to; nil lets the model decide.
    public var toolChoice: ToolChoice?
    /// How many alternatives are told for each token, from 0; nil asks for no likelihoods.
    public var logprobs: Int?
    /// Further fields of the request's body, over those of the role.
    ///
    /// What belongs to the request itself, or what a budget could not foresee, is refused.
    public var extra: [String: JSONValue]
    /// Whether every attempt of this unit asks exactly this as its first question of the kind, so that an endpoint may
    /// give the replies of several attempts at once (`samples_per_call` of a model).
    ///
    /// A promise: a reply that no attempt asks for is paid for all the same.
    public var isSharedByAttempts: Bool

    /// Creates settings; nil keeps the role's.
    public init(
        temperature: Double? = nil,
        maxTokens: Int? = nil,
        stop: [String] = [],
        schema: JSONValue? = nil,
        grammar: Grammar? = nil,
        tools: [ToolDefinition] = [],
        toolChoice: ToolChoice? = nil,
        logprobs: Int? = nil,
        extra: [String: JSONValue] = [:],
        isSharedByAttempts: Bool = false
    ) {
        self.temperature = temperature
        self.maxTokens = maxTokens
        self.stop = stop
        self.schema = schema
        self.grammar = grammar
        self.tools = tools
        self.toolChoice = toolChoice
        self.logprobs = logprobs
        self.extra = extra
        self.isSharedByAttempts = isSharedByAttempts
    }
}

/// Everything that is lent to a plug-in for one unit of work.
///
/// A plug-in owns nothing: no keys, sockets, files, clocks, or state between units. What it asks for here is on
/// the ledger before the answer comes back, so that a run can be killed at any moment and replayed.
public struct PluginContext: Sendable {
    /// The attempt's number, from 0; see ``Generator/attempts``.
    public let ordinal: Int
    /// A random stream that belongs to this unit alone; copy it into a `var` to draw.
    public var random: RandomStream { makeRandom() }

    private let makeRandom: @Sendable () -> RandomStream
    private let host: any PluginHost

    /// Creates a context on top of a host; the engine and `CorpusTesting` do.
    ///
    /// The stream is made when it is asked for, and always the same.
    public init(
        ordinal: Int,
        random: @escaping @autoclosure @Sendable () -> RandomStream,
        host: any PluginHost
    ) {
        self.ordinal = ordinal
        makeRandom = random
        self.host = host
    }

    /// Asks a model.
    ///
    /// The reply is bought once and is on the ledger when this returns.
    ///
    /// A reply that was cut off or filtered is returned as it is: look at ``ModelReply/finish``.
    ///
    /// - Parameters:
    ///   - messages: The conversation, oldest turn first.
    ///   - role: One of the manifest's roles; nil for the only one.
    ///   - settings: What differs from the role's settings.
    /// - Returns: The reply.
    /// - Throws: ``WorkFailure`` when no reply could be had, `CancellationError` when the run is stopping. Let both
    ///   pass: the engine books them.
    public func reply(
        to messages: [Message],
        role: String? = nil,
        settings: CallSettings = CallSettings()
    ) async throws -> ModelReply {
        try await host.reply(to: messages, role: role, settings: settings)
    }

    /// The name of the model that fills a role, as ``ModelIdentity/name``, for evidence that must say who was asked.
    ///
    /// - Throws: ``WorkFailure`` when the recipe does not fill the role.
    public func modelName(of role: String? = nil) throws -> String { try host.modelName(of: role) }

    /// Makes sure that tests can be run, before anything is paid for that only they could prove.
    ///
    /// In a run that tests nothing, and so has no sandbox, there is nothing to make sure of.
    ///
    /// - Throws: ``Skip`` with `unsupported-tests` when such tests can never be run in the language, ``WorkFailure`` with
    ///   `toolchain-missing` when this machine lacks its toolchain. Let both pass: the engine books them.
    public func require(_ kind: TestSuite.Kind, in language: String) async throws {
        try await host.require(kind, in: language)
    }

    /// Lets a model continue a raw text, without a chat template around it.
    ///
    /// Bought once, as replies are. The manifest has to say ``ModelUse/prompt`` for the role: APIs that take turns take
    /// no raw text, and the other way round.
    ///
    /// - Parameters:
    ///   - prompt: The text as the model sees it.
    ///   - role: One of the manifest's roles; nil for the only one.
    ///   - settings: What differs from the role's settings.
    /// - Returns: What follows the text, without the text itself.
    /// - Throws: As ``reply(to:role:settings:)``.
    public func continuation(
        of prompt: String,
        role: String? = nil,
        settings: CallSettings = CallSettings()
    ) async throws -> ModelReply {
        try await host.continuation(of: prompt, role: role, settings: settings)
    }

    /// Turns texts into vectors.
    ///
    /// One call, bought once and kept as replies are; equal lists of texts are one call in the whole run. The manifest
    /// has to say ``ModelUse/embeddings`` for the role.
    ///
    /// - Parameters:
    ///   - texts: What is to be told apart or found alike; none of them blank. Endpoints take some hundreds at once.
    ///   - role: One of the manifest's roles; nil for the only one.
    /// - Returns: One vector for each text, in order; all are of one length, and their numbers finite.
    /// - Throws: As ``reply(to:role:settings:)``.
    public func embeddings(of texts: [String], role: String? = nil) async throws -> [[Float]] {
        try await host.embeddings(of: texts, role: role)
    }

    /// Runs a program against hidden tests in the sandbox.
    ///
    /// Equal jobs run once.
    ///
    /// A program that fails is a result, not an error.
    ///
    /// - Throws: As ``require(_:in:)``, and ``WorkFailure`` with `sandbox-error` when the sandbox could not do its work.
    ///   None of these says anything about the program.
    public func run(_ job: ExecutionJob) async throws -> ExecutionResult {
        try await host.run(job).ofProgram(in: job.language)
    }

    /// Books something that was produced and is not good enough to be a draft, so that it does not vanish.
    ///
    /// The unit goes on. To end the unit instead, throw ``Skip``.
    ///
    /// - Parameters:
    ///   - reason: Why.
    ///   - summary: One sentence for people, without prompt text.
    ///   - text: What was produced, kept in the ledger for `corpusmith explain`.
    public func drop(_ reason: ReasonCode, _ summary: String, text: String? = nil) {
        host.drop(reason, summary, text: text)
    }
}

/// Who stands behind a ``PluginContext``.
public protocol PluginHost: Sendable {
    /// See ``PluginContext/reply(to:role:settings:)``.
    func reply(to messages: [Message], role: String?, settings: CallSettings) async throws -> ModelReply
    /// See ``PluginContext/modelName(of:)``.
    func modelName(of role: String?) throws -> String
    /// See ``PluginContext/require(_:in:)``.
    func require(_ kind: TestSuite.Kind, in language: String) async throws
    /// See ``PluginContext/continuation(of:role:settings:)``.
    func continuation(of prompt: String, role: String?, settings: CallSettings) async throws -> ModelReply
    /// See ``PluginContext/embeddings(of:role:)``.
    func embeddings(of texts: [String], role: String?) async throws -> [[Float]]
    /// See ``PluginContext/run(_:)``.
    func run(_ job: ExecutionJob) async throws -> ExecutionResult
    /// See ``PluginContext/drop(_:_:text:)``.
    func drop(_ reason: ReasonCode, _ summary: String, text: String?)
}
