public import CorpusKit

/// What a model's tokens cost, in nano-dollars per million tokens: exact for every published price.
public struct TokenPrice: Sendable, Hashable {
    /// For tokens of the prompt.
    public let input: Int
    /// For tokens of the prompt that came from the endpoint's cache.
    public let cachedInput: Int
    /// For tokens of the prompt that the endpoint put into its cache.
    public let cacheWrite: Int
    /// For tokens of the reply.
    public let output: Int

    /// Creates a price in nano-dollars per million tokens.
    ///
    /// - Parameters:
    ///   - input: For tokens of the prompt; not negative.
    ///   - cachedInput: For tokens from the endpoint's cache; nil means as much as others.
    ///   - cacheWrite: For tokens that the endpoint puts into its cache; nil means as much as others.
    ///   - output: For tokens of the reply; not negative.
    public init(input: Int, cachedInput: Int? = nil, cacheWrite: Int? = nil, output: Int) {
        precondition(
            input >= 0 && output >= 0 && cachedInput ?? 0 >= 0 && cacheWrite ?? 0 >= 0,
            "a price cannot be negative"
        )
        self.input = input
        self.cachedInput = cachedInput ?? input
        self.cacheWrite = cacheWrite ?? input
        self.output = output
    }

    /// Creates a price from dollars per million tokens as decimal texts; nil when one is no amount.
    public init?(dollarsPerMillion input: String, cachedInput: String? = nil, output: String) {
        guard let input = NanoDollars.read(input), let output = NanoDollars.read(output) else { return nil }
        let cached = cachedInput.map(NanoDollars.read)
        if case .some(nil) = cached { return nil }
        self.init(input: input, cachedInput: cached ?? nil, output: output)
    }

    /// What some tokens cost in nano-dollars; a fraction of one counts as one.
    public func cost(of usage: TokenUsage) -> Int {
        let cached = min(usage.cachedInput, usage.input)
        let written = min(usage.writtenInput, usage.input - cached)
        let sum =
            Int128(usage.input - cached - written) * Int128(input) + Int128(cached) * Int128(cachedInput)
            + Int128(written) * Int128(cacheWrite) + Int128(usage.output) * Int128(output)
        return Int(clamping: (sum + 999_999) / 1_000_000)
    }

    /// The most that a number of prompt and reply tokens can cost, whatever the cache does.
    func worstCost(input tokens: Int, output replyTokens: Int) -> Int {
        let dearest = TokenPrice(input: max(input, cachedInput, cacheWrite), output: output)
        return dearest.cost(of: TokenUsage(input: tokens, output: replyTokens))
    }
}
