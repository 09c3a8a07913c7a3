import CorpusKit
import Testing

@testable import CorpusEndpoint

@Suite("Errors in every API")
struct DialectErrorTests {
    private func failure(_ status: Int, _ body: String, _ api: EndpointAPI) throws -> CallFailure {
        var configuration = configuration("https://models.example.org")
        configuration.api = api
        let label = EndpointLabel(configuration, try EndpointAddress(configuration.baseURL, api: api))
        let reply = HTTPReply(status: status, body: Array(body.utf8))
        return CallFailure(reply, from: label, request: request(), now: 0)
    }

    private static func anthropic(_ type: String, _ message: String) -> String {
        #"{"type":"error","error":{"type":"\#(type)","message":"\#(message)"},"request_id":"req_1"}"#
    }

    private static func google(_ code: Int, _ status: String, _ message: String, _ details: String = "[]")
        -> String
    {
        #"{"error":{"code":\#(code),"message":"\#(message)","status":"\#(status)","details":\#(details)}}"#
    }

    @Test(
        "Anthropic's errors have their classes",
        arguments: [
            (401, anthropic("authentication_error", "invalid x-api-key"), .never, .badKey),
            (403, anthropic("permission_error", "not allowed"), .never, .badKey),
            (404, anthropic("not_found_error", "model: claude-0"), .never, .unknownModel),
            (413, anthropic("request_too_large", "Request exceeds the maximum size"), .tooLong, .tooLong),
            (
                400, anthropic("invalid_request_error", "prompt is too long: 201000 tokens > 200000 maximum"),
                .tooLong, .tooLong
            ),
            (
                400,
                anthropic(
                    "invalid_request_error",
                    "input length and `max_tokens` exceed context limit: 9 + 9 > 9"
                ),
                .tooLong, .tooLong
            ),
            (
                400, anthropic("invalid_request_error", "Your credit balance is too low to access the API"),
                .elsewhere, .quotaExhausted
            ),
            (
                400, anthropic("invalid_request_error", "Output blocked by content filtering policy"),
                .refused, .contentRefused
            ),
            (
                400, anthropic("invalid_request_error", "max_tokens: Field required"), .never,
                .endpointRefused
            ),
            (429, anthropic("rate_limit_error", "slow down"), .again(after: nil), .rateLimited),
            (500, anthropic("api_error", "Internal server error"), .again(after: nil), .endpointError),
            (529, anthropic("overloaded_error", "Overloaded"), .again(after: nil), .overloaded),
        ] as [(Int, String, FailureClass, ReasonCode)]
    )
    func anthropicErrors(status: Int, body: String, kind: FailureClass, code: ReasonCode) throws {
        let found = try failure(status, body, .anthropic)
        #expect(found.kind == kind)
        #expect(found.code == code)
    }

    @Test(
        "Google's errors have their classes, and a minute's quota is no empty account",
        arguments: [
            (
                400,
                google(
                    400,
                    "INVALID_ARGUMENT",
                    "API key not valid",
                    #"[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID"}]"#
                ),
                .never, .badKey
            ),
            (403, google(403, "PERMISSION_DENIED", "no"), .never, .badKey),
            (
                404, google(404, "NOT_FOUND", "models/gemini-0 is not found for API version v1beta"), .never,
                .unknownModel
            ),
            (
                400,
                google(
                    400,
                    "INVALID_ARGUMENT",
                    "The input token count (9) exceeds the maximum number of tokens allowed (8)."
                ),
                .tooLong, .tooLong
            ),
            (
                429,
                google(
                    429,
                    "RESOURCE_EXHAUSTED",
                    "You exceeded your current quota",
                    #"[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"17.5s"}]"#
                ),
                .again(after: .milliseconds(17_500)), .rateLimited
            ),
            (
                429, google(429, "RESOURCE_EXHAUSTED", "You exceeded your current quota"), .elsewhere,
                .quotaExhausted
            ),
            (
                429, google(429, "RESOURCE_EXHAUSTED", "slow", #"[{"retryDelay":"-1s"},{"retryDelay":3}]"#),
                .again(after: nil), .rateLimited
            ),
            (503, google(503, "UNAVAILABLE", "overloaded"), .again(after: nil), .overloaded),
        ] as [(Int, String, FailureClass, ReasonCode)]
    )
    func googleErrors(status: Int, body: String, kind: FailureClass, code: ReasonCode) throws {
        let found = try failure(status, body, .gemini)
        #expect(found.kind == kind)
        #expect(found.code == code)
    }

    @Test("A wrong address is answered with where requests go", arguments: EndpointAPI.allCases)
    func wrongAddress(api: EndpointAPI) throws {
        let found = try failure(404, "Not Found", api)
        #expect(found.code == .badAddress)
        #expect(found.hint?.contains(api.requestPath) == true)
    }

    @Test("An explanation that quotes a raw prompt or a call's arguments is not shown")
    func quotes() throws {
        let configuration = configuration("https://models.example.org")
        let label = EndpointLabel(configuration, try EndpointAddress(configuration.baseURL))
        let secret = "the quick brown fox jumps over the lazy dog"
        let raw = ModelRequest(model: "teacher", prompt: "x " + secret, sampling: Sampling())
        var call = toolRequest()
        call.messages[3].toolCalls[0].arguments = #"{"city":"\#(secret)"}"#

        for request in [raw, call] {
            let shown = label.explanation("bad input: \(secret)", request: request)
            #expect(!shown.contains("fox"))
        }
        #expect(label.explanation("bad input: \(secret)", request: request()).contains("fox"))
    }
}
