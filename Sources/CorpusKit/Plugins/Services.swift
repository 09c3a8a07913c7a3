/// Answers model requests; the door to the network.
///
/// The engine calls it only for requests whose replies are not on the ledger yet.
public protocol ModelEndpoint: Sendable {
    /// Sends a request and waits for the reply, retrying what is worth it.
    ///
    /// - Parameters:
    ///   - request: The question; ``ModelRequest/choices`` says how many replies are wanted.
    ///   - role: The recipe's name for the use that is made of the model; who pays where caps are kept by role.
    ///   - charged: Told of every attempt that was booked and gave no reply, before anything else is sent, so that
    ///     a later run knows of it too.
    /// - Returns: The reply, and what its own attempt was booked at.
    /// - Throws: ``WorkFailure`` when no reply can be had, with `stopsRun` set for a bad key and the like;
    ///   ``BudgetExhausted`` when the worst case of the call does not fit the budget; `CancellationError`; what
    ///   `charged` throws.
    func complete(
        _ request: ModelRequest,
        for role: String,
        charged: @Sendable (Charge) async throws -> Void
    ) async throws -> EndpointReply
}

/// What one attempt at a call was booked at.
public struct Charge: Sendable, Hashable {
    /// Tokens of prompt and reply; the worst case where the endpoint did not count them.
    public var tokens: Int
    /// Billionths of a US dollar; nil when no price is known.
    public var cost: Int?

    /// Creates a charge.
    public init(tokens: Int, cost: Int? = nil) {
        self.tokens = tokens
        self.cost = cost
    }
}

/// A reply and what it took to get it.
public struct EndpointReply: Sendable, Hashable {
    /// The reply.
    public var reply: ModelReply
    /// How many times the request was sent, at least 1.
    public var attempts: Int
    /// What the attempt that gave the reply was booked at.
    public var charge: Charge
    /// The endpoint that answered: its URL without credentials and query.
    public var endpoint: String
    /// The further replies, where several were asked for; perhaps fewer of them.
    public var others: [Other]

    /// One more reply of the same exchange.
    public struct Other: Sendable, Hashable {
        /// The reply; its usage is its part of the whole.
        public var reply: ModelReply
        /// Its part of what the exchange was booked at.
        public var charge: Charge

        /// Creates a further reply.
        public init(reply: ModelReply, charge: Charge) {
            self.reply = reply
            self.charge = charge
        }
    }

    /// Creates a record of a reply.
    public init(
        reply: ModelReply,
        attempts: Int = 1,
        charge: Charge,
        endpoint: String,
        others: [Other] = []
    ) {
        self.reply = reply
        self.attempts = attempts
        self.charge = charge
        self.endpoint = endpoint
        self.others = others
    }
}

/// The next call does not fit the budget any more; the run drains and can be resumed with a larger one.
public struct BudgetExhausted: Error, Sendable, Hashable, CustomStringConvertible {
    /// One sentence that names the cap, what is spent and what the call may need.
    public let description: String

    /// Creates the error.
    public init(_ description: String) { self.description = description }
}

/// Runs untrusted programs.
public protocol Sandbox: Sendable {
    /// The level that isolates programs: `full`, `oneshot`, `landlock` or `none`.
    var isolation: String { get }

    /// Name and version of what judges programs: drivers, comparison, limits.
    ///
    /// Results of two harnesses are not interchangeable, so the version rises whenever one and the same program could
    /// be judged otherwise.
    var harness: String { get }

    /// Whether tests of a kind can be run in a language, once its toolchain is there.
    func canRun(_ kind: TestSuite.Kind, in language: String) -> Bool

    /// Name and version of what runs a language, or nil when its toolchain is missing.
    ///
    /// - Throws: ``WorkFailure`` with `toolchain-missing` when there is one that cannot be used, which says why, and
    ///   with `sandbox-error` when the sandbox could not find out; `CancellationError`.
    func toolchain(for language: String) async throws -> String?

    /// Runs a job.
    ///
    /// - Throws: ``WorkFailure`` with `sandbox-error` when the sandbox could not do its work twice in a row,
    ///   `CancellationError`. A program that fails is a result.
    func run(_ job: ExecutionJob) async throws -> ExecutionResult
}
