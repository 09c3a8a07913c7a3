import CorpusKit

/// Writes requests in the words of Anthropic's messages.
struct AnthropicRequest: Sendable {
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
    ///
    /// All system turns stand together, apart from the conversation, and neighbouring turns of one role are one.
    ///
    /// - Throws: `WorkFailure` with `unsupported-request` when a call's arguments are no JSON object.
    func body(for request: ModelRequest, streamed: Bool) throws(WorkFailure) -> [UInt8] {
        let sampling = request.sampling
        let system = request.messages.filter { $0.role == .system }.map(\.content)
            .filter { !$0.isEmpty }
        var body = RequestBody([
            "model": .string(apiModel), "max_tokens": .int(sampling.maxTokens),
            "messages": .array(try turns(request.messages)),
        ])
        if !system.isEmpty { body["system"] = .string(system.joined(separator: "\n\n")) }
        body["temperature"] = sampling.temperature.map(JSONValue.number)
        body["top_p"] = sampling.topP.map(JSONValue.number)
        if !sampling.stop.isEmpty { body["stop_sequences"] = .array(sampling.stop.map(JSONValue.string)) }
        addTools(to: &body, request)
        if let schema = request.schema, schemaField == .responseFormat {
            body["output_config"] = ["format": ["type": "json_schema", "schema": schema]]
        }
        if streamed { body["stream"] = true }
        body.add(extraBody)
        body.add(request.extra)
        return body.bytes
    }

    /// The function whose arguments are the reply; nil when the reply is a text.
    func replyTool(for request: ModelRequest) -> String? {
        guard request.schema != nil, schemaField == .tool else { return nil }
        var name = "reply"
        while request.tools.contains(where: { $0.name == name }) { name += "_" }
        return name
    }

    private func addTools(to body: inout RequestBody, _ request: ModelRequest) {
        var tools = request.tools
        var choice = tools.isEmpty ? nil : request.toolChoice
        if let name = replyTool(for: request), let schema = request.schema {
            // With tools of the request's own beside it, the model chooses between them and the reply.
            choice = tools.isEmpty ? .tool(name) : .required
            tools.append(
                ToolDefinition(name: name, description: "Takes your whole reply.", parameters: schema)
            )
        }
        guard !tools.isEmpty else { return }
        body["tools"] = .array(
            tools.map { tool in
                var json: [String: JSONValue] = [
                    "name": .string(tool.name), "input_schema": tool.parameters,
                ]
                json["description"] = tool.description.map(JSONValue.string)
                return .object(json)
            }
        )
        body["tool_choice"] = choice.map { choice in
            switch choice {
            case .auto: ["type": "auto"]
            case .none: ["type": "none"]
            case .required: ["type": "any"]
            case .tool(let name): ["type": "tool", "name": .string(name)]
            }
        }
    }

    private func turns(_ messages: [Message]) throws(WorkFailure) -> [JSONValue] {
        var turns: [(role: String, blocks: [JSONValue])] = []
        for message in messages where message.role != .system {
            let role = message.role == .assistant ? "assistant" : "user"
            let blocks = try blocks(message)
            if turns.last?.role == role {
                turns[turns.count - 1].blocks += blocks
            } else if !blocks.isEmpty {
                turns.append((role, blocks))
            }
        }
        return turns.map { turn in
            let only = turn.blocks.count == 1 ? turn.blocks[0]["text"] : nil
            return ["role": .string(turn.role), "content": only ?? .array(turn.blocks)]
        }
    }

    /// What a turn holds; the endpoint refuses blocks without text, so there are none.
    private func blocks(_ message: Message) throws(WorkFailure) -> [JSONValue] {
        if message.role == .tool {
            return [
                [
                    "type": "tool_result", "tool_use_id": .string(message.toolCallID ?? ""),
                    "content": .string(message.content),
                ]
            ]
        }
        var blocks: [JSONValue] = []
        if !message.content.isEmpty {
            blocks.append(["type": "text", "text": .string(message.content)])
        }
        for call in message.toolCalls {
            blocks.append([
                "type": "tool_use", "id": .string(call.id), "name": .string(call.name),
                "input": try call.parsedArguments(for: .anthropic),
            ])
        }
        return blocks
    }
}

extension ToolCall {
    /// The arguments as a JSON object, for APIs that take no text.
    ///
    /// - Throws: `WorkFailure` with `unsupported-request` when they are none; another conversation may do better.
    func parsedArguments(for api: EndpointAPI) throws(WorkFailure) -> JSONValue {
        if let value = try? JSONValue(parsing: Array(arguments.utf8)), case .object = value { return value }
        throw WorkFailure(
            .unsupportedRequest,
            "the API `\(api.rawValue)` cannot be told of a call of `\(name)` whose arguments are no JSON object"
        )
    }
}
