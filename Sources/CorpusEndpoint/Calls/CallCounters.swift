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
    /// Calls that wait for a lease.
    public var waiting = 0
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
        total.waiting += more.waiting
        total.hedged += more.hedged
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
    /// The counts of each model by its name in the run.
    public var models: [String: EndpointCounts]

    /// Creates a snapshot.
    public init(models: [String: EndpointCounts]) { self.models = models }

    /// All models together.
    public var total: EndpointCounts { models.values.reduce(into: EndpointCounts()) { $0 += $1 } }
}

/// Keeps the counts of one model.
final class CallCounters: Sendable {
    private let counts = Mutex(EndpointCounts())

    var current: EndpointCounts { counts.withLock { $0 } }

    func update(_ change: (inout EndpointCounts) -> Void) { counts.withLock { change(&$0) } }
}
