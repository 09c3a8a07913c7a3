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
        if request.choices > 1 { body["n"] = .int(request.choices) }
        let form = request.schema.flatMap(field) ?? request.grammar.flatMap(field)
        if let form { body[form.name] = form.value }
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

    /// Refuses a grammar that the endpoint cannot be told.
    func checkGrammar(of request: ModelRequest, for api: EndpointAPI) throws(WorkFailure) {
        guard let grammar = request.grammar else { return }
        try request.refuse(if: request.schema != nil, "takes a schema or a grammar, not both", by: api)
        var kind = "regular expression"
        if case .gbnf = grammar { kind = "grammar" }
        try request.refuse(
            if: field(for: grammar) == nil,
            "has no words for a \(kind) under `schema: \(schemaField.rawValue)`",
            by: api,
            hint: "say what the server takes: `schema: structured_outputs` or `guided_json` (vLLM), or "
                + "`json_schema` (llama.cpp, no regular expressions)"
        )
    }

    private func field(for grammar: Grammar) -> (name: String, value: JSONValue)? {
        switch (schemaField, grammar) {
        case (.structuredOutputs, .gbnf(let rules)): ("structured_outputs", ["grammar": .string(rules)])
        case (.structuredOutputs, _): ("structured_outputs", grammar.json)
        case (.guidedJSON, .gbnf(let rules)): ("guided_grammar", .string(rules))
        case (.guidedJSON, .regex(let pattern)): ("guided_regex", .string(pattern))
        case (.guidedJSON, .choice(let texts)): ("guided_choice", .array(texts.map(JSONValue.string)))
        case (.jsonSchema, .gbnf(let rules)): ("grammar", .string(rules))
        case (.jsonSchema, .choice(let texts)):
            // The escapes of a JSON string are those of GBNF.
            (
                "grammar",
                .string("root ::= " + texts.map { JSONValue.string($0).canonical }.joined(separator: " | "))
            )
        case (.jsonSchema, .regex), (.responseFormat, _), (.tool, _), (.unsent, _): nil
        }
    }

    private func field(for schema: JSONValue) -> (name: String, value: JSONValue)? {
        switch schemaField {
        case .unsent: nil
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
