import CorpusKit

/// Writes requests in the words of OpenAI's responses.
struct ResponsesRequest: Sendable {
    /// The endpoint's name for the model.
    let apiModel: String
    let schemaField: SchemaField
    /// Added to every body; null leaves a field out.
    let extraBody: [String: JSONValue]

    init(_ configuration: EndpointConfiguration) {
        apiModel = configuration.apiModel
        schemaField = configuration.effectiveSchemaField
        extraBody = configuration.extraBody
    }

    /// The body as canonical JSON; the API takes no seed, so none is sent.
    func body(for request: ModelRequest, streamed: Bool) -> [UInt8] {
        let sampling = request.sampling
        // System turns at the start are the instructions; one that comes later keeps its place.
        let leading = request.messages.prefix { $0.role == .system }
        var body = RequestBody([
            "model": .string(apiModel), "store": false, "max_output_tokens": .int(sampling.maxTokens),
            "input": .array(request.messages.dropFirst(leading.count).flatMap(items)),
        ])
        if !leading.isEmpty {
            body["instructions"] = .string(leading.map(\.content).joined(separator: "\n\n"))
        }
        body["temperature"] = sampling.temperature.map(JSONValue.number)
        body["top_p"] = sampling.topP.map(JSONValue.number)
        if let schema = request.schema, schemaField != .unsent {
            body["text"] = [
                "format": ["type": "json_schema", "name": "reply", "strict": true, "schema": schema]
            ]
        }
        if !request.tools.isEmpty {
            body["tools"] = .array(request.tools.map(tool))
            body["tool_choice"] = request.toolChoice.map(choice)
        }
        if let count = sampling.logprobs {
            body["include"] = ["message.output_text.logprobs"]
            body["top_logprobs"] = .int(count)
        }
        if streamed { body["stream"] = true }
        body.add(extraBody)
        body.add(request.extra)
        return body.bytes
    }

    private func items(_ message: Message) -> [JSONValue] {
        if message.role == .tool {
            return [
                [
                    "type": "function_call_output", "call_id": .string(message.toolCallID ?? ""),
                    "output": .string(message.content),
                ]
            ]
        }
        let calls = message.toolCalls.map { call -> JSONValue in
            [
                "type": "function_call", "call_id": .string(call.id), "name": .string(call.name),
                "arguments": .string(call.arguments),
            ]
        }
        if message.content.isEmpty, !calls.isEmpty { return calls }
        return [["role": .string(message.role.rawValue), "content": .string(message.content)]] + calls
    }

    private func tool(_ tool: ToolDefinition) -> JSONValue {
        var json: [String: JSONValue] = [
            "type": "function", "name": .string(tool.name), "parameters": tool.parameters,
            // Left out, it would mean strict here, which most schemas are not written for.
            "strict": false,
        ]
        json["description"] = tool.description.map(JSONValue.string)
        return .object(json)
    }

    private func choice(_ choice: ToolChoice) -> JSONValue {
        if case .tool(let name) = choice { return ["type": "function", "name": .string(name)] }
        return choice.json
    }
}
