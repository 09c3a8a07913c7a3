import CorpusKit
import TestSupport
import Testing

@testable import CorpusEndpoint

@Suite("Calls in every API", .timeLimit(.minutes(5)))
struct DialectCallTests {
    @Test("A call goes to the API's own place, with the key in its own header", arguments: Call.all)
    func call(row: Call) async throws {
        let spoken = try #require(SpokenReply.all.first { $0.api == row.api })
        var asked =
            row.api == .openaiCompletions
            ? ModelRequest(model: "teacher", prompt: "Once", sampling: Sampling()) : spoken.request
        asked.schema = spoken.request.schema
        let server = try TestServer(answers: .status(200, spoken.json))
        var configuration = configuration(server.url.replacing("/v1", with: ""))
        configuration.api = row.api
        let client = try client(configuration)

        let found = try await client.complete(asked)
        let sent = try #require(server.requests.first)
        await client.shutdown()

        var reply = found.reply
        reply.milliseconds = 0
        #expect(reply == spoken.replies[0])
        #expect(sent.path == row.path)
        #expect(sent.headers[row.header] == row.value)
        #expect(server.requests.count == 1)
    }

    @Test("What an API cannot say is neither sent nor booked", arguments: Refusal.all)
    func refusal(row: Refusal) async throws {
        let server = try TestServer(answers: .status(200))
        var configuration = configuration(server.url)
        configuration.api = row.api
        let budget = Budget(Caps(calls: 1))
        let client = try client(configuration, budget: budget)

        let found = try await failure { try await client.complete(row.request) }
        await client.shutdown()

        #expect(found.code == "unsupported-request")
        #expect(server.requests.isEmpty)
        #expect(budget.spent == Amounts() && budget.reserved == Amounts())
    }
}

extension DialectCallTests {
    /// Where a call goes and where its key stands.
    struct Call: Sendable, CustomTestStringConvertible {
        let api: EndpointAPI
        let path: String
        var header = "authorization"
        var value = "Bearer \(testKey)"

        var testDescription: String { api.rawValue }

        static let all = [
            Call(api: .openai, path: "/v1/chat/completions"),
            Call(api: .openaiCompletions, path: "/v1/completions"),
            Call(api: .openaiResponses, path: "/v1/responses"),
            Call(api: .anthropic, path: "/v1/messages", header: "x-api-key", value: testKey),
            Call(
                api: .gemini,
                path: "/v1beta/models/teacher:generateContent",
                header: "x-goog-api-key",
                value: testKey
            ),
        ]
    }
}
