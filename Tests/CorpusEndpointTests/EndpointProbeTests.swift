import CorpusKit
import TestSupport
import Testing

@testable import CorpusEndpoint

@Suite("Endpoint probe", .timeLimit(.minutes(5)))
struct EndpointProbeTests {
    @Test("A list of models is a hint: whatever it says, the first call decides", arguments: Probe.hints)
    func hints(row: Probe) async throws {
        let server = try TestServer { $0.method == "GET" ? row.answer : .chat("hello") }
        let client = try client(configuration(server.url))

        let probe = try await client.probe("teacher")
        let reply = try await client.complete(request())

        #expect(probe.models == row.models)
        #expect(probe.mayServe == row.mayServe)
        #expect(probe.trouble?.code == row.code)
        #expect(reply.reply.text == "hello")
        #expect(server.requests.first?.path == "/v1/models")
        #expect(server.requests.first?.headers["authorization"] == "Bearer \(testKey)")
    }

    @Test("A passing trouble is asked about again, as often as a call would be", arguments: Row.temporary)
    func passing(row: Row) async throws {
        let list = Answer.status(200, #"{"data":[{"id":"teacher"}]}"#)
        let server = try TestServer(answers: row.answer, list)
        let clock = InstantClock()
        let client = try client(configuration(server.url), clock: clock, now: 910)

        let probe = try await client.probe("teacher")

        #expect(probe == EndpointProbe(models: ["teacher"]))
        #expect(server.requests.count == 2)
        #expect(clock.sleeps.count == 1)
    }

    @Test("A key that is known nowhere stops the run at once")
    func badKey() async throws {
        let server = try TestServer(answers: .status(401))
        let client = try client(configuration(server.url))

        let found = try await failure { try await client.probe("teacher") }

        #expect(found.code == "bad-key" && found.stopsRun)
        #expect(server.requests.count == 1)
    }

    @Test("A model that is not loaded in time stops the run")
    func loading() async throws {
        let server = try TestServer(answers: .status(503, #"{"error":{"message":"Loading model"}}"#))
        let client = try client(configuration(server.url))

        let found = try await failure { try await client.probe("teacher") }

        #expect(found.code == "endpoint-loading")
        #expect(server.requests.count > 6)
    }

    @Test("Where nobody listens is said at once; a connection that breaks is tried again")
    func unreachable() async throws {
        let server = try TestServer(answers: .status(200))
        let url = server.url
        server.stop()
        let breaking = try TestServer(answers: .reset)
        let clock = InstantClock()
        let client = try client(configuration(url), configuration(breaking.url, name: "judge"), clock: clock)

        let dead = try await failure { try await client.probe("teacher") }
        let waitsForTheDead = clock.sleeps.count
        let broken = try await failure { try await client.probe("judge") }

        #expect(dead.code == "transport")
        #expect(dead.description == "no connection to `\(url)`: connection refused")
        #expect(waitsForTheDead == 0)
        #expect(broken.code == "transport")
        #expect(breaking.requests.count == 6)
    }

    @Test("A model that calls do not know either stops the run with its first call")
    func unknownModel() async throws {
        let missing = #"{"error":{"message":"The model `teacher` does not exist.","code":404}}"#
        let list = #"{"data":[{"id":"qwen-7b"}]}"#
        let server = try TestServer { $0.method == "GET" ? .status(200, list) : .status(404, missing) }
        let client = try client(configuration(server.url))

        let probe = try await client.probe("teacher")
        let found = try await failure { try await client.complete(request()) }

        #expect(!probe.mayServe)
        #expect(found.code == "unknown-model" && found.stopsRun)
        #expect(found.hint == "it serves `qwen-7b`")
        #expect(server.requests.count { $0.method == "POST" } == 1)
    }
}

/// What `GET /v1/models` answers and what a probe makes of it.
struct Probe: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let answer: Answer
    var models: [String] = []
    var mayServe = true
    var code: ReasonCode?

    static let hints = [
        Probe(
            testDescription: "listed",
            answer: .status(200, #"{"data":[{"id":"a"},{"id":"teacher"}]}"#),
            models: ["a", "teacher"]
        ),
        Probe(testDescription: "no list", answer: .status(404, "Not Found")),
        Probe(testDescription: "an empty list", answer: .status(200, #"{"data":[]}"#)),
        Probe(
            testDescription: "llama.cpp, which answers to any name",
            answer: .status(200, #"{"data":[{"id":"model.gguf","owned_by":"llamacpp"}]}"#),
            models: ["model.gguf"]
        ),
        Probe(
            testDescription: "a dated name in place of the alias",
            answer: .status(200, #"{"data":[{"id":"teacher-2026-01-31"}]}"#),
            models: ["teacher-2026-01-31"],
            mayServe: false
        ),
        Probe(
            testDescription: "the first page of a list",
            answer: .status(200, #"{"data":[{"id":"a"}],"has_more":true,"last_id":"a"}"#),
            models: ["a"],
            mayServe: false
        ),
        Probe(testDescription: "a forbidden list", answer: .status(403), code: "bad-key"),
        Probe(testDescription: "a web page", answer: .status(200, "<html>"), code: "bad-reply"),
        Probe(testDescription: "a redirect", answer: .status(302), code: "bad-address"),
        Probe(testDescription: "a list in trouble", answer: .status(500), code: "endpoint-error"),
        Probe(
            testDescription: "a list that wants to be left alone",
            answer: .status(429, headers: ["Retry-After: 3600"]),
            code: "rate-limited"
        ),
    ]
}
