/// In which words an endpoint is asked and answers.
public enum EndpointAPI: String, Sendable, Hashable, CaseIterable {
    /// OpenAI's chat completions, which nearly all servers speak.
    case openai
    /// OpenAI's older completions: a raw text that the model continues.
    case openaiCompletions = "openai-completions"
    /// OpenAI's responses.
    case openaiResponses = "openai-responses"
    /// Anthropic's messages.
    case anthropic
    /// Google's `generateContent`.
    case gemini
    /// OpenAI's embeddings: texts become vectors.
    case openaiEmbeddings = "openai-embeddings"

    /// Whether one request can bring several replies to one question.
    public var givesChoices: Bool {
        switch self {
        case .openai, .openaiCompletions, .gemini: true
        case .openaiResponses, .anthropic, .openaiEmbeddings: false
        }
    }

    /// Whether requests can be handed over in batches that are done within a day.
    public var hasBatches: Bool {
        switch self {
        case .openai, .openaiCompletions, .anthropic: true
        case .openaiResponses, .gemini, .openaiEmbeddings: false
        }
    }

    /// The ways in which a JSON schema can be sent; the first is taken unless a recipe says otherwise.
    public var schemaFields: [SchemaField] {
        switch self {
        case .openai, .openaiCompletions:
            [.responseFormat, .structuredOutputs, .guidedJSON, .jsonSchema, .unsent]
        case .openaiResponses, .gemini: [.responseFormat, .unsent]
        case .anthropic: [.tool, .responseFormat, .unsent]
        case .openaiEmbeddings: [.unsent]
        }
    }

    /// The fields that can tell the most tokens of a reply; the first is taken unless a recipe says otherwise.
    ///
    /// Empty where there is one only and nothing to choose.
    public var tokenLimitFields: [TokenLimitField] {
        switch self {
        case .openai: [.maxTokens, .maxCompletionTokens]
        case .openaiCompletions, .openaiResponses, .anthropic, .gemini, .openaiEmbeddings: []
        }
    }

    /// What a model behind it can be used for.
    public var use: ModelUse {
        switch self {
        case .openaiCompletions: .prompt
        case .openaiEmbeddings: .embeddings
        case .openai, .openaiResponses, .anthropic, .gemini: .turns
        }
    }

    /// Whether a request can name texts that end the reply.
    public var hasStopTexts: Bool { self != .openaiResponses && self != .openaiEmbeddings }
}

/// What is said to a model, and what comes back.
public enum ModelUse: String, Sendable, Hashable, CaseIterable {
    /// The turns of a conversation; the next turn.
    case turns
    /// A raw text; what follows it.
    case prompt
    /// Texts; a vector for each of them.
    case embeddings
}

/// The field that tells an endpoint the most tokens of a reply.
public enum TokenLimitField: String, Sendable, Hashable, CaseIterable {
    /// What nearly all understand.
    case maxTokens = "max_tokens"
    /// What newer models of OpenAI insist on.
    case maxCompletionTokens = "max_completion_tokens"
}

/// How an endpoint is told the JSON schema that a reply must satisfy.
public enum SchemaField: String, Sendable, Hashable, CaseIterable {
    /// The API's own field: `response_format`, `text.format`, `output_config.format` or `responseJsonSchema`.
    case responseFormat = "response_format"
    /// vLLM since 0.12.
    case structuredOutputs = "structured_outputs"
    /// vLLM before 0.12, and servers that took over its field.
    case guidedJSON = "guided_json"
    /// llama.cpp's server.
    case jsonSchema = "json_schema"
    /// A function that the model is made to call; its arguments are the reply.
    case tool
    /// Not at all: the prompt asks for the form in words, and whoever reads the reply checks it.
    case unsent = "none"

    /// Whether the server that is told so takes grammars as well.
    public var comesWithGrammars: Bool {
        switch self {
        case .structuredOutputs, .guidedJSON, .jsonSchema: true
        case .responseFormat, .tool, .unsent: false
        }
    }
}
