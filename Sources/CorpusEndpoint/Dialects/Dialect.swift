import CorpusKit

/// How one API is asked and how it answers: pure translation, without network, clock or state.
protocol Dialect: Sendable {
    /// Where requests are posted.
    var url: String { get }
    /// Where requests are posted whose replies are to come in pieces.
    var streamURL: String { get }
    /// Where the endpoint lists its models.
    var modelsURL: String { get }
    /// Header lines beside those that every request has; one of them may hold the key, so none appears in a message.
    var headers: [String] { get }

    /// The body of a request: equal requests have equal bytes.
    ///
    /// - Parameters:
    ///   - request: The question.
    ///   - streamed: Whether the reply is to come in pieces.
    /// - Returns: The bytes.
    /// - Throws: `WorkFailure` with `unsupported-request` when the API has no words for the question.
    func body(for request: ModelRequest, streamed: Bool) throws(WorkFailure) -> [UInt8]

    /// The most prompt tokens that a body can mean; a budget reserves them.
    func worstInputTokens(of body: [UInt8], for request: ModelRequest) -> Int

    /// The replies that the parsed body of a status 200 holds, at least one; the usage stands with the first.
    func replies(in body: JSONValue, to request: ModelRequest) throws(ReplyFault) -> [ModelReply]

    /// What puts a reply that comes in pieces together again.
    func stream() -> any ReplyStream

    /// The models that the endpoint lists; nil when the body is no such list.
    func models(in body: [UInt8]) -> ModelList?
}

extension Dialect {
    var streamURL: String { url }

    func body(for request: ModelRequest) throws(WorkFailure) -> [UInt8] {
        try body(for: request, streamed: false)
    }

    /// The replies that the body of a status 200 holds, at least one.
    func replies(in body: [UInt8], to request: ModelRequest) throws(ReplyFault) -> [ModelReply] {
        try replies(in: JSONValue(replyBody: body), to: request)
    }

    /// The first reply that the body of a status 200 holds.
    func reply(in body: [UInt8], to request: ModelRequest) throws(ReplyFault) -> ModelReply {
        guard let first = try replies(in: body, to: request).first else { throw .noChoices }
        return first
    }

    func models(in body: [UInt8]) -> ModelList? { ModelList(body: body) }
}

extension EndpointConfiguration {
    /// What speaks to the endpoint.
    func dialect(at address: EndpointAddress) -> any Dialect {
        switch api {
        case .openai: ChatDialect(self, address)
        case .openaiCompletions: CompletionsDialect(self, address)
        case .openaiResponses: ResponsesDialect(self, address)
        case .anthropic: AnthropicDialect(self, address)
        case .gemini: GeminiDialect(self, address)
        case .openaiEmbeddings: EmbeddingDialect(self, address)
        }
    }

    /// How a schema is sent: what the recipe says, or what the API does by itself.
    var effectiveSchemaField: SchemaField { schemaField ?? api.schemaFields.first ?? .responseFormat }

    /// The header that carries the key where OpenAI's way is followed.
    var bearer: [String] { key.map { ["Authorization: Bearer \($0.revealed)"] } ?? [] }
}
