import CorpusKit

/// Writes requests in the words of OpenAI's chat completions and completions.
struct ChatRequest: Sendable {
    /// The endpoint's name for the model.
    let apiModel: String
    let tokenLimitField: String
    let sendsSeed: Bool
    let schemaField: SchemaField
    /// Added to every body; null leaves a field out.
    let extraBody: [String: JSONValue]

    init(_ configuration: EndpointConfiguration) {
        apiModel = configuration.apiModel
        tokenLimitField = configuration.tokenLimitField.rawValue
        sendsSeed = configuration.sendsSeed
        schemaField = configuration.effectiveSchemaField
        extraBody = configuration.extraBody
    }

    /// The body as canonical JSON: equal requests have equal bytes.
    func body(for request: ModelRequest, streamed: Bool = false) -> [UInt8] {
        let sampling = request.sampling
        var body = common(request, streamed: streamed)
        body["messages"] = .array(request.messages.map(\.json))
        body[tokenLimitField] = .int(sampling.maxTokens)
        if !request.tools.isEmpty {
            body["tools"] = .array(request.tools.map(\.json))
            body["tool_choice"] = request.toolChoice?.json
        }
        if let count = sampling.logprobs {
            body["logprobs"] = true
            body["top_logprobs"] = .int(count)
        }
        return finished(body, request)
    }

    /// The body of a request to continue a raw text.
    func continuation(of prompt: String, for request: ModelRequest, streamed: Bool) -> [UInt8] {
        var body = common(request, streamed: streamed)
        body["prompt"] = .string(prompt)
        body["max_tokens"] = .int(request.sampling.maxTokens)
        body["logprobs"] = request.sampling.logprobs.map(JSONValue.int)
        return finished(body, request)
    }

    private func common(_ request: ModelRequest, streamed: Bool) -> RequestBody {
        let sampling = request.sampling
        var body = RequestBody(["model": .string(apiModel)])
        body["temperature"] = sampling.temperature.map(JSONValue.number)
        body["top_p"] = sampling.topP.map(JSONValue.number)
        if !sampling.stop.isEmpty { body["stop"] = .array(sampling.stop.map(JSONValue.string)) }
        if sendsSeed { body["seed"] = sampling.seed.map(JSONValue.int) }
        if let schema = request.schema {
            let (name, value) = field(for: schema)
            body[name] = value
        }
        if streamed {
            body["stream"] = true
            body["stream_options"] = ["include_usage": true]
        }
        return body
    }

    private func finished(_ body: RequestBody, _ request: ModelRequest) -> [UInt8] {
        var body = body
        body.add(extraBody)
        body.add(request.extra)
        return body.bytes
    }

    private func field(for schema: JSONValue) -> (name: String, value: JSONValue) {
        switch schemaField {
        case .structuredOutputs: ("structured_outputs", ["json": schema])
        case .guidedJSON: ("guided_json", schema)
        case .jsonSchema: ("json_schema", schema)
        case .responseFormat, .tool:
            (
                "response_format",
                ["type": "json_schema", "json_schema": ["name": "reply", "strict": true, "schema": schema]]
            )
        }
    }
}
