import CorpusKit

/// OpenAI's older completions: a raw text goes in, and its continuation comes out.
struct CompletionsDialect: Dialect {
    let url: String
    let modelsURL: String
    let headers: [String]
    private let writer: ChatRequest

    init(_ configuration: EndpointConfiguration, _ address: EndpointAddress) {
        url = address.url("/completions")
        modelsURL = address.url("/models")
        headers = configuration.bearer
        writer = ChatRequest(configuration)
    }

    func body(for request: ModelRequest, streamed: Bool) throws(WorkFailure) -> [UInt8] {
        let api = EndpointAPI.openaiCompletions
        try request.refuse(
            if: request.prompt == nil || !request.messages.isEmpty,
            "takes a raw prompt and no turns",
            by: api,
            hint: "say `api: openai`, or leave `api:` out, for a model that is asked in turns"
        )
        try request.refuse(if: !request.tools.isEmpty, "has no tools", by: api)
        try writer.checkGrammar(of: request, for: api)
        return writer.continuation(of: request.prompt ?? "", for: request, streamed: streamed)
    }

    func worstInputTokens(of body: [UInt8], for request: ModelRequest) -> Int {
        request.worstInputTokens(of: body)
    }

    func replies(in body: JSONValue, to request: ModelRequest) throws(ReplyFault) -> [ModelReply] {
        try ChatReply.continuations(in: body, to: request)
    }

    func stream() -> any ReplyStream { ChatStream() }
}
