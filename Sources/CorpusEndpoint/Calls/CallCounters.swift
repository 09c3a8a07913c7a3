public import CorpusKit
import Synchronization

/// What a model's calls have come to so far.
public struct EndpointCounts: Sendable, Hashable {
    /// Requests sent, repeated ones included.
    public var sent = 0
    /// Requests that ended with a reply.
    public var replies = 0
    /// Requests that ended without one.
    public var failures = 0
    /// Requests between sending and the last byte.
    public var inFlight = 0
    /// Calls that have a lease: those in flight, and those that are about to be.
    package var leased = 0
    /// Calls that wait for a lease.
    public var waiting = 0
    /// Requests that ended without a reply, by code; those that were stopped from our side are not among them.
    public var errors: [ReasonCode: Int] = [:]
    /// Seconds from sending to the last byte, of replies.
    public var latency = Histogram()
    /// Seconds that calls waited for a lease.
    public var leaseWait = Histogram()
    /// Requests that were slow and asked a second time elsewhere.
    public var hedged = 0
    /// Calls that may be in flight at present.
    public var limit = 0
    /// Repeated requests, by the code of what made them necessary.
    public var retries: [ReasonCode: Int] = [:]
    /// Tokens as the endpoint counted them.
    public var usage = TokenUsage()
    /// Nano-dollars booked, failed attempts that may be charged for included.
    public var cost = 0

    /// Creates counts of nothing.
    public init() {}

    /// Adds the counts of another model.
    public static func += (total: inout EndpointCounts, more: EndpointCounts) {
        total.sent += more.sent
        total.replies += more.replies
        total.failures += more.failures
        total.inFlight += more.inFlight
        total.leased += more.leased
        total.waiting += more.waiting
        total.hedged += more.hedged
        total.errors.merge(more.errors, uniquingKeysWith: +)
        total.latency += more.latency
        total.leaseWait += more.leaseWait
        total.limit += more.limit
        total.retries.merge(more.retries, uniquingKeysWith: +)
        total.usage.input += more.usage.input
        total.usage.cachedInput += more.usage.cachedInput
        total.usage.output += more.usage.output
        total.cost += more.cost
    }
}

/// A moment of an endpoint client.
public struct EndpointSnapshot: Sendable, Hashable {
    /// One model at one endpoint.
    public struct Lane: Sendable, Hashable {
        /// The model's name in the run.
        public var model: String
        /// The endpoint's address, without credentials and query.
        public var endpoint: String
        /// What its calls have come to.
        public var counts: EndpointCounts
        /// Whether its prices are known, so that its cost is.
        public var isPriced: Bool

        /// Creates the account of a lane.
        public init(model: String, endpoint: String, counts: EndpointCounts, isPriced: Bool = true) {
            self.isPriced = isPriced
            self.model = model
            self.endpoint = endpoint
            self.counts = counts
        }
    }

    /// The counts of each model by its name in the run.
    public var models: [String: EndpointCounts]
    /// The counts of each model at each of its endpoints, by model and in the recipe's order.
    public var lanes: [Lane]

    /// Creates a snapshot.
    public init(models: [String: EndpointCounts], lanes: [Lane] = []) {
        self.models = models
        self.lanes = lanes
    }

    /// All models together.
    public var total: EndpointCounts { models.values.reduce(into: EndpointCounts()) { $0 += $1 } }
}

/// Keeps the counts of one model.
final class CallCounters: Sendable {
    private let counts = Mutex(EndpointCounts())

    var current: EndpointCounts { counts.withLock { $0 } }

    func update(_ change: (inout EndpointCounts) -> Void) { counts.withLock { change(&$0) } }
}
