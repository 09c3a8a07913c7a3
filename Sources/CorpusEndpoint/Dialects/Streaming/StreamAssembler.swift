import CorpusKit

/// Puts the body together again that a reply would have had in one piece.
protocol ReplyStream: Sendable {
    /// Whether the reply is whole: nothing that matters follows.
    var isComplete: Bool { get }

    /// Takes the next event.
    ///
    /// - Parameter event: The event.
    /// - Throws: What is wrong with it; ``ReplyFault/reported(_:)`` when it is an error.
    mutating func take(_ event: ServerEvent) throws(ReplyFault)

    /// The body, for ``Dialect`` to read; asked for only when the stream is over.
    ///
    /// - Returns: The parsed body; nil when the stream ended before the reply did.
    func body() -> JSONValue?
}

/// Reads a reply that comes in pieces: bytes go in as they arrive, and at the end the reply comes out.
///
/// The reply is the one that the same body in one piece would have given: both are read by the same code. Pieces
/// serve only to notice in time when an endpoint has stopped working.
struct StreamAssembler: Sendable {
    private let dialect: any Dialect
    private let request: ModelRequest
    private var reader: ServerEventReader
    private var stream: any ReplyStream
    /// How many events have come; the first one ends the wait for the first token.
    private(set) var events = 0

    /// Creates an assembler for the reply to a request.
    ///
    /// - Parameters:
    ///   - dialect: Who wrote the request, with `streamed` set.
    ///   - request: The request.
    ///   - limitBytes: The most bytes of one event.
    init(_ dialect: any Dialect, _ request: ModelRequest, limitBytes: Int) {
        self.dialect = dialect
        self.request = request
        reader = ServerEventReader(limitBytes: limitBytes)
        stream = dialect.stream()
    }

    /// Whether the reply is whole, so that the connection may be let go.
    var isComplete: Bool { stream.isComplete }

    /// Whether the reply is whole by its own account, though the stream may go on.
    var isWhole: Bool { stream.isComplete || stream.body() != nil }

    /// Takes the next bytes of the body.
    ///
    /// - Parameter bytes: The bytes.
    /// - Throws: What is wrong with them.
    mutating func take(_ bytes: some Sequence<UInt8>) throws(ReplyFault) {
        for event in try reader.events(in: bytes) { try take(event) }
    }

    /// The replies, once the stream is over.
    ///
    /// - Returns: The replies, at least one.
    /// - Throws: ``ReplyFault/unfinished(events:)`` when the stream ended before the reply did; what is wrong with it.
    mutating func replies() throws(ReplyFault) -> [ModelReply] {
        if let last = try reader.end() { try take(last) }
        guard let body = stream.body() else { throw events == 0 ? .empty : .unfinished(events: events) }
        return try dialect.replies(in: body, to: request)
    }

    private mutating func take(_ event: ServerEvent) throws(ReplyFault) {
        events += 1
        try stream.take(event)
    }
}
