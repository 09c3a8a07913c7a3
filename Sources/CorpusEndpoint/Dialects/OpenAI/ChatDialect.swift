import CorpusKit

/// OpenAI's chat completions, and the many servers that speak them.
struct ChatDialect: Dialect {
    let url: String
    let modelsURL: String
    let headers: [String]
    private let writer: ChatRequest

    init(_ configuration: EndpointConfiguration, _ address: EndpointAddress) {
        url = address.url("/chat/completions")
        modelsURL = address.url("/models")
        headers = configuration.bearer
        writer = ChatRequest(configuration)
    }

    func body(for request: ModelRequest, streamed: Bool) throws(WorkFailure) -> [UInt8] {
        try request.needsTurns(for: .openai)
        try writer.checkGrammar(of: request, for: .openai)
        return writer.body(for: request, streamed: streamed)
    }

    func worstInputTokens(of body: [UInt8], for request: ModelRequest) -> Int {
        request.worstInputTokens(of: body)
    }

    func replies(in body: JSONValue, to request: ModelRequest) throws(ReplyFault) -> [ModelReply] {
        try ChatReply.replies(in: body, to: request)
    }

    func stream() -> any ReplyStream { ChatStream() }
}
