import CorpusKit
import Synchronization

/// Puts a reply together while its pieces come, in memory that follows the reply and not what was sent around it.
///
/// A server that knows no streams sends its body in one piece all the same, and so do gateways with an error: such a
/// body is kept and read as a whole.
final class StreamedReply: BodyReader {
    private struct State: Sendable {
        var assembler: StreamAssembler
        /// Whether the body is one piece; nil before its first byte.
        var isOnePiece: Bool?
        var body: [UInt8] = []
        var fault: ReplyFault?
    }

    private let dialect: any Dialect
    private let request: ModelRequest
    private let state: Mutex<State>

    /// Creates a reader for the reply to one sending of a request; `limitBytes` bounds each event.
    init(_ dialect: any Dialect, _ request: ModelRequest, limitBytes: Int) {
        (self.dialect, self.request) = (dialect, request)
        state = Mutex(State(assembler: StreamAssembler(dialect, request, limitBytes: limitBytes)))
    }

    var isWhole: Bool {
        state.withLock { $0.isOnePiece == false && $0.fault == nil && $0.assembler.isWhole }
    }

    func take(_ bytes: UnsafeRawBufferPointer) -> BodyProgress {
        state.withLock { state in
            if state.isOnePiece == nil, let first = unsafe bytes.first(where: { !Self.isSpace($0) }) {
                // Lines of a stream begin with a field's name or a colon.
                state.isOnePiece = "{[<".utf8.contains(first)
            }
            guard state.isOnePiece == false else {
                unsafe state.body.append(contentsOf: bytes)
                return state.isOnePiece == nil ? .waiting : .moving
            }
            let before = state.assembler.events
            do throws(ReplyFault) {
                try unsafe state.assembler.take(bytes)
            } catch {
                state.fault = error
                return .faulty
            }
            if state.assembler.isComplete { return .whole }
            return state.assembler.events > before ? .moving : .waiting
        }
    }

    /// The reply, once the exchange is over.
    func reply() throws(ReplyFault) -> ModelReply {
        try state.withLock { state throws(ReplyFault) in
            if let fault = state.fault { throw fault }
            guard state.isOnePiece == false else { return try dialect.reply(in: state.body, to: request) }
            guard let first = try state.assembler.replies().first else { throw .noChoices }
            return first
        }
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
}
