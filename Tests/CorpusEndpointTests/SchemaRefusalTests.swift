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
            budget: Budget(Caps(calls: 20)),
            clock: InstantClock(),
            tell: told
        )
    }

    @Test(
        "An endpoint that refuses a schema again and again is asked without it from then on, and says so once"
    )
    func refused() async throws {
        let server = try TestServer { request in
            request.text.contains("response_format")
                ? .status(400, #"{"error":{"message":"response_format is not supported"}}"#) : .chat("{}")
        }
        let told = Mutex<[String]>([])
        let client = try client(server) { line in told.withLock { $0.append(line) } }
        var replies: [EndpointReply] = []
        for text in ["one", "two", "three", "four", "five"] { replies.append(try await ask(client, text)) }
        await client.shutdown()

        #expect(replies.allSatisfy { $0.attempts == 1 && $0.charge == Charge(tokens: 15, cost: 15) })
        #expect(
            server.requests.map { $0.text.contains("response_format") }
                == [true, false, true, false, true, false, false, false]
        )
        #expect(told.withLock { $0 }.count == 1)
        #expect(told.withLock { $0 }.first?.contains("refuses a JSON schema as `response_format`") == true)
    }

    @Test("What may pass once and again ends no schema: only refusals in a row count")
    func passing() async throws {
        let server = try TestServer { request in
            request.text.contains("response_format") && request.text.contains("odd")
                ? .status(400, #"{"error":{"message":"not now"}}"#) : .chat("{}")
        }
        let client = try client(server) { _ in }
        for text in ["odd", "odd", "even", "odd", "odd", "even"] { _ = try await ask(client, text) }
        await client.shutdown()

        #expect(server.requests.map { $0.text.contains("response_format") }.last == true)
        #expect(server.requests.count == 10)
    }

    @Test("Only an endpoint that accepts no schema at all is sent none")
    func kinds() {
        func refuse(_ schemas: inout RefusedSchemas, _ name: String) -> [RefusedSchemas.News?] {
            (0..<RefusedSchemas.patience).map { _ in schemas.refused(["title": .string(name)]) }
        }
        var strict = RefusedSchemas()
        #expect(refuse(&strict, "a") == [nil, nil, .one])
        #expect(strict.omits(["title": "a"]) && !strict.omits(["title": "b"]))
        #expect(refuse(&strict, "b").last == .one)
        #expect(refuse(&strict, "c").last == .all)
        #expect(strict.omits(["title": "d"]))

        var choosy = RefusedSchemas()
        choosy.accepted(["title": "plain"])
        for name in ["a", "b", "c", "d"] { #expect(refuse(&choosy, name).last == .one) }
        #expect(choosy.omits(["title": "d"]) && !choosy.omits(["title": "plain"]))
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
