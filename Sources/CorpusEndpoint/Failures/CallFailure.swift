import CorpusKit

/// What a failed attempt means for what comes next.
enum FailureClass: Sendable, Hashable {
    /// Worth another try, not before the wait that the endpoint named.
    case again(after: Duration?)
    /// Not here; another endpoint of the same model may do it.
    case elsewhere
    /// No endpoint will ever do it.
    case never
    /// The content was refused.
    case refused
    /// The request does not fit the model.
    case tooLong
}

/// An attempt that gave no reply, classified once and for all.
struct CallFailure: Error, Sendable, Hashable {
    var kind: FailureClass
    /// Stable name; counted, and the code of the failure when nothing helps.
    var code: ReasonCode
    /// One sentence; holds no key, header or prompt.
    var message: String
    /// What a person can do about it.
    var hint: String?
    /// Whether every further call would fail in the same way.
    var stopsRun = false
    /// Whether the endpoint may have worked for it, and charge.
    var mayBeCharged = false
    /// Whether the endpoint had more to do than it could, though it did not say so.
    var showsOverload = false

    init(
        _ kind: FailureClass,
        _ code: ReasonCode,
        _ message: String,
        hint: String? = nil,
        stopsRun: Bool = false,
        mayBeCharged: Bool = false
    ) {
        self.kind = kind
        self.code = code
        self.message = message
        self.hint = hint
        self.stopsRun = stopsRun
        self.mayBeCharged = mayBeCharged
    }

    /// Whether the endpoint is merely not ready yet.
    var isLoading: Bool { code == .endpointLoading }

    /// The failure as it leaves the room, with the number of times that the request was sent.
    func workFailure(attempts: Int) -> WorkFailure {
        let tries = attempts > 1 ? ", \(attempts) times" : ""
        return WorkFailure(code, message + tries, hint: hint, stopsRun: stopsRun)
    }
}

extension ReasonCode {
    static let transport: ReasonCode = "transport"
    static let timeout: ReasonCode = "timeout"
    static let rateLimited: ReasonCode = "rate-limited"
    static let overloaded: ReasonCode = "overloaded"
    static let endpointError: ReasonCode = "endpoint-error"
    static let endpointLoading: ReasonCode = "endpoint-loading"
    static let badReply: ReasonCode = "bad-reply"
    static let replyTooLarge: ReasonCode = "reply-too-large"
    static let tooLong: ReasonCode = "too-long"
    static let contentRefused: ReasonCode = "content-refused"
    static let endpointRefused: ReasonCode = "endpoint-refused"
    static let badKey: ReasonCode = "bad-key"
    static let unknownModel: ReasonCode = "unknown-model"
    static let quotaExhausted: ReasonCode = "quota-exhausted"
    static let badAddress: ReasonCode = "bad-address"
    static let badCertificate: ReasonCode = "bad-certificate"
    static let endpointDown: ReasonCode = "endpoint-down"
}
