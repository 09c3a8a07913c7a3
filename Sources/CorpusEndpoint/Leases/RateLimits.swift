/// What one model may be sent within a minute at one endpoint; nil where nobody said.
public struct RateLimits: Sendable, Hashable {
    /// Requests.
    public var requests: Int?
    /// Tokens of prompts.
    public var inputTokens: Int?
    /// Tokens of replies.
    public var outputTokens: Int?

    /// Creates limits.
    public init(requests: Int? = nil, inputTokens: Int? = nil, outputTokens: Int? = nil) {
        self.requests = requests
        self.inputTokens = inputTokens
        self.outputTokens = outputTokens
    }
}
