/// One HTTP request, complete.
struct HTTPRequest: Sendable {
    /// How long the parts of an exchange may take, and how much may come back.
    struct Limits: Sendable, Hashable {
        /// Until the connection stands, TLS included.
        var connect: Duration = .seconds(10)
        /// From sending to the last byte.
        var total: Duration = .seconds(600)
        /// From sending until a ``HTTPRequest/reader`` sees the reply begin; nil, or without a reader, as long as
        /// the whole may take.
        var beginning: Duration?
        /// Between two pieces of a body that has begun, or between two signs of life that a reader sees.
        ///
        /// The wait for the first piece is not counted, whatever headers came before: a model that answers in one
        /// piece is silent while it writes.
        var idle: Duration = .seconds(60)
        /// How long a server may take to end a reply that its reader has found whole; then the connection is closed.
        var farewell: Duration = .seconds(1)
        /// The largest reply body in bytes.
        var replyBytes = 64 << 20
    }

    var url: String
    /// Nil asks with GET, anything else is posted.
    var body: [UInt8]?
    /// Lines of the form `Name: value`; may hold a key, so they never appear in a message.
    var headers: [String] = []
    var limits = Limits()
    /// What reads the body of a success while it comes, so that nothing is kept of it; nil keeps the body whole.
    var reader: (any BodyReader)?
    /// Whether the proxies of the environment are left aside.
    var bypassesProxies = false
    /// Whether it must not be sent a second time without our knowledge, at the cost of a connection of its own.
    var isSentOnce = false

    /// The shortest limit that somebody has to look after; the others are libcurl's.
    var shortestWatch: Duration {
        guard reader != nil else { return limits.idle }
        return min(limits.idle, limits.farewell, limits.beginning ?? limits.idle)
    }
}

/// Reads a reply's body while it comes.
///
/// It is asked by one thread after the other, never by two at once, and must not wait: other replies come through the
/// same thread.
protocol BodyReader: Sendable {
    /// Whether what has come is a whole reply, though the server may not have ended it.
    var isWhole: Bool { get }

    /// Takes the next bytes.
    func take(_ bytes: UnsafeRawBufferPointer) -> BodyProgress
}

/// What some bytes of a body mean.
enum BodyProgress: Sendable, Hashable {
    /// Nothing yet: the sender has only shown that it is there.
    case waiting
    /// The reply has begun or gone on.
    case moving
    /// Nothing that matters follows.
    case whole
    /// The rest is of no use; the reader knows why.
    case faulty
}

/// An HTTP reply, whatever its status.
struct HTTPReply: Sendable {
    var status: Int
    /// The headers worth keeping, by lower-case name: see ``Transfer/keeps(_:)``.
    var headers: [String: String] = [:]
    /// Whether the server calls the body HTML.
    var isWebPage = false
    var body: [UInt8] = []
    /// From sending to the last byte.
    var duration: Duration = .zero
}

/// An exchange that ended without a whole reply.
struct TransportFailure: Error, Sendable, Hashable {
    /// What went wrong.
    enum Kind: Sendable, Hashable {
        /// The address cannot be used at all.
        case badAddress
        case unknownHost
        /// No connection; the system's error number, or 0.
        case noConnection(Int32)
        case connectTimeout
        /// TLS could not be agreed on.
        case tls
        /// The certificate is not trusted, or its check could not be made.
        case certificate
        /// The connection broke while the request or the reply was on its way.
        case broken
        /// The reply did not end in time.
        case totalTimeout
        /// The reply did not begin in time.
        case beginningTimeout
        /// The reply stopped in the middle for too long.
        case idleTimeout
        /// The reply is larger than the limit.
        case tooLarge
        /// What came back is not HTTP.
        case notHTTP
        /// The caller was cancelled.
        case cancelled
        /// The engine has been shut down.
        case stopped
        /// libcurl gave up for another reason; its code.
        case other(Int32)
    }

    var kind: Kind
    /// Whether any part of the request left this machine, so that the endpoint may have worked and charge for
    /// it.
    var wasSent = false
}

extension Duration {
    /// Whole milliseconds, rounded up, so that a short limit does not become none.
    var milliseconds: Int {
        let (seconds, attoseconds) = components
        let (product, overflows) = seconds.multipliedReportingOverflow(by: 1000)
        guard !overflows else { return seconds < 0 ? .min : .max }
        let parts = (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
        return Int(clamping: product.addingReportingOverflow(parts).partialValue)
    }
}
