public import CorpusKit

/// How long the parts of one call may take.
public struct EndpointTimeouts: Sendable, Hashable {
    /// Until the connection stands, TLS included.
    public var connect: Duration
    /// From sending to the last byte, the endpoint's own queue included.
    public var total: Duration
    /// From sending to the first piece of a reply that comes in pieces, the endpoint's own queue included.
    public var firstToken: Duration
    /// Between two pieces of a reply that has begun to arrive.
    public var idle: Duration

    /// Creates timeouts: 10 seconds, 10 minutes, 2 minutes and 1 minute unless told otherwise.
    public init(
        connect: Duration = .seconds(10),
        total: Duration = .seconds(600),
        firstToken: Duration = .seconds(120),
        idle: Duration = .seconds(60)
    ) {
        self.connect = connect
        self.total = total
        self.firstToken = firstToken
        self.idle = idle
    }
}

/// One model behind one endpoint.
public struct EndpointConfiguration: Sendable, Hashable {
    /// Who the model is to the run: `ModelRequest.model`.
    public var name: String
    /// The model's name as the endpoint knows it.
    public var apiModel: String
    /// The endpoint's address, with or without `/v1`.
    public var baseURL: String
    /// In which words it is asked.
    public var api: EndpointAPI
    /// How a JSON schema is sent; nil leaves it to the API.
    public var schemaField: SchemaField?
    /// The key, sent in a header and shown nowhere.
    public var key: Secret?
    /// The environment variable that holds the key; named in messages.
    public var keyVariable: String?
    /// The most calls at once; nil lets the client find it, up to ``autoCeiling``.
    public var concurrency: Int?
    /// What may be sent within a minute, beside what the endpoint says of itself.
    public var rates: RateLimits
    /// The share of calls that it gets among the endpoints of a model; above 0.
    public var weight: Double
    /// How long the parts of one call may take.
    public var timeouts: EndpointTimeouts
    /// The fewest tokens allowed of a reply that is asked for in pieces; nil asks for none so.
    public var streamsFrom: Int?
    /// The largest reply in bytes; nil takes what the tokens asked for can sensibly have, up to 64 MiB.
    public var maxReplyBytes: Int?
    /// What tokens cost; nil when unknown, which a cap on dollars allows on this machine only.
    public var price: TokenPrice?
    /// Fields added to every request's body, but not ``reservedFields``; `null` leaves a field out.
    public var extraBody: [String: JSONValue]
    /// How many times a request is sent at most, at least 1.
    public var maxAttempts: Int
    /// Whether `seed` is sent; some endpoints refuse it.
    public var sendsSeed: Bool
    /// How the most tokens of a reply are told.
    public var tokenLimitField: TokenLimitField

    /// Creates a configuration; only the name and the address have no default.
    public init(
        name: String,
        baseURL: String,
        apiModel: String? = nil,
        api: EndpointAPI = .openai,
        schemaField: SchemaField? = nil,
        key: Secret? = nil,
        keyVariable: String? = nil,
        concurrency: Int? = nil,
        rates: RateLimits = RateLimits(),
        weight: Double = 1,
        timeouts: EndpointTimeouts = EndpointTimeouts(),
        streamsFrom: Int? = nil,
        maxReplyBytes: Int? = nil,
        price: TokenPrice? = nil,
        extraBody: [String: JSONValue] = [:],
        maxAttempts: Int = 6,
        sendsSeed: Bool = true,
        tokenLimitField: TokenLimitField = .maxTokens
    ) {
        self.name = name
        self.apiModel = apiModel ?? name
        self.baseURL = baseURL
        self.api = api
        self.schemaField = schemaField
        self.key = key
        self.keyVariable = keyVariable
        self.concurrency = concurrency
        self.rates = rates
        self.weight = weight
        self.timeouts = timeouts
        self.streamsFrom = streamsFrom
        self.maxReplyBytes = maxReplyBytes
        self.price = price
        self.extraBody = extraBody
        self.maxAttempts = maxAttempts
        self.sendsSeed = sendsSeed
        self.tokenLimitField = tokenLimitField
    }

    /// Body fields that ``extraBody`` may not touch: they belong to the request, or would break the budget's
    /// reservation.
    public static let reservedFields: Set<String> = [
        "model", "messages", "stream", "n", "best_of", "max_tokens", "max_completion_tokens",
        "max_output_tokens", "prompt", "input", "contents", "stream_options",
        // What would bring text into the prompt that stands in no body.
        "previous_response_id", "conversation", "background", "cachedContent", "mcp_servers", "container",
    ]
}
