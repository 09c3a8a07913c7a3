/// How a model's requests are put together into batches.
public struct BatchSettings: Sendable, Hashable {
    /// The most rows of a batch, at least 1; the API's own limit holds as well.
    public var maxRows: Int
    /// The most bytes of a batch's requests; a single larger request goes alone.
    public var maxBytes: Int
    /// A batch is sent when no request has come for so long, however small it is.
    public var quiet: Duration
    /// What a token costs in a batch, as a part of what it costs in a single call.
    public var priceFactor: Double
    /// The wait before the first look at a batch; each further one is half as long again.
    public var firstPoll: Duration
    /// The longest wait between two looks.
    public var longestPoll: Duration

    /// Creates settings: 10,000 rows, 100 MB, 30 seconds and half the price, unless told otherwise.
    public init(
        maxRows: Int = 10_000,
        maxBytes: Int = 100_000_000,
        quiet: Duration = .seconds(30),
        priceFactor: Double = 0.5,
        firstPoll: Duration = .seconds(10),
        longestPoll: Duration = .seconds(300)
    ) {
        self.maxRows = maxRows
        self.maxBytes = maxBytes
        self.quiet = quiet
        self.priceFactor = priceFactor
        self.firstPoll = firstPoll
        self.longestPoll = longestPoll
    }
}

extension TokenPrice {
    /// The price in a batch; a fraction of a billionth counts as one.
    func scaled(by factor: Double) -> TokenPrice {
        func part(_ price: Int) -> Int { Int((Double(price) * factor).rounded(.up)) }
        return TokenPrice(
            input: part(input),
            cachedInput: part(cachedInput),
            cacheWrite: part(cacheWrite),
            output: part(output)
        )
    }
}
