import CorpusKit

/// Writes requests in the words of Google's `generateContent`.
struct GeminiRequest: Sendable {
    let sendsSeed: Bool
    let schemaField: SchemaField
    /// Added to every body; null leaves a field out.
    let extraBody: [String: JSONValue]

    init(_ configuration: EndpointConfiguration) {
        sendsSeed = configuration.sendsSeed
        schemaField = configuration.effectiveSchemaField
        extraBody = configuration.extraBody
    }

    /// The body as canonical JSON; the model stands in the address.
    ///
    /// All system turns stand together, apart from the conversation, and neighbouring turns of one role are one.
    ///
    /// - Throws: `WorkFailure` with `unsupported-request` when a call's arguments are no JSON object, or a result
    ///   answers no call.
    func body(for request: ModelRequest) throws(WorkFailure) -> [UInt8] {
        let system = request.messages.filter { $0.role == .system }.map(\.content).filter { !$0.isEmpty }
        var body = RequestBody([
            "contents": .array(try contents(request.messages)), "generationConfig": settings(request),
        ])
        if !system.isEmpty {
            body["systemInstruction"] = ["parts": [["text": .string(system.joined(separator: "\n\n"))]]]
        }
        if !request.tools.isEmpty {
            body["tools"] = [["functionDeclarations": .array(request.tools.map(declaration))]]
            body["toolConfig"] = request.toolChoice.map { ["functionCallingConfig": mode($0)] }
        }
        body.add(extraBody)
        body.add(request.extra)
        // Further settings join ours, but what a call may cost was promised to the budget.
        var config = body["generationConfig"]?.members ?? [:]
        config["maxOutputTokens"] = .int(request.sampling.maxTokens)
        config["candidateCount"] = request.choices > 1 ? .int(request.choices) : nil
        body["generationConfig"] = .object(config)
        return body.bytes
    }

    private func settings(_ request: ModelRequest) -> JSONValue {
        let sampling = request.sampling
        var config: [String: JSONValue] = [:]
        config["temperature"] = sampling.temperature.map(JSONValue.number)
        config["topP"] = sampling.topP.map(JSONValue.number)
        if !sampling.stop.isEmpty { config["stopSequences"] = .array(sampling.stop.map(JSONValue.string)) }
        if sendsSeed { config["seed"] = sampling.seed.map(JSONValue.int) }
        if let schema = request.schema, schemaField != .unsent {
            config["responseMimeType"] = "application/json"
            config["responseJsonSchema"] = schema
        }
        if let count = sampling.logprobs {
            config["responseLogprobs"] = true
            if count > 0 { config["logprobs"] = .int(count) }
        }
        return .object(config)
    }

    private func declaration(_ tool: ToolDefinition) -> JSONValue {
        var json: [String: JSONValue] = [
            "name": .string(tool.name), "parametersJsonSchema": tool.parameters,
        ]
        json["description"] = tool.description.map(JSONValue.string)
        return .object(json)
    }

    private func mode(_ choice: ToolChoice) -> JSONValue {
        switch choice {
        case .auto: ["mode": "AUTO"]
        case .none: ["mode": "NONE"]
        case .required: ["mode": "ANY"]
        case .tool(let name): ["mode": "ANY", "allowedFunctionNames": [.string(name)]]
        }
    }

    private func contents(_ messages: [Message]) throws(WorkFailure) -> [JSONValue] {
        var turns: [(role: String, parts: [JSONValue])] = []
        var names: [String: String] = [:]
        for message in messages where message.role != .system {
            let role = message.role == .assistant ? "model" : "user"
            let parts = try parts(message, names)
            for call in message.toolCalls { names[call.id] = call.name }
            if turns.last?.role == role {
                turns[turns.count - 1].parts += parts
            } else {
                turns.append((role, parts))
            }
        }
        return turns.map { ["role": .string($0.role), "parts": .array($0.parts)] }
    }

    /// What a turn holds; results are told by the function's name, since calls have no ids here.
    private func parts(_ message: Message, _ names: [String: String]) throws(WorkFailure) -> [JSONValue] {
        if message.role == .tool {
            guard let name = message.toolCallID.flatMap({ names[$0] }) else {
                throw WorkFailure(
                    .unsupportedRequest,
                    "a turn of a tool answers a call that no turn before it made"
                )
            }
            let parsed = try? JSONValue(parsing: Array(message.content.utf8))
            let response = parsed?.members.map(JSONValue.object) ?? ["output": .string(message.content)]
            return [["functionResponse": ["name": .string(name), "response": response]]]
        }
        var parts: [JSONValue] = []
        if !message.content.isEmpty || message.toolCalls.isEmpty {
            parts.append(["text": .string(message.content)])
        }
        for call in message.toolCalls {
            let arguments = try call.parsedArguments(for: .gemini)
            parts.append(["functionCall": ["name": .string(call.name), "args": arguments]])
        }
        return parts
    }
}
