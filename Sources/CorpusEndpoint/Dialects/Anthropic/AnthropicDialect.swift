import CorpusKit

/// Anthropic's messages.
struct AnthropicDialect: Dialect {
    let url: String
    let modelsURL: String
    let headers: [String]
    private let writer: AnthropicRequest

    init(_ configuration: EndpointConfiguration, _ address: EndpointAddress) {
        url = address.url("/messages")
        // The list comes in pages of twenty unless told otherwise.
        modelsURL = address.url("/models", query: "limit=1000")
        headers =
            (configuration.key.map { ["x-api-key: \($0.revealed)"] } ?? []) + [
                "anthropic-version: 2023-06-01"
            ]
        writer = AnthropicRequest(configuration)
    }

    func body(for request: ModelRequest, streamed: Bool) throws(WorkFailure) -> [UInt8] {
        try request.needsTurns(for: .anthropic)
        try request.needsOneChoice(for: .anthropic)
        try request.needsNoGrammar(for: .anthropic)
        try request.refuse(if: request.sampling.logprobs != nil, "tells no likelihoods", by: .anthropic)
        return try writer.body(for: request, streamed: streamed)
    }

    /// Tools and schemas bring instructions of the endpoint's own, so that a schema counts as a tool.
    func worstInputTokens(of body: [UInt8], for request: ModelRequest) -> Int {
        request.worstInputTokens(of: body, hasTools: request.schema != nil)
    }

    func replies(in body: JSONValue, to request: ModelRequest) throws(ReplyFault) -> [ModelReply] {
        [try AnthropicReply.reply(in: body, to: request, replyTool: writer.replyTool(for: request))]
    }

    func stream() -> any ReplyStream { AnthropicStream() }
}
