import CorpusKit
import Glibc
import TestSupport
import Testing

@testable import CorpusEndpoint

/// One row of the error table: an answer and what it means.
struct Row: Sendable, CustomTestStringConvertible {
    let answer: Answer
    let kind: FailureClass
    let code: ReasonCode
    var stops = false
    var charges = false

    var testDescription: String {
        "\(answer.status) \(String(decoding: answer.body.prefix(60), as: UTF8.self))"
    }

    init(
        _ status: Int,
        _ body: String,
        _ kind: FailureClass,
        _ code: ReasonCode,
        stops: Bool = false,
        charges: Bool = false,
        headers: [String] = []
    ) {
        answer = .status(status, body, headers: headers)
        (self.kind, self.code, self.stops, self.charges) = (kind, code, stops, charges)
    }

    private static func again(
        _ status: Int,
        _ body: String = "{}",
        code: ReasonCode = .endpointError,
        after: Duration? = nil,
        charges: Bool = false,
        headers: [String] = []
    ) -> Row { Row(status, body, .again(after: after), code, charges: charges, headers: headers) }

    private static func error(
        _ message: String,
        type: String = "invalid_request_error",
        code: String = "null"
    ) -> String {
        #"{"error":{"message":"\#(message)","type":"\#(type)","code":\#(code)}}"#
    }

    static let temporary: [Row] = [
        again(408), again(409), again(425), again(500), again(500, "<html>oops</html>"),
        again(502, charges: true), again(504, charges: true), again(520, charges: true),
        again(503, code: .overloaded), again(529, code: .overloaded),
        again(429, code: .rateLimited),
        again(429, code: .rateLimited, after: .seconds(7), headers: ["Retry-After: 7"]),
        again(429, code: .rateLimited, after: .milliseconds(1500), headers: ["Retry-After: 1.5"]),
        again(
            429,
            code: .rateLimited,
            after: .milliseconds(20),
            headers: ["retry-after-ms: 20", "Retry-After: 1"]
        ),
        again(
            503,
            code: .overloaded,
            after: .seconds(90),
            headers: ["Retry-After: Thu, 01 Jan 1970 00:16:40 GMT"]
        ),
        again(503, code: .overloaded, after: .zero, headers: ["Retry-After: Thu, 01 Jan 1970 00:00:01 GMT"]),
        again(503, code: .overloaded, headers: ["Retry-After: soon"]),
        again(503, code: .overloaded, headers: ["Retry-After: -5"]),
        again(429, error("Rate limit for omni-moderation reached: too many tokens"), code: .rateLimited),
        again(
            503,
            #"{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}"#,
            code: .endpointLoading
        ),
    ]

    static let final: [Row] = [
        Row(401, error("Incorrect API key provided: sk-te**ghij"), .never, .badKey, stops: true),
        Row(403, error("no access"), .never, .badKey, stops: true),
        Row(402, error("Insufficient credits"), .elsewhere, .quotaExhausted, stops: true),
        Row(
            429,
            error("You exceeded your current quota", code: #""insufficient_quota""#),
            .elsewhere,
            .quotaExhausted,
            stops: true
        ),
        Row(404, error("The model `m` does not exist.", code: "404"), .never, .unknownModel, stops: true),
        Row(
            404,
            #"{"error":{"message":"model \"m\" not found, try pulling it first"}}"#,
            .never,
            .unknownModel,
            stops: true
        ),
        Row(400, error("no", code: #""model_not_found""#), .never, .unknownModel, stops: true),
        Row(404, #"{"detail":"Not Found"}"#, .never, .badAddress, stops: true),
        Row(404, "<html>nginx</html>", .never, .badAddress, stops: true),
        Row(
            301,
            "",
            .never,
            .badAddress,
            stops: true,
            headers: ["Location: https://models.example.org/v1?key=x"]
        ),
        Row(400, error("bad temperature"), .never, .endpointRefused),
        Row(
            400,
            error("'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."),
            .never,
            .endpointRefused,
            stops: true
        ),
        Row(400, "not json", .never, .endpointRefused),
        Row(422, #"{"detail":[{"loc":["body"],"msg":"field required"}]}"#, .never, .endpointRefused),
        Row(405, "", .never, .badAddress, stops: true), Row(501, "", .never, .badAddress, stops: true),
        Row(
            400,
            #"{"error":{"code":400,"message":"the request exceeds the available context size","type":"exceed_context_size_error","n_prompt_tokens":9000,"n_ctx":4096}}"#,
            .tooLong,
            .tooLong
        ),
        Row(400, error("too big", code: #""context_length_exceeded""#), .tooLong, .tooLong),
        Row(
            400,
            #"{"object":"error","message":"This model's maximum context length is 4096 tokens. However, you requested 5000 tokens","type":"BadRequestError","code":400}"#,
            .tooLong,
            .tooLong
        ),
        Row(400, error("prompt is too long: 9 > 8"), .tooLong, .tooLong),
        Row(413, "", .tooLong, .tooLong),
        Row(400, error("The response was filtered", code: #""content_filter""#), .refused, .contentRefused),
        Row(403, error("Your input was flagged"), .refused, .contentRefused),
        Row(400, error("x", code: #""content_policy_violation""#), .refused, .contentRefused),
    ]
}

@Suite("Error table")
struct CallFailureTests {
    private let label: EndpointLabel

    init() throws {
        let configuration = configuration("http://127.0.0.1:1/v1?token=hidden")
        label = EndpointLabel(configuration, try EndpointAddress(configuration.baseURL))
    }

    @Test("Every status has its class", arguments: Row.temporary + Row.final)
    func statuses(row: Row) {
        var reply = HTTPReply(status: row.answer.status, body: row.answer.body)
        for line in row.answer.headers {
            let parts = line.split(separator: ":", maxSplits: 1).map { $0.trimmingPrefix(" ") }
            reply.headers[parts[0].lowercased()] = String(parts[1])
        }
        let failure = CallFailure(reply, from: label, request: request(), now: 910)

        #expect(failure.kind == row.kind)
        #expect(failure.code == row.code)
        #expect(failure.stopsRun == row.stops)
        #expect(failure.mayBeCharged == row.charges)
        #expect(!failure.message.contains("token=") && !(failure.hint ?? "").contains("key=x"))
    }

    @Test(
        "Every broken exchange has its class",
        arguments: [
            (.unknownHost, .transport), (.noConnection(ECONNREFUSED), .transport),
            (.noConnection(0), .transport),
            (.connectTimeout, .timeout), (.tls, .transport), (.broken, .transport), (.totalTimeout, .timeout),
            (.idleTimeout, .timeout), (.notHTTP, .transport), (.other(27), .transport),
        ] as [(TransportFailure.Kind, ReasonCode)],
        [true, false]
    )
    func transports(row: (kind: TransportFailure.Kind, code: ReasonCode), wasSent: Bool) throws {
        let transport = TransportFailure(kind: row.kind, wasSent: wasSent)
        let failure = try #require(CallFailure(transport, from: label, limits: .init()))

        #expect(failure.kind == .again(after: nil))
        #expect(failure.code == row.code)
        #expect(failure.mayBeCharged == wasSent)
        #expect(!failure.stopsRun)
    }

    @Test("Trust, size and addresses do not get better by asking again")
    func finalTransports() throws {
        let rows: [(TransportFailure.Kind, ReasonCode, Bool)] = [
            (.certificate, .badCertificate, true), (.badAddress, .badAddress, true),
            (.tooLarge, .replyTooLarge, false),
        ]
        for (kind, code, stops) in rows {
            let failure = try #require(
                CallFailure(TransportFailure(kind: kind), from: label, limits: .init())
            )
            #expect(failure.kind == .never)
            #expect(failure.code == code)
            #expect(failure.stopsRun == stops)
        }
        #expect(CallFailure(TransportFailure(kind: .cancelled), from: label, limits: .init()) == nil)
        #expect(CallFailure(TransportFailure(kind: .stopped), from: label, limits: .init()) == nil)
    }

    @Test(
        "A message names the endpoint, the status and what a person can do",
        arguments: [
            (
                401, "{}",
                "the endpoint `http://127.0.0.1:1/v1` refused the key in `TEACHER_KEY` (status 401)",
                "set `TEACHER_KEY` to a key that may use `teacher` and give the same command again"
            ),
            (
                400, #"{"error":"min_p is not supported"}"#,
                "the endpoint `http://127.0.0.1:1/v1` refused the request (status 400): min_p is not supported",
                "check the model's settings in the recipe against what this endpoint accepts"
            ),
            (
                404, "", "nothing answers chat requests at `http://127.0.0.1:1/v1` (status 404)",
                "check the address: chat requests go to `http://127.0.0.1:1/v1/chat/completions`"
            ),
        ]
    )
    func wording(status: Int, body: String, message: String, hint: String) {
        let reply = HTTPReply(status: status, body: Array(body.utf8))
        let failure = CallFailure(reply, from: label, request: request(), now: 0).workFailure(attempts: 1)

        #expect(failure.description == message)
        #expect(failure.hint == hint)
    }

    @Test("An explanation that quotes the prompt or the key is not shown")
    func quotes() {
        let prompt = "Write a function that\n  reverses a linked list of confidential things"
        let request = request(prompt)
        let quoting = label.explanation("bad input: 'reverses a linked list of conf'", request: request)
        let keyed = label.explanation("invalid token \(testKey.suffix(8))", request: request)
        let harmless = label.explanation("bad\u{1B}\u{9B}\n  input: 'top_k'", request: request)
        let long = label.explanation(String(repeating: "ab ", count: 500), request: request)

        #expect(quoting == "; its explanation quotes the request and is not shown")
        #expect(keyed == quoting)
        #expect(harmless == ": bad input: 'top_k'")
        #expect(long.count == 203)
        #expect(label.explanation(" \n", request: nil).isEmpty)
    }

    @Test("Shared stretches are found wherever they stand")
    func stretches() {
        var random = RandomStream(seed: 5, purpose: ["stretches"])
        for _ in 0..<300 {
            let text = (0..<random.below(30)).map { _ in UInt8(random.below(3)) }
            let hidden = (0..<(8 + random.below(20))).map { _ in UInt8(random.below(3)) }
            let naive =
                text.count >= 8
                && (0...(text.count - 8)).contains { start in
                    (0...(hidden.count - 8)).contains {
                        text[start..<start + 8].elementsEqual(hidden[$0..<$0 + 8])
                    }
                }
            #expect(EndpointLabel.shares(text, hidden, window: 8) == naive)
        }
        #expect(!EndpointLabel.shares([1, 2, 3], [], window: 8))
        #expect(!EndpointLabel.shares([1, 2, 3], [1, 2], window: 24))
        #expect(EndpointLabel.shares(Array("abcdefgh".utf8), Array("bcdefg".utf8), window: 24))
    }
}

@Suite("Pacing")
struct PacingTests {
    private let again = CallFailure(.again(after: nil), .endpointError, "")

    @Test("Waits are drawn between zero and a bound that doubles up to the longest", arguments: 0..<20)
    func bounds(number: Int) {
        let key = request("prompt \(number)").key
        var pacing = Pacing(RetryPolicy(), maxAttempts: 12, request: key)
        var waits: [Duration] = []
        while case .wait(let wait) = pacing.step(after: again) { waits.append(wait) }
        var twin = Pacing(RetryPolicy(), maxAttempts: 12, request: key)

        #expect(waits.count == 11)
        for (index, wait) in waits.enumerated() {
            #expect(wait >= .zero)
            #expect(wait <= min(.seconds(30), .milliseconds(500) * (1 << index)))
            #expect(twin.step(after: again) == .wait(wait))
        }
    }

    @Test(
        "What the endpoint asks for is obeyed; a wish beyond the longest ends the request",
        arguments: [ReasonCode.rateLimited, .endpointLoading]
    )
    func wishes(code: ReasonCode) {
        var policy = RetryPolicy()
        policy.base = .zero
        var pacing = Pacing(policy, maxAttempts: 9, request: request().key)
        for wish in [7, 299, 300] {
            let failure = CallFailure(.again(after: .seconds(wish)), code, "")
            #expect(pacing.step(after: failure) == .wait(.seconds(wish)))
        }
        #expect(pacing.step(after: CallFailure(.again(after: .seconds(301)), code, "")) == .giveUp)
    }

    @Test("Unusable replies were paid for, so they are asked for less often")
    func unusable() {
        var pacing = Pacing(RetryPolicy(), maxAttempts: 6, request: request().key)
        let bad = CallFailure(.again(after: nil), .badReply, "")
        #expect(pacing.step(after: bad) != .giveUp)
        #expect(pacing.step(after: bad) != .giveUp)
        #expect(pacing.step(after: bad) == .giveUp)
    }

    @Test("Being turned away costs no attempts, only time", arguments: [ReasonCode.rateLimited, .overloaded])
    func refusals(code: ReasonCode) {
        var pacing = Pacing(RetryPolicy(), maxAttempts: 2, request: request().key)
        let refusal = CallFailure(.again(after: nil), code, "")
        var waits: [Duration] = []
        while case .wait(let wait) = pacing.step(after: refusal) { waits.append(wait) }

        #expect(waits.reduce(.zero, +) >= .seconds(600))
        #expect(
            waits.enumerated().allSatisfy { $1 <= min(.seconds(30), .milliseconds(500) * (1 << min($0, 20))) }
        )
        #expect(pacing.step(after: again) != .giveUp)
        #expect(pacing.step(after: again) == .giveUp)
    }

    @Test("A model that is being loaded costs no attempts, only time")
    func loading() {
        var pacing = Pacing(RetryPolicy(), maxAttempts: 2, request: request().key)
        let loading = CallFailure(.again(after: nil), .endpointLoading, "")
        var waited = Duration.zero
        while case .wait(let wait) = pacing.step(after: loading) { waited += wait }

        #expect(waited >= .seconds(600) && waited < .seconds(606))
        #expect(pacing.step(after: again) != .giveUp)
        #expect(pacing.step(after: again) == .giveUp)
    }

    @Test(
        "Nothing else is tried again",
        arguments: [FailureClass.never, .elsewhere, .refused, .tooLong]
    )
    func final(kind: FailureClass) {
        var pacing = Pacing(RetryPolicy(), maxAttempts: 6, request: request().key)
        #expect(pacing.step(after: CallFailure(kind, .tooLong, "")) == .giveUp)
    }
}
