import CorpusKit
import Synchronization
import TestSupport
import Testing

@testable import CorpusEndpoint

@Suite("Endpoints that refuse schemas", .timeLimit(.minutes(5)))
struct SchemaRefusalTests {
    private func ask(_ client: EndpointClient, _ text: String) async throws -> EndpointReply {
        var request = request(text)
        request.schema = ["type": "object"]
        return try await client.complete(request)
    }

    private func client(_ server: TestServer, told: @escaping @Sendable (String) -> Void) throws
        -> EndpointClient
    {
        try EndpointClient(
            [configuration(server.url, places: 1, price: TokenPrice(input: 1_000_000, output: 1_000_000))],
            budget: Budget(Caps(calls: 2)),
            clock: InstantClock(),
            tell: told
        )
    }

    @Test("An endpoint that refuses schemas is asked without one from then on, and says so once")
    func refused() async throws {
        let server = try TestServer { request in
            request.text.contains("response_format")
                ? .status(400, #"{"error":{"message":"response_format is not supported"}}"#) : .chat("{}")
        }
        let told = Mutex<[String]>([])
        let client = try client(server) { line in told.withLock { $0.append(line) } }
        let first = try await ask(client, "one")
        let second = try await ask(client, "two")
        await client.shutdown()

        #expect(first.attempts == 1 && second.attempts == 1)
        #expect(server.requests.map { $0.text.contains("response_format") } == [true, false, false])
        #expect(first.charge == Charge(tokens: 15, cost: 15))
        #expect(told.withLock { $0 }.count == 1)
        #expect(told.withLock { $0 }.first?.contains("refuses JSON schemas as `response_format`") == true)
    }

    @Test(
        "A request that is refused with and without its schema fails as it did, and schemas are sent further on"
    )
    func other() async throws {
        let server = try TestServer { request in
            request.text.contains("bad") ? .status(400, #"{"error":{"message":"bad words"}}"#) : .chat("{}")
        }
        let told = Mutex<[String]>([])
        let client = try client(server) { line in told.withLock { $0.append(line) } }
        let failure = try await failure { try await ask(client, "bad") }
        _ = try await ask(client, "good")
        await client.shutdown()

        #expect(failure.code == .endpointRefused)
        #expect(server.requests.map { $0.text.contains("response_format") } == [true, false, true])
        #expect(told.withLock { $0 } == [])
    }
}
