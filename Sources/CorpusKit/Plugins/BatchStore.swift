public import CorpusModel

/// A batch of requests that was handed to an endpoint's batch API, or is about to be.
public struct BatchRecord: Sendable, Hashable {
    /// One request of a batch.
    public struct Row: Sendable, Hashable {
        /// The question, which gives the row its key.
        public var request: ModelRequest
        /// The recipe's name for the use that is made of the model; who pays.
        public var role: String

        /// Creates a row.
        public init(request: ModelRequest, role: String) {
            self.request = request
            self.role = role
        }
    }

    /// Our own name for the batch, sent along where the API has a place for it.
    public let tag: String
    /// Who is asked: `ModelRequest.model`.
    public let model: String
    /// The endpoint: its URL without credentials and query.
    public let endpoint: String
    /// In which words it is asked.
    public let api: EndpointAPI
    /// When the batch was made up, in seconds since 1970.
    public let madeAt: Double
    /// Its requests in their order.
    public let rows: [Row]
    /// The endpoint's name for the file with the requests; nil where there is none, or none yet.
    public var file: String?
    /// The endpoint's name for the batch; nil until the endpoint has told it.
    public var id: String?

    /// Creates a record.
    public init(
        tag: String,
        model: String,
        endpoint: String,
        api: EndpointAPI,
        madeAt: Double,
        rows: [Row],
        file: String? = nil,
        id: String? = nil
    ) {
        self.tag = tag
        self.model = model
        self.endpoint = endpoint
        self.api = api
        self.madeAt = madeAt
        self.rows = rows
        self.file = file
        self.id = id
    }
}

/// A reply that a batch brought.
public struct BatchedReply: Sendable, Hashable {
    /// What was asked.
    public var request: ModelRequest
    /// Who pays.
    public var role: String
    /// The reply and what it was booked at.
    public var reply: EndpointReply

    /// Creates a reply.
    public init(request: ModelRequest, role: String, reply: EndpointReply) {
        self.request = request
        self.role = role
        self.reply = reply
    }
}

/// Remembers batches for longer than a process lives, so that none is paid for twice.
///
/// What it has confirmed survives the end of the process at any moment.
public protocol BatchStore: Sendable {
    /// Remembers a batch before anything of it is sent.
    ///
    /// - Parameter batch: The batch, with a tag that no other has.
    /// - Throws: What keeps the store from doing so; the batch is not sent then.
    func remember(_ batch: BatchRecord) async throws

    /// Adds the endpoint's own names to a batch.
    ///
    /// - Parameters:
    ///   - tag: The batch.
    ///   - file: The name of its file, nil when there is none.
    ///   - id: The name of the batch, nil as long as it is not known.
    /// - Throws: What keeps the store from doing so.
    func name(_ tag: String, file: String?, id: String?) async throws

    /// The batches that were remembered and not closed, oldest first.
    ///
    /// - Returns: The batches of all models and endpoints.
    /// - Throws: What keeps the store from telling them.
    func openBatches() async throws -> [BatchRecord]

    /// Books the replies of a batch and forgets it, in one step.
    ///
    /// A reply whose key is booked already is left as it is.
    ///
    /// - Parameters:
    ///   - tag: The batch.
    ///   - replies: What it brought, also where nobody waits for it any more.
    /// - Throws: What keeps the store from doing so; the batch stays open then.
    func close(_ tag: String, keeping replies: [BatchedReply]) async throws
}
