import CorpusKit

/// Google's `generateContent`.
struct GeminiDialect: Dialect {
    let url: String
    let streamURL: String
    let modelsURL: String
    let headers: [String]
    private let writer: GeminiRequest

    init(_ configuration: EndpointConfiguration, _ address: EndpointAddress) {
        let model = "/models/" + address.component(ModelList.withoutFolder(configuration.apiModel))
        url = address.url(model + ":generateContent")
        streamURL = address.url(model + ":streamGenerateContent", query: "alt=sse")
        // The list comes in pages of fifty unless told otherwise.
        modelsURL = address.url("/models", query: "pageSize=1000")
        headers = configuration.key.map { ["x-goog-api-key: \($0.revealed)"] } ?? []
        writer = GeminiRequest(configuration)
    }

    func body(for request: ModelRequest, streamed: Bool) throws(WorkFailure) -> [UInt8] {
        try request.needsTurns(for: .gemini)
        try request.needsNoGrammar(for: .gemini)
        return try writer.body(for: request)
    }

    func worstInputTokens(of body: [UInt8], for request: ModelRequest) -> Int {
        request.worstInputTokens(of: body)
    }

    func replies(in body: JSONValue, to request: ModelRequest) throws(ReplyFault) -> [ModelReply] {
        try GeminiReply.replies(in: body, to: request)
    }

    func stream() -> any ReplyStream { GeminiStream() }
}
