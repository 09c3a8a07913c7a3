extension ModelRequest {
    /// Reads a question back from its ``json``; nil when it is none.
    ///
    /// What is read has the same ``key`` as what was written.
    public init?(json: JSONValue) {
        if let model = json["model"]?.text, let texts = json["embed"]?.elements {
            self.init(model: model, texts: texts.compactMap(\.text), extra: json["extra"]?.members ?? [:])
            guard self.json == json else { return nil }
            return
        }
        guard let model = json["model"]?.text, let turns = json["messages"]?.elements,
            let maxTokens = json["max_tokens"]?.whole
        else { return nil }
        let messages = turns.compactMap(Message.init(json:))
        let tools = json["tools"]?.elements ?? []
        guard messages.count == turns.count else { return nil }
        self.init(
            model: model,
            messages: messages,
            sampling: Sampling(
                temperature: json["temperature"]?.real,
                topP: json["top_p"]?.real,
                maxTokens: maxTokens,
                stop: (json["stop"]?.elements ?? []).compactMap(\.text),
                seed: json["seed"]?.whole,
                logprobs: json["logprobs"]?.whole
            ),
            extra: json["extra"]?.members ?? [:],
            schema: json["schema"].flatMap { $0 == .null ? JSONValue?.none : $0 },
            tools: tools.compactMap(ToolDefinition.init(json:)),
            toolChoice: json["tool_choice"].flatMap(ToolChoice.init(json:)),
            repetition: json["repetition"]?.whole ?? 0
        )
        prompt = json["prompt"]?.text
        grammar = json["grammar"].flatMap(Grammar.init(json:))
        guard self.json == json else { return nil }
    }
}

extension ToolDefinition {
    /// Reads a definition from its ``json``.
    fileprivate init?(json: JSONValue) {
        guard let function = json["function"], let name = function["name"]?.text,
            let parameters = function["parameters"]
        else { return nil }
        self.init(name: name, description: function["description"]?.text, parameters: parameters)
    }
}

extension ToolChoice {
    /// Reads a choice from its ``json``.
    fileprivate init?(json: JSONValue) {
        switch json.text {
        case "auto": self = .auto
        case "none": self = .none
        case "required": self = .required
        default:
            guard let name = json["function"]?["name"]?.text else { return nil }
            self = .tool(name)
        }
    }
}
