/// How a model is asked to choose its words.
public struct Sampling: Sendable, Hashable {
    /// 0 is greedy; nil leaves the endpoint's default.
    public var temperature: Double?
    /// Nucleus mass in (0, 1].
    public var topP: Double?
    /// The most tokens of a reply.
    ///
    /// Always sent: budgets reserve it.
    public var maxTokens: Int
    /// Texts that end the reply.
    ///
    /// Never bare numbers (`20.` truncates answers in silence).
    public var stop: [String]
    /// Asks the endpoint to repeat itself for equal requests; best effort everywhere.
    public var seed: Int?

    /// Creates settings.
    public init(
        temperature: Double? = nil,
        topP: Double? = nil,
        maxTokens: Int = 1024,
        stop: [String] = [],
        seed: Int? = nil
    ) {
        self.temperature = temperature
        self.topP = topP
        self.maxTokens = maxTokens
        self.stop = stop
        self.seed = seed
    }
}

/// One question to a model, complete and self-contained.
public struct ModelRequest: Sendable, Hashable {
    /// Who is asked: ``ModelIdentity/name``.
    public var model: String
    /// The conversation so far.
    public var messages: [Message]
    /// How the reply is to be chosen.
    public var sampling: Sampling
    /// Further fields for the endpoint, such as `chat_template_kwargs`; they change the reply like any other setting.
    public var extra: [String: JSONValue]
    /// A JSON schema that the reply must satisfy, where the endpoint can enforce one.
    public var schema: JSONValue?
    /// Tells repeated identical questions apart: the first is 0.
    ///
    /// Part of the identity, so that asking four times buys four replies, and asking again after a restart
    /// buys none.
    public var repetition: Int

    /// Creates a question.
    public init(
        model: String,
        messages: [Message],
        sampling: Sampling,
        extra: [String: JSONValue] = [:],
        schema: JSONValue? = nil,
        repetition: Int = 0
    ) {
        self.model = model
        self.messages = messages
        self.sampling = sampling
        self.extra = extra
        self.schema = schema
        self.repetition = repetition
    }

    /// The question as canonical JSON: what the ledger stores and what the digest covers.
    public var json: JSONValue {
        var json: [String: JSONValue] = [
            "model": .string(model), "messages": .array(messages.map(\.json)),
            "temperature": sampling.temperature.map(JSONValue.number) ?? .null,
            "top_p": sampling.topP.map(JSONValue.number) ?? .null, "max_tokens": .int(sampling.maxTokens),
            "stop": .array(sampling.stop.map(JSONValue.string)),
            "seed": sampling.seed.map(JSONValue.int) ?? .null,
            "schema": schema ?? .null, "repetition": .int(repetition),
        ]
        if !extra.isEmpty { json["extra"] = .object(extra) }
        return .object(json)
    }

    /// The key under which the reply is bought once.
    public var key: ItemKey { Digest(of: json).key }
}

/// Tokens of one call, as the endpoint counted them.
public struct TokenUsage: Sendable, Hashable {
    /// Tokens of the prompt, cached ones included.
    public var input: Int
    /// Tokens of the prompt that came from the endpoint's cache.
    public var cachedInput: Int
    /// Tokens of the reply, reasoning included.
    public var output: Int

    /// Creates a count.
    public init(input: Int = 0, cachedInput: Int = 0, output: Int = 0) {
        self.input = input
        self.cachedInput = cachedInput
        self.output = output
    }

    /// Prompt and reply together.
    public var total: Int { input + output }
}

/// A model's reply.
public struct ModelReply: Sendable, Hashable {
    /// Why the reply ended.
    public enum Finish: String, Sendable, Hashable {
        /// The model was done.
        case stop
        /// The token limit cut it off.
        case length
        /// The endpoint's content filter cut it off.
        case filtered
        /// Anything else: a tool call, an error in mid-reply.
        case other
    }

    /// The answer.
    public var text: String
    /// What the model said to itself, where the endpoint keeps it apart.
    public var reasoning: String?
    /// Why it ended.
    public var finish: Finish
    /// What the endpoint charged for; nil when it did not say.
    public var usage: TokenUsage?
    /// Milliseconds from sending to the last byte.
    public var milliseconds: Int

    /// Creates a reply.
    public init(
        text: String,
        reasoning: String? = nil,
        finish: Finish = .stop,
        usage: TokenUsage? = nil,
        milliseconds: Int = 0
    ) {
        self.text = text
        self.reasoning = reasoning
        self.finish = finish
        self.usage = usage
        self.milliseconds = milliseconds
    }
}
