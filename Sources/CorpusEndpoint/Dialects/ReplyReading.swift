import CorpusKit

extension JSONValue {
    /// Parses the body of a status 200.
    ///
    /// - Throws: What is wrong with it; ``ReplyFault/reported(_:)`` when it is an error in a reply's place.
    init(replyBody body: [UInt8]) throws(ReplyFault) {
        do {
            self = try JSONValue(parsing: body)
        } catch {
            throw ReplyFault(unparsable: body, error)
        }
        guard case .object = self else { throw .wrongShape("expected an object, found \(kindName)") }
    }

    /// A count of tokens that can be true.
    var tokenCount: Int? {
        guard let whole, (0...1_000_000_000).contains(whole) else { return nil }
        return whole
    }

    /// Finds the error that stands in a reply's place; a member that is null says that there is none.
    func throwReportedError() throws(ReplyFault) {
        guard let error = self["error"], error != .null, let report = ErrorReport(self) else { return }
        throw .reported(report)
    }
}

/// What a model asked for, as far as it can be read.
struct ReadCalls {
    private(set) var calls: [ToolCall] = []
    /// Whether some call is missing from ``calls``.
    private(set) var hasUnreadable = false

    /// Adds a call; nil when it could not be read.
    ///
    /// One without an id gets one of ours.
    mutating func add(_ call: ToolCall?) {
        guard var call else {
            hasUnreadable = true
            return
        }
        if call.id.isEmpty { call.id = "call_\(calls.count)" }
        calls.append(call)
    }

    /// The end of a reply with these calls: what the endpoint says, put right by what is there.
    func finish(_ stated: ModelReply.Finish) -> ModelReply.Finish {
        switch stated {
        case .stop where hasUnreadable, .toolCalls where hasUnreadable || calls.isEmpty: .other
        case .stop where !calls.isEmpty: .toolCalls
        default: stated
        }
    }
}

extension TokenLogprob {
    /// Reads the list that chat completions and responses give; nil when anything about it is odd.
    static func read(openAI list: JSONValue?) -> [TokenLogprob]? {
        guard let entries = list?.elements else { return nil }
        var result: [TokenLogprob] = []
        for entry in entries {
            guard let token = entry["token"]?.text, let logprob = entry["logprob"]?.real else { return nil }
            let alternatives = (entry["top_logprobs"]?.elements ?? []).compactMap { other in
                other["token"]?.text.flatMap { text in
                    other["logprob"]?.real.map { Alternative(text, $0) }
                }
            }
            result.append(TokenLogprob(token, logprob, alternatives: alternatives))
        }
        return result
    }
}
