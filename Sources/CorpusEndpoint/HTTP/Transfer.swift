internal import CCurlShim

/// One request on its way through the engine.
///
/// Unchecked: what changes is touched by the engine's thread alone, once the transfer has been handed over.
@safe
final class Transfer: @unchecked Sendable {
    typealias Outcome = Result<HTTPReply, TransportFailure>

    let number: UInt64
    let request: HTTPRequest
    /// Whether it was sent, and whether libcurl wanted to send it again.
    private var (wasSent, isRepeated) = (false, false)
    private var began = ContinuousClock.now
    /// When the last piece of the body came; nil before the first.
    private var lastPiece: ContinuousClock.Instant?
    /// When the reader had all that it wants.
    private var wholeSince: ContinuousClock.Instant?
    private var isTooLarge = false
    private var isFaulty = false
    var handle: TransferHandle?
    private var status = 0
    private var isWebPage = false
    private var headers: [String: String] = [:]
    private var headerBytes = 0
    private var bodyBytes = 0
    private var body: [UInt8] = []
    private let continuation: UnsafeContinuation<Outcome, Never>

    init(number: UInt64, request: HTTPRequest, continuation: UnsafeContinuation<Outcome, Never>) {
        self.number = number
        self.request = request
        unsafe self.continuation = continuation
    }

    /// Gives the transfer a handle to work with; it must outlive the handle's work.
    func begin(with handle: TransferHandle) -> Bool {
        (self.handle, began) = (handle, .now)
        return handle.load(self)
    }

    /// Whether the request may go out now: once only.
    ///
    /// When a connection that was used before dies under a request, libcurl sends it again by itself. The endpoint may
    /// have worked on the first one and charge for both, and nobody here would know.
    func maySend() -> Bool {
        (wasSent, isRepeated) = (true, wasSent)
        return !isRepeated
    }

    /// Takes a piece of the body; whether more is wanted.
    func takeBody(_ piece: UnsafeRawBufferPointer) -> Bool {
        if wholeSince != nil { return true }
        guard bodyBytes + piece.count <= request.limits.replyBytes else {
            isTooLarge = true
            return false
        }
        bodyBytes += piece.count
        guard let reader = request.reader, (200..<300).contains(status) else {
            lastPiece = .now
            unsafe body.append(contentsOf: piece)
            return true
        }
        switch unsafe reader.take(piece) {
        case .waiting: break
        case .moving: lastPiece = .now
        case .whole: wholeSince = .now
        case .faulty: isFaulty = true
        }
        return !isFaulty
    }

    /// The limit that the transfer has gone beyond, of those that are not libcurl's; nil while it is in time.
    func overdue(at now: ContinuousClock.Instant) -> TransportFailure.Kind? {
        let limits = request.limits
        if let wholeSince { return now - wholeSince > limits.farewell ? .idleTimeout : nil }
        if let lastPiece { return now - lastPiece > limits.idle ? .idleTimeout : nil }
        guard request.reader != nil, let most = limits.beginning, now - began > most else { return nil }
        return .beginningTimeout
    }

    private static let statusLine = Array("HTTP/".utf8)
    private static let pageMark = Array("html".utf8)

    /// Whether letters are somewhere in a header, in whatever case; in lower case themselves.
    private static func holds(_ header: UnsafeRawBufferPointer, _ letters: [UInt8]) -> Bool {
        var (place, matched) = (0, 0)
        while place < header.count {
            if unsafe header[place] | 0x20 == letters[matched] {
                matched += 1
                if matched == letters.count { return true }
            } else {
                // All that may begin anew: no two letters of a mark are the same.
                matched = unsafe header[place] | 0x20 == letters[0] ? 1 : 0
            }
            place += 1
        }
        return false
    }

    /// Takes a line of the head; whether more is wanted.
    func takeHeader(_ piece: UnsafeRawBufferPointer) -> Bool {
        // Most headers are of no interest: their first letter (in lower case) says so without making a text.
        guard let first = unsafe piece.first, "charlx".utf8.contains(first | 0x20) else { return true }
        if first | 0x20 == UInt8(ascii: "c") {
            // Only `Content-Type` has a T behind its hyphen, and only `Content-Length` an L.
            guard piece.count > 15 else { return true }
            switch unsafe piece[8] | 0x20 {
            case UInt8(ascii: "t"): isWebPage = unsafe Self.holds(piece, Self.pageMark)
            case UInt8(ascii: "l") where request.reader == nil:
                let digits = unsafe piece[15...].drop { $0 == 0x20 }.prefix(7).prefix { 0x30...0x39 ~= $0 }
                // A guess: however much comes is taken.
                body.reserveCapacity(unsafe digits.reduce(0) { 10 * $0 + Int($1 & 0x0F) })
            default: break
            }
            return true
        }
        // An interim reply (100, 103) has headers of its own, which say nothing about the final one.
        if unsafe piece.starts(with: Self.statusLine) {
            (headers, isWebPage) = ([:], false)
            let digits = unsafe piece.drop { $0 != 0x20 }.dropFirst().prefix(3)
            unsafe status = digits.reduce(0) { 10 * $0 + Int($1 & 0x0F) }
            return true
        }
        let line = unsafe String(decoding: piece, as: UTF8.self)
        guard let colon = line.firstIndex(of: ":") else { return true }
        let name = line[..<colon].lowercased()
        headerBytes += line.utf8.count
        guard Self.keeps(name), headerBytes <= 64 << 10 else { return true }
        let value = line[line.index(after: colon)...].drop { $0.isWhitespace }
        headers[name] = String(value.reversed().drop { $0.isWhitespace }.reversed())
        return true
    }

    /// Whether a header is kept: what it takes to wait, to explain a redirect and to learn rate limits.
    static func keeps(_ name: String) -> Bool {
        switch name {
        case "retry-after", "retry-after-ms", "location": true
        default: name.contains("ratelimit-")
        }
    }

    /// Ends the transfer with what libcurl says; called once.
    func finish(_ code: CURLcode, _ facts: CorpusCurlFacts) {
        if code == CURLE_OK || isFaulty {
            succeed(Duration.microseconds(facts.total_microseconds))
        } else {
            let kind = isTooLarge ? .tooLarge : isRepeated ? .broken : TransportFailure.Kind(code, facts)
            fail(kind, wasSent: left(facts))
        }
    }

    /// Whether any byte of the request left this machine; a handle that has not begun speaks of the transfer before.
    func left(_ facts: CorpusCurlFacts) -> Bool { isRepeated || wasSent && facts.was_sent }

    private func succeed(_ duration: Duration) {
        let reply = HTTPReply(
            status: status,
            headers: headers,
            isWebPage: isWebPage,
            body: body,
            duration: duration
        )
        unsafe continuation.resume(returning: .success(reply))
    }

    /// Ends the transfer without a reply, unless its reader has a whole one; called once.
    func fail(_ kind: TransportFailure.Kind, wasSent: Bool) {
        if kind != .cancelled, kind != .stopped, let reader = request.reader, reader.isWhole {
            // What is left of the connection is of no interest.
            return succeed((wholeSince ?? .now) - began)
        }
        unsafe continuation.resume(returning: .failure(TransportFailure(kind: kind, wasSent: wasSent)))
    }
}

extension TransportFailure.Kind {
    /// Reads libcurl's result.
    init(_ code: CURLcode, _ facts: CorpusCurlFacts) {
        switch code {
        case CURLE_URL_MALFORMAT: self = .badAddress
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: self = .unknownHost
        case CURLE_COULDNT_CONNECT: self = .noConnection(Int32(clamping: facts.os_error))
        case CURLE_OPERATION_TIMEDOUT: self = facts.was_connected ? .totalTimeout : .connectTimeout
        case CURLE_SSL_CONNECT_ERROR, CURLE_SSL_CIPHER, CURLE_USE_SSL_FAILED: self = .tls
        case CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CACERT_BADFILE,
            CURLE_SSL_CRL_BADFILE, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_INVALIDCERTSTATUS,
            CURLE_SSL_PINNEDPUBKEYNOTMATCH:
            self = .certificate
        case CURLE_GOT_NOTHING, CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_PARTIAL_FILE, CURLE_HTTP2,
            CURLE_HTTP2_STREAM, CURLE_SSL_SHUTDOWN_FAILED:
            self = .broken
        case CURLE_FILESIZE_EXCEEDED: self = .tooLarge
        // Other schemes never get this far, so an unsupported protocol is the reply's: HTTP/0.9 or noise.
        case CURLE_UNSUPPORTED_PROTOCOL, CURLE_WEIRD_SERVER_REPLY, CURLE_BAD_CONTENT_ENCODING: self = .notHTTP
        default: self = .other(Int32(bitPattern: code.rawValue))
        }
    }
}
