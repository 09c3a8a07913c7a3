import CorpusKit

/// OpenAI's chat completions, and the many servers that speak them.
struct ChatDialect: Dialect {
    let url: String
    let modelsURL: String
    let headers: [String]
    private let writer: ChatRequest

    init(_ configuration: EndpointConfiguration, _ address: EndpointAddress) {
        url = address.chat
        modelsURL = address.models
        headers = configuration.key.map { ["Authorization: Bearer \($0.revealed)"] } ?? []
        writer = ChatRequest(configuration)
    }

    func body(for request: ModelRequest) -> [UInt8] { writer.body(for: request) }

    func worstInputTokens(of body: [UInt8], for request: ModelRequest) -> Int {
        ChatRequest.worstInputTokens(body: body, turns: request.messages.count)
    }

    func reply(in body: [UInt8], to request: ModelRequest) throws(ReplyFault) -> ModelReply {
        try ChatReply.read(body, maxTokens: request.sampling.maxTokens)
    }

    func models(in body: [UInt8]) -> ModelList? { ModelList(body: body) }
}
