import CorpusKit

/// Writes requests in the words of OpenAI's chat completions.
struct ChatRequest: Sendable {
    /// The endpoint's name for the model.
    let apiModel: String
    let tokenLimitField: String
    let sendsSeed: Bool
    /// Added to every body; null leaves a field out.
    let extraBody: [String: JSONValue]

    init(_ configuration: EndpointConfiguration) {
        apiModel = configuration.apiModel
        tokenLimitField = configuration.tokenLimitField.rawValue
        sendsSeed = configuration.sendsSeed
        extraBody = configuration.extraBody
    }

    /// The body as canonical JSON: equal requests have equal bytes.
    func body(for request: ModelRequest) -> [UInt8] {
        let sampling = request.sampling
        var members: [String: JSONValue] = [
            "model": .string(apiModel),
            "messages": .array(request.messages.map(\.json)),
            tokenLimitField: .int(sampling.maxTokens),
        ]
        members["temperature"] = sampling.temperature.map(JSONValue.number)
        members["top_p"] = sampling.topP.map(JSONValue.number)
        if !sampling.stop.isEmpty { members["stop"] = .array(sampling.stop.map(JSONValue.string)) }
        if sendsSeed { members["seed"] = sampling.seed.map(JSONValue.int) }
        members["response_format"] = request.schema.map { schema in
            ["type": "json_schema", "json_schema": ["name": "reply", "strict": true, "schema": schema]]
        }
        for (name, value) in extraBody.merging(request.extra, uniquingKeysWith: { $1 }) {
            members[name] = value == JSONValue.null ? .none : .some(value)
        }
        var bytes: [UInt8] = []
        JSONValue.object(members).write(to: &bytes)
        return bytes
    }

    /// The most prompt tokens that a body can mean.
    ///
    /// A token of a byte-level or byte-fallback tokenizer stands for at least one byte, and whatever reaches
    /// the prompt (turns, schema, template arguments) stands in the body, where escapes only make it longer.
    /// The constants pay for what a chat template adds: a default system turn, and marks around each turn.
    /// Ordinary text has three to four bytes a token, so this is some four times too high on purpose: the
    /// difference comes back when the call is settled.
    static func worstInputTokens(body: [UInt8], turns: Int) -> Int { body.count + 256 + 16 * turns }
}
