import CorpusKit
import TestSupport
import Testing

@testable import CorpusEndpoint

@Suite("Calls whose replies come in pieces", .timeLimit(.minutes(5)))
struct StreamedCallTests {
    private func streaming(_ url: String, attempts: Int = 6) -> EndpointConfiguration {
        var configuration = configuration(url, attempts: attempts)
        configuration.streamsFrom = 0
        return configuration
    }

    private static func delta(_ text: String, finish: String? = nil) -> String {
        let finish = finish.map { "\"\($0)\"" } ?? "null"
        return #"{"choices":[{"index":0,"delta":{"content":"\#(text)"},"finish_reason":\#(finish)}]}"#
    }

    private static let usage =
        #"{"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":2,"total_tokens":12}}"#
    private static let hello = [delta("Hel"), delta("lo", finish: "stop"), usage, "[DONE]"]

    @Test("A reply in pieces is the reply in one piece", arguments: EndpointAPI.speaking, 0..<8)
    func sameReply(api: EndpointAPI, seed: Int) async throws {
        var random = RandomStream(seed: seed, purpose: ["socket", api.rawValue])
        let spoken = RandomReply(api, &random)
        let stream = Array(spoken.stream(&random).utf8)
        let server = try TestServer { request in
            let isStream = request.text.contains(#""stream":true"#) || request.path.contains("alt=sse")
            guard isStream else { return .status(200, spoken.body) }
            return Answer(contentType: "text/event-stream", body: stream, framing: .chunks(1 + 13 * seed))
        }
        var whole = configuration(server.url.replacing("/v1", with: ""))
        whole.api = api
        var pieces = whole
        (pieces.name, pieces.streamsFrom) = ("judge", 0)
        let client = try client(whole, pieces)
        var other = spoken.request
        other.model = "judge"

        var one = try await client.complete(spoken.request).reply
        var many = try await client.complete(other).reply
        await client.shutdown()

        (one.milliseconds, many.milliseconds) = (0, 0)
        #expect(many == one)
        #expect(many.text == spoken.text)
        #expect(server.requests.count == 2)
        #expect(server.requests[1].path.hasSuffix(api == .gemini ? ":streamGenerateContent?alt=sse" : ""))
        #expect(server.requests[1].headers["accept"]?.contains("text/event-stream") == true)
    }

    @Test("Only replies that may be long enough come in pieces")
    func long() async throws {
        let server = try TestServer(answers: .chat("hello"))
        var configuration = configuration(server.url)
        configuration.streamsFrom = 4096
        let client = try client(configuration)

        _ = try await client.complete(request(maxTokens: 4095))
        _ = try await client.complete(request(maxTokens: 4096))

        #expect(server.requests.map { $0.text.contains("\"stream\"") } == [false, true])
    }

    @Test("A server that sends headers and then nothing is given up, and asked again")
    func firstToken() async throws {
        let silent = Answer.events(["x"])
        let server = try TestServer { request in
            guard request.index == 0 else { return .events(Self.hello) }
            var answer = silent
            answer.stallAfter = silent.headBytes
            return answer
        }
        let mute = try TestServer(answers: .silence)
        var (first, second) = (streaming(server.url), streaming(mute.url, attempts: 1))
        first.timeouts.firstToken = .milliseconds(100)
        second.timeouts.firstToken = .milliseconds(100)
        second.name = "judge"
        let client = try client(first, second)

        let reply = try await client.complete(request())
        let last = try await failure { try await client.complete(request(model: "judge")) }

        #expect(reply.reply.text == "Hello")
        #expect(reply.attempts == 2)
        #expect(client.snapshot.models["teacher"]?.retries == ["timeout": 1])
        #expect(last.code == "timeout")
        #expect(last.description == "the reply of `\(mute.url)` did not begin within 0.1 s")
    }

    @Test("A stream that stands still in the middle is given up, booked, and asked for again")
    func stall() async throws {
        let server = try TestServer { request in
            request.index == 0 ? .events([Self.delta("Hel")], stallsAtEnd: true) : .events(Self.hello)
        }
        var configuration = streaming(server.url)
        configuration.timeouts.idle = .milliseconds(60)
        let budget = Budget(Caps())
        let client = try client(configuration, budget: budget)

        let reply = try await client.complete(request())

        #expect(reply.reply.text == "Hello")
        #expect(reply.attempts == 2)
        #expect(client.snapshot.total.retries == ["timeout": 1])
        #expect(budget.spent.calls == 2 && budget.spent.tokens > 112)
    }

    @Test("A stream that is cut short is no reply", arguments: [false, true])
    func cut(resets: Bool) async throws {
        let server = try TestServer { _ in
            var answer = Answer.events([Self.delta("Hel"), Self.delta("lo")])
            if resets { answer.resetAfter = answer.bytes.count - 5 }
            return answer
        }
        let client = try client(streaming(server.url, attempts: 1))

        let last = try await failure { try await client.complete(request()) }

        #expect(last.code == (resets ? "transport" : "bad-reply"))
        #expect(resets || last.description.contains("a stream that stops after 2 events"))
    }

    @Test("A stream that says why it ended needs no end mark, however the connection ends", arguments: 0..<3)
    func withoutMark(ending: Int) async throws {
        let server = try TestServer { _ in
            var answer = Answer.events(Array(Self.hello.dropLast()), stallsAtEnd: ending == 1)
            if ending == 2 { answer.resetAfter = answer.bytes.count - 5 }
            return answer
        }
        var configuration = streaming(server.url, attempts: 1)
        configuration.timeouts.idle = .milliseconds(60)
        let client = try client(configuration)

        let reply = try await client.complete(request())

        #expect(reply.reply.text == "Hello")
        #expect(reply.reply.usage == TokenUsage(input: 10, output: 2))
    }

    @Test("An error in the stream is the error that it is")
    func error() async throws {
        let busy = #"{"error":{"message":"slow down","code":429}}"#
        let long = #"{"error":{"message":"maximum context length is 10","code":400}}"#
        let server = try TestServer(answers: .events([Self.delta("H"), busy]), .events([long]))
        let client = try client(streaming(server.url))

        let last = try await failure { try await client.complete(request()) }

        #expect(last.code == "too-long")
        #expect(client.snapshot.total.retries == ["rate-limited": 1])
        #expect(server.requests.count == 2)
    }

    @Test("After the end mark the connection serves the next call")
    func connection() async throws {
        let server = try TestServer(answers: .events(Self.hello))
        let client = try client(streaming(server.url, attempts: 1))

        for _ in 0..<5 { _ = try await client.complete(request()) }

        #expect(server.connectionCount == 1)
    }

    @Test("After the end mark a server that goes on is left")
    func openEnd() async throws {
        let server = try TestServer(answers: .events(Self.hello, stallsAtEnd: true))
        let client = try client(streaming(server.url, attempts: 1))

        let reply = try await client.complete(request())
        await server.hungUp(1)

        #expect(reply.reply.text == "Hello")
        #expect(reply.reply.usage == TokenUsage(input: 10, output: 2))
    }

    @Test("A server that knows no streams answers in one piece, and so does a gateway with a fault")
    func onePiece() async throws {
        let error = #"{"error":{"message":"slow down","code":429}}"#
        let server = try TestServer(
            answers: .status(200, error),
            .status(500),
            .status(200, "<html></html>"),
            .chat("hello")
        )
        let client = try client(streaming(server.url))

        let reply = try await client.complete(request())

        #expect(reply.reply.text == "hello")
        #expect(client.snapshot.total.retries == ["rate-limited": 1, "endpoint-error": 1, "bad-reply": 1])
    }

    @Test("Comments keep no reply alive, events do")
    func signs() throws {
        let reader = StreamedReply(try dialect(.openai), request(), limitBytes: 1000)
        func take(_ text: String) -> BodyProgress {
            unsafe Array(text.utf8).withUnsafeBytes { unsafe reader.take($0) }
        }

        #expect(take("\n: thinking\n\n") == .waiting)
        #expect(take("data: \(Self.delta("a"))") == .waiting)
        #expect(take("\n\n") == .moving)
        #expect(take(": thinking\n\n") == .waiting)
        #expect(!reader.isWhole)
        #expect(take("data: \(Self.delta("", finish: "stop"))\n\n") == .moving)
        #expect(reader.isWhole)
        #expect(take("data: [DONE]\n\n") == .whole)
        #expect(take("data: <html>\n\n") == .faulty)
        #expect(!reader.isWhole)
    }

    @Test("A server that thinks for long behind its headers is not called idle")
    func earlyHeaders() async throws {
        let thought = Latch()
        let server = try TestServer { request in
            guard request.text.contains("think") else {
                var stalled = Answer.chat("x")
                stalled.stallAfter = stalled.headBytes + 5
                return stalled
            }
            var answer = Answer.chat("hello", gate: thought)
            answer.sendsHeadersFirst = true
            return answer
        }
        var configuration = configuration(server.url, attempts: 1)
        configuration.timeouts.idle = .milliseconds(60)
        let client = try client(configuration)

        async let reply = client.complete(request("think"))
        await server.received(1)
        // While others are given up for standing still, twice as long as they may.
        for number in 0..<2 {
            let last = try await failure { try await client.complete(request("\(number)")) }
            #expect(last.description.contains("stood still"))
        }
        thought.open()

        #expect(try await reply.reply.text == "hello")
    }
}
