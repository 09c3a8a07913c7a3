/// Tokens of one call, as the endpoint counted them.
public struct TokenUsage: Sendable, Hashable {
    /// Tokens of the prompt, cached ones included.
    public var input: Int
    /// Tokens of the prompt that came from the endpoint's cache.
    public var cachedInput: Int
    /// Tokens of the prompt that the endpoint put into its cache; told for their price, and kept nowhere.
    public var writtenInput: Int
    /// Tokens of the reply, reasoning included.
    public var output: Int

    /// Creates a count.
    public init(input: Int = 0, cachedInput: Int = 0, writtenInput: Int = 0, output: Int = 0) {
        self.input = input
        self.cachedInput = cachedInput
        self.writtenInput = writtenInput
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
        /// The model waits for the results of its ``ModelReply/toolCalls``.
        case toolCalls = "tool-calls"
        /// Anything else: an error in mid-reply, a call that cannot be read.
        case other
    }

    /// The answer.
    public var text: String
    /// What the model said to itself, where the endpoint keeps it apart.
    public var reasoning: String?
    /// Why it ended.
    public var finish: Finish
    /// What the model asks for, in its order.
    public var toolCalls: [ToolCall]
    /// How likely each token was, in order; nil when nobody asked or the endpoint does not say.
    public var logprobs: [TokenLogprob]?
    /// One vector for each text of the request; all are of one length, and their numbers finite.
    public var vectors: [[Float]] = []
    /// What the endpoint charged for; nil when it did not say.
    public var usage: TokenUsage?
    /// Milliseconds from sending to the last byte.
    public var milliseconds: Int

    /// Creates a reply.
    public init(
        text: String,
        reasoning: String? = nil,
        finish: Finish = .stop,
        toolCalls: [ToolCall] = [],
        logprobs: [TokenLogprob]? = nil,
        usage: TokenUsage? = nil,
        milliseconds: Int = 0
    ) {
        self.text = text
        self.reasoning = reasoning
        self.finish = finish
        self.toolCalls = toolCalls
        self.logprobs = logprobs
        self.usage = usage
        self.milliseconds = milliseconds
    }
}

extension ModelReply {
    /// What the model said, as the ledger keeps it: everything but the end, the counts and the time.
    public var body: JSONValue {
        var json: [String: JSONValue] = [
            "text": .string(text), "reasoning": reasoning.map(JSONValue.string) ?? .null,
        ]
        if !toolCalls.isEmpty { json["tool_calls"] = .array(toolCalls.map(\.json)) }
        json["logprobs"] = logprobs.map { .array($0.map(\.json)) }
        if !vectors.isEmpty { json["vectors"] = .array(vectors.map { .string($0.packed) }) }
        return .object(json)
    }

    /// Reads a ``body`` back; what is missing is empty.
    public init(body: JSONValue, finish: Finish, usage: TokenUsage?, milliseconds: Int) {
        self.init(
            text: body["text"]?.text ?? "",
            reasoning: body["reasoning"]?.text,
            finish: finish,
            toolCalls: (body["tool_calls"]?.elements ?? []).compactMap(ToolCall.init),
            logprobs: body["logprobs"]?.elements.map { $0.compactMap(TokenLogprob.init) },
            usage: usage,
            milliseconds: milliseconds
        )
        vectors = (body["vectors"]?.elements ?? []).compactMap { $0.text.flatMap([Float].init(packed:)) }
    }
}
