import CorpusKit
import Synchronization
import TestSupport
import Testing

@testable import CorpusEndpoint

@Suite("Endpoint client", .timeLimit(.minutes(5)))
struct EndpointClientTests {
    @Test("A reply comes back with its usage, price, attempts and endpoint")
    func reply() async throws {
        let server = try TestServer(answers: .chat("hello", input: 1000, output: 10))
        let price = TokenPrice(dollarsPerMillion: "0.15", output: "0.6")
        let client = try client(configuration(server.url + "?token=x", price: price))

        let reply = try await client.complete(request())
        let sent = try #require(server.requests.first)

        #expect(reply.reply.text == "hello")
        #expect(reply.reply.usage == TokenUsage(input: 1000, output: 10))
        #expect(reply.reply.milliseconds > 0)
        #expect(reply.attempts == 1)
        #expect(reply.charge.cost == 150_000 + 6000)
        #expect(reply.endpoint == server.url)
        #expect(sent.path == "/v1/chat/completions?token=x")
        #expect(sent.headers["authorization"] == "Bearer \(testKey)")
        #expect(sent.headers["content-type"] == "application/json")
        await client.shutdown()
    }

    @Test("Without a key no authorisation is sent, without a price no cost is told")
    func anonymous() async throws {
        let server = try TestServer(answers: .chat("hello"))
        let client = try client(EndpointConfiguration(name: "teacher", baseURL: server.url))

        let reply = try await client.complete(request())

        #expect(reply.charge.cost == nil)
        #expect(server.requests.first?.headers["authorization"] == nil)
    }

    @Test("Models share a client and are told apart by name")
    func dispatch() async throws {
        let (one, other) = (try TestServer(answers: .chat("one")), try TestServer(answers: .chat("other")))
        let client = try client(configuration(one.url), configuration(other.url, name: "judge"))

        let first = try await client.complete(request())
        let second = try await client.complete(request(model: "judge"))
        let unknown = try await failure { try await client.complete(request(model: "student")) }

        #expect(first.reply.text == "one")
        #expect(second.reply.text == "other")
        #expect(unknown.code == "unknown-model")
        #expect(client.snapshot.total.sent == 2)
    }

    @Test("What may pass is tried again, exactly as often as allowed", arguments: Row.temporary)
    func temporary(row: Row) async throws {
        let once = try TestServer(answers: row.answer, .chat("hello"))
        let ever = try TestServer(answers: row.answer)
        let clock = InstantClock()
        var policy = RetryPolicy()
        policy.patience = .seconds(1)
        let client = try client(
            configuration(once.url),
            configuration(ever.url, name: "judge", attempts: 4),
            clock: clock,
            now: 910,
            policy: policy
        )

        let reply = try await client.complete(request())
        let waits = clock.sleeps
        let last = try await failure { try await client.complete(request(model: "judge")) }

        #expect(reply.attempts == 2)
        #expect(once.requests.count == 2)
        #expect(once.bodies.count == 1)
        #expect(client.snapshot.models["teacher"]?.retries == [row.code: 1])
        #expect(waits.count == 1)
        if case .again(let wish?) = row.kind { #expect(waits.first ?? .zero >= wish) }
        #expect(last.code == row.code)
        // Who has too much to do is asked for a time, not for a number of attempts.
        switch row.code {
        case .endpointLoading: #expect(ever.requests.count == 2)
        case .rateLimited, .overloaded: #expect(ever.requests.count >= 2)
        default: #expect(ever.requests.count == 4)
        }
        #expect(last.description.hasSuffix("times"))
    }

    @Test("What will not pass is asked once", arguments: Row.final)
    func final(row: Row) async throws {
        let server = try TestServer { $0.method == "GET" ? .status(404) : row.answer }
        let client = try client(configuration(server.url))

        let last = try await failure { try await client.complete(request()) }

        #expect(last.code == row.code)
        #expect(last.stopsRun == row.stops)
        #expect(server.requests.filter { $0.method == "POST" }.count == 1)
        #expect(client.snapshot.total.failures == 1)
    }

    @Test("Broken exchanges are tried again, and booked when the endpoint may charge", arguments: Broken.all)
    func broken(row: Broken) async throws {
        let server = try TestServer { $0.index == 0 ? row.answer : .chat("hello") }
        var configuration = configuration(server.url)
        configuration.timeouts = EndpointTimeouts(connect: .seconds(5), total: row.total, idle: row.idle)
        configuration.maxReplyBytes = 1 << 20
        if row.total < .seconds(1) { configuration.timeouts.total = .seconds(1) }
        let budget = Budget(Caps())
        let client = try client(configuration, budget: budget)
        let worst =
            100
            + ChatRequest.worstInputTokens(
                body: ChatRequest(configuration).body(for: request()),
                turns: 1
            )

        if row.kind == .tooLarge {
            let last = try await failure { try await client.complete(request()) }
            #expect(last.code == "reply-too-large")
            #expect(budget.spent == Amounts(tokens: worst, calls: 1))
            #expect(server.requests.count == 1)
        } else {
            let reply = try await client.complete(request())
            #expect(reply.attempts == 2)
            #expect(server.requests.count == 2)
            #expect(budget.spent == Amounts(tokens: worst + 15, calls: 2))
        }
    }

    @Test(
        "Unusable replies are paid for, but not a web page that no model wrote, and asked for three times at most",
        arguments: ["", "<html></html>", "nope", #"{"choices":[]}"#, "{}", #"{"choices":[{"#]
    )
    func unusable(body: String) async throws {
        let server = try TestServer(answers: .status(200, body))
        let budget = Budget(Caps())
        let client = try client(configuration(server.url), budget: budget)

        let last = try await failure { try await client.complete(request()) }

        #expect(last.code == "bad-reply")
        #expect(server.requests.count == 3)
        #expect(budget.spent.calls == (body == "<html></html>" ? 0 : 3))
    }

    @Test("An error under a status of success is treated as the error that it is")
    func hiddenError() async throws {
        let error = #"{"error":{"message":"slow down","code":429}}"#
        let server = try TestServer(answers: .status(200, error), .chat("hello"))
        let client = try client(configuration(server.url))

        let reply = try await client.complete(request())

        #expect(reply.attempts == 2)
        #expect(client.snapshot.total.retries == ["rate-limited": 1])
    }

    @Test("A reply without usage is booked at its worst case, also in its cost")
    func unknownUsage() async throws {
        let server = try TestServer(answers: .status(200, #"{"choices":[{"message":{"content":"hi"}}]}"#))
        let price = TokenPrice(input: 1_000_000, output: 2_000_000)
        let configuration = configuration(server.url, price: price)
        let budget = Budget(Caps())
        let client = try client(configuration, budget: budget)
        let input = ChatRequest.worstInputTokens(
            body: ChatRequest(configuration).body(for: request()),
            turns: 1
        )

        let reply = try await client.complete(request())

        #expect(reply.charge == Charge(tokens: input + 100, cost: input + 200))
        #expect(budget.spent == Amounts(nanoDollars: input + 200, tokens: input + 100, calls: 1))
    }

    @Test("What failed before a reply and may be charged for is told before anything else is sent")
    func costOfFailures() async throws {
        let server = try TestServer(answers: .status(504), .status(429), .chat("hello", input: 10, output: 5))
        let price = TokenPrice(input: 1_000_000, output: 1_000_000)
        let configuration = configuration(server.url, price: price)
        let budget = Budget(Caps())
        let client = try client(configuration, budget: budget)
        let input = ChatRequest.worstInputTokens(
            body: ChatRequest(configuration).body(for: request()),
            turns: 1
        )

        let told = Mutex<[(charge: Charge, sent: Int)]>([])
        let reply = try await client.complete(request(), for: "teacher") { charge in
            told.withLock { $0.append((charge, server.requests.count)) }
        }

        #expect(reply.attempts == 3)
        #expect(reply.charge == Charge(tokens: 15, cost: 15))
        #expect(told.withLock { $0.map(\.charge) } == [Charge(tokens: input + 100, cost: input + 100)])
        #expect(told.withLock { $0.map(\.sent) } == [1])
        #expect(budget.spent.nanoDollars == input + 100 + 15)
        #expect(budget.spent.calls == 2)
    }

    @Test("Ten megabytes of reply are a reply")
    func largeReply() async throws {
        let text = String(repeating: "lorem ipsum ", count: 850_000)
        let server = try TestServer(answers: .chat(text))
        let client = try client(configuration(server.url))

        let reply = try await client.complete(request(maxTokens: 200_000))

        #expect(reply.reply.text == text)
    }

    @Test("Two hundred calls through seven places never meet more than seven at the server")
    func places() async throws {
        let full = Latch()
        let server = try TestServer { request in
            if request.index == 6 { full.open() }
            return .chat("hello", gate: full)
        }
        let client = try client(configuration(server.url, places: 7))
        try await withThrowingDiscardingTaskGroup { group in
            for number in 0..<200 {
                group.addTask { _ = try await client.complete(request("prompt \(number)")) }
            }
        }
        let snapshot = client.snapshot.total

        #expect(server.mostInFlight == 7)
        #expect(server.bodies.count == 200)
        #expect(server.requests.count == 200)
        #expect(snapshot.sent == 200 && snapshot.replies == 200)
        #expect(snapshot.inFlight == 0 && snapshot.waiting == 0)
        #expect(snapshot.usage == TokenUsage(input: 2000, output: 1000))
    }

    @Test("Among errors of all kinds each request is bought exactly once")
    func boughtOnce() async throws {
        let server = try TestServer { request in
            switch request.index % 5 {
            case 1: .status(429, headers: ["Retry-After: 1"])
            case 2: .status(503)
            case 3: .status(500, "oops")
            default: .chat(String(request.text.count))
            }
        }
        let client = try client(configuration(server.url, places: 16, attempts: 100))
        try await withThrowingDiscardingTaskGroup { group in
            for number in 0..<150 {
                group.addTask { _ = try await client.complete(request("prompt \(number)")) }
            }
        }
        let bought = server.requests.filter { ![1, 2, 3].contains($0.index % 5) }

        #expect(bought.count == 150)
        #expect(Set(bought.map(\.body)).count == 150)
        #expect(client.snapshot.total.sent == server.requests.count)
    }

    @Test("Cancelling a call aborts it and books what may be charged")
    func cancellation() async throws {
        let server = try TestServer(answers: .silence)
        let budget = Budget(Caps())
        let client = try client(configuration(server.url), budget: budget)
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await #expect(throws: CancellationError.self) { try await client.complete(request()) }
            }
            await server.received(1)
            group.cancelAll()
        }
        await server.hungUp(1)

        #expect(budget.spent.calls == 1)
        #expect(budget.reserved == Amounts())
        #expect(client.snapshot.total.inFlight == 0)
    }

    @Test("Shutting down ends calls in flight as a stopping run does")
    func shutdown() async throws {
        let server = try TestServer(answers: .silence)
        let client = try client(configuration(server.url))
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<5 {
                group.addTask {
                    await #expect(throws: CancellationError.self) {
                        try await client.complete(request("\(number)"))
                    }
                }
            }
            await server.received(5)
            await client.shutdown()
        }
    }
}
