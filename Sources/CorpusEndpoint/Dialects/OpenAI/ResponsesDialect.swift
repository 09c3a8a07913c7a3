import CorpusKit

/// OpenAI's responses, without anything kept at the endpoint.
struct ResponsesDialect: Dialect {
    let url: String
    let modelsURL: String
    let headers: [String]
    private let writer: ResponsesRequest

    init(_ configuration: EndpointConfiguration, _ address: EndpointAddress) {
        url = address.url("/responses")
        modelsURL = address.url("/models")
        headers = configuration.bearer
        writer = ResponsesRequest(configuration)
    }

    func body(for request: ModelRequest, streamed: Bool) throws(WorkFailure) -> [UInt8] {
        let api = EndpointAPI.openaiResponses
        try request.needsTurns(for: api)
        try request.needsOneChoice(for: api)
        try request.needsNoGrammar(for: api)
        try request.refuse(
            if: !request.sampling.stop.isEmpty,
            "has no stop texts",
            by: api,
            hint: "leave `stop:` out, or say `api: openai`: most endpoints speak it as well"
        )
        return writer.body(for: request, streamed: streamed)
    }

    func worstInputTokens(of body: [UInt8], for request: ModelRequest) -> Int {
        request.worstInputTokens(of: body)
    }

    func replies(in body: JSONValue, to request: ModelRequest) throws(ReplyFault) -> [ModelReply] {
        [try ResponsesReply.reply(in: body, to: request)]
    }

    func stream() -> any ReplyStream { ResponsesStream() }
}
