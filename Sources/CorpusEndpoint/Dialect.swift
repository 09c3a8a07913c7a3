import CorpusKit

/// How one API is asked and how it answers: pure translation, without network, clock or state.
protocol Dialect: Sendable {
    /// Where requests are posted.
    var url: String { get }
    /// Where the endpoint lists its models.
    var modelsURL: String { get }
    /// Header lines beside those that every request has; one of them may hold the key, so none appears in a message.
    var headers: [String] { get }

    /// The body of a request: equal requests have equal bytes.
    func body(for request: ModelRequest) -> [UInt8]

    /// The most prompt tokens that a body can mean; a budget reserves them.
    func worstInputTokens(of body: [UInt8], for request: ModelRequest) -> Int

    /// The reply that a body of status 200 holds.
    func reply(in body: [UInt8], to request: ModelRequest) throws(ReplyFault) -> ModelReply

    /// The models that the endpoint lists; nil when the body is no such list.
    func models(in body: [UInt8]) -> ModelList?
}
