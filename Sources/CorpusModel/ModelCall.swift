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
    /// How many alternatives are told for each token, from 0; nil asks for no likelihoods at all.
    public var logprobs: Int?

    /// Creates settings.
    public init(
        temperature: Double? = nil,
        topP: Double? = nil,
        maxTokens: Int = 1024,
        stop: [String] = [],
        seed: Int? = nil,
        logprobs: Int? = nil
    ) {
        self.temperature = temperature
        self.topP = topP
        self.maxTokens = maxTokens
        self.stop = stop
        self.seed = seed
        self.logprobs = logprobs
    }
}

/// One question to a model, complete and self-contained.
public struct ModelRequest: Sendable, Hashable {
    /// Who is asked: ``ModelIdentity/name``.
    public var model: String
    /// The conversation so far; empty when ``prompt`` stands in its place.
    public var messages: [Message]
    /// Text that the model continues as it stands, without a chat template around it.
    public var prompt: String?
    /// Texts that are to be turned into vectors, where a model for that is asked; then nothing but ``extra`` beside them.
    public var texts: [String] = []
    /// How the reply is to be chosen.
    public var sampling: Sampling
    /// Further fields for the endpoint, such as `chat_template_kwargs`; they change the reply like any other setting.
    public var extra: [String: JSONValue]
    /// A JSON schema that the reply must satisfy, where the endpoint can enforce one.
    public var schema: JSONValue?
    /// Another form that the reply must have; not beside a schema.
    public var grammar: Grammar?
    /// Functions that the model may ask for.
    public var tools: [ToolDefinition]
    /// Whether it has to; nil leaves it to the endpoint, which lets the model decide.
    public var toolChoice: ToolChoice?
    /// Tells repeated identical questions apart: the first is 0.
    ///
    /// Part of the identity, so that asking four times buys four replies, and asking again after a restart
    /// buys none.
    public var repetition: Int
    /// How many replies one exchange is to bring, where the API can; no part of the identity, since each of them is the
    /// reply to a repetition of its own.
    public var choices = 1

    /// Creates a question.
    public init(
        model: String,
        messages: [Message],
        sampling: Sampling,
        extra: [String: JSONValue] = [:],
        schema: JSONValue? = nil,
        tools: [ToolDefinition] = [],
        toolChoice: ToolChoice? = nil,
        repetition: Int = 0
    ) {
        self.model = model
        self.messages = messages
        self.sampling = sampling
        self.extra = extra
        self.schema = schema
        self.tools = tools
        self.toolChoice = toolChoice
        self.repetition = repetition
    }

    /// Creates a text to be continued, for APIs that take one.
    public init(
        model: String,
        prompt: String,
        sampling: Sampling,
        extra: [String: JSONValue] = [:],
        schema: JSONValue? = nil,
        repetition: Int = 0
    ) {
        self.init(
            model: model,
            messages: [],
            sampling: sampling,
            extra: extra,
            schema: schema,
            repetition: repetition
        )
        self.prompt = prompt
    }

    /// Creates a question for the vectors of texts.
    ///
    /// - Parameters:
    ///   - model: Who is asked.
    ///   - texts: At least one; none of them empty.
    ///   - extra: Further fields, such as `dimensions`.
    public init(model: String, texts: [String], extra: [String: JSONValue] = [:]) {
        self.init(model: model, messages: [], sampling: Sampling(maxTokens: 0), extra: extra)
        self.texts = texts
    }

    /// The question as canonical JSON: what the ledger stores and what the digest covers.
    ///
    /// What came to be asked later than the first ledgers stands in it only where it is asked, so that the keys of
    /// plain questions stay as they were.
    public var json: JSONValue {
        guard texts.isEmpty else {
            var json: [String: JSONValue] = [
                "model": .string(model), "embed": .array(texts.map(JSONValue.string)),
            ]
            if !extra.isEmpty { json["extra"] = .object(extra) }
            return .object(json)
        }
        var json: [String: JSONValue] = [
            "model": .string(model), "messages": .array(messages.map(\.json)),
            "temperature": sampling.temperature.map(JSONValue.number) ?? .null,
            "top_p": sampling.topP.map(JSONValue.number) ?? .null, "max_tokens": .int(sampling.maxTokens),
            "stop": .array(sampling.stop.map(JSONValue.string)),
            "seed": sampling.seed.map(JSONValue.int) ?? .null,
            "schema": schema ?? .null, "repetition": .int(repetition),
        ]
        if !extra.isEmpty { json["extra"] = .object(extra) }
        json["prompt"] = prompt.map(JSONValue.string)
        json["logprobs"] = sampling.logprobs.map(JSONValue.int)
        if !tools.isEmpty { json["tools"] = .array(tools.map(\.json)) }
        json["tool_choice"] = toolChoice?.json
        json["grammar"] = grammar?.json
        return .object(json)
    }

    /// ``json``, written.
    ///
    /// Its key is the one under which the reply is bought once.
    public var canonical: CanonicalJSON { CanonicalJSON(json) }

    /// The key under which the reply is bought once.
    public var key: ItemKey { canonical.key }
}
