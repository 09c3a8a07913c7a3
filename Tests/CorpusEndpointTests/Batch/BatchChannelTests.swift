import CorpusKit
import TestSupport
import Testing

@testable import CorpusEndpoint

@Suite("Batches", .timeLimit(.minutes(5)))
struct BatchChannelTests {
    @Test(
        "A full batch is sent, and each caller gets its own reply at the price of batches",
        arguments: batchAPIs
    )
    func full(api: EndpointAPI) async throws {
        let server = try BatchServer()
        let store = MemoryBatchStore()
        let budget = Budget(Caps())
        let client = try batchClient(server, api, rows: 5, store: store, budget: budget)

        let answers = await client.answers(to: prompts(5))
        let first = try #require(answers.replies["prompt-0"])

        for prompt in prompts(5) { #expect(answers.replies[prompt]?.reply.text == prompt.uppercased()) }
        #expect(first.reply.usage == TokenUsage(input: 10, output: 5))
        #expect(first.charge.cost == 10_000 + 15_000)
        #expect(first.endpoint == server.url)
        #expect(first.attempts == 1)
        #expect(server.batches.count == 1)
        #expect(server.batches[0].keys.sorted() == prompts(5).map { request($0).key.description }.sorted())
        #expect(server.faults == [])
        #expect(budget.spent == Amounts(nanoDollars: 125_000, tokens: 75, calls: 5))
        #expect(budget.reserved == Amounts())
        #expect(store.open.isEmpty)
        #expect(Set(store.kept.map(\.reply.reply.text)) == Set(prompts(5).map { $0.uppercased() }))
        let counts = client.snapshot.total
        #expect(counts.sent == 5)
        #expect(counts.replies == 5)
        #expect(counts.inFlight == 0)
        #expect(counts.cost == 125_000)
        await client.shutdown()
    }

    @Test("A smaller batch is sent when no further row comes", arguments: batchAPIs)
    func quietEnds(api: EndpointAPI) async throws {
        let server = try BatchServer()
        let clock = QuietClock(holding: quiet)
        let client = try batchClient(server, api, rows: 100, clock: clock)

        let answers = client.asking(prompts(3))
        await client.waits(for: 3, clock)
        #expect(server.batches.isEmpty)
        clock.release()

        #expect(await answers.value.replies.count == 3)
        #expect(server.batches.map(\.rows.count) == [3])
        await client.shutdown()
    }

    @Test("Bytes fill a batch as well, and a single larger row goes alone")
    func bytes() async throws {
        let server = try BatchServer()
        let client = try batchClient(server, rows: 100, bytes: 50)

        let answers = await client.answers(to: prompts(3))

        #expect(answers.replies.count == 3)
        #expect(server.batches.map(\.rows.count) == [1, 1, 1])
        await client.shutdown()
    }

    @Test("Texts to be continued go through batches of their own address")
    func completions() async throws {
        let server = try BatchServer()
        let client = try batchClient(server, .openaiCompletions, rows: 1)

        let ask = ModelRequest(model: "teacher", prompt: "once upon", sampling: Sampling(maxTokens: 10))
        let reply = try await client.complete(ask)

        #expect(reply.reply.text == "ONCE UPON")
        #expect(server.batches[0].endpoint == "/v1/completions")
        await client.shutdown()
    }

    @Test("The waits between two looks grow, and a look that fails is made again", arguments: batchAPIs)
    func looks(api: EndpointAPI) async throws {
        let server = try BatchServer {
            $0.looks = 6
            $0.instead = { step, count in
                guard step == .look, count < 2 else { return nil }
                return count == 0 ? .status(429, headers: ["Retry-After: 7"]) : .status(500)
            }
        }
        let clock = QuietClock(holding: quiet)
        let client = try batchClient(server, api, rows: 1, clock: clock)

        let reply = try await client.complete(request("a"))
        let looks = clock.sleeps.filter { $0 >= .seconds(10) }

        #expect(reply.reply.text == "A")
        #expect(looks.count == 7)
        #expect(looks == looks.sorted())
        #expect(looks.first == .seconds(10))
        #expect(looks.last == .seconds(10) * 729 / 64)
        #expect(clock.sleeps.contains { $0 >= .seconds(7) && $0 < .seconds(10) })
        #expect(server.paid == ["a": 1])
        await client.shutdown()
    }

    @Test("Whoever asks for a row that is under way waits for that one and pays nothing")
    func twice() async throws {
        let server = try BatchServer()
        let clock = QuietClock(holding: quiet)
        let client = try batchClient(server, rows: 10, clock: clock)

        let first = client.asking(["a"])
        await client.waits(for: 1, clock)
        let second = Task { try await client.complete(request("a")) }
        clock.release()
        let costs = [
            try #require(await first.value.replies["a"]?.charge.cost), try await second.value.charge.cost,
        ]

        #expect(server.paid == ["a": 1])
        #expect(Set(costs) == [25_000, 0])
        await client.shutdown()
    }

    @Test("A caller who is cancelled leaves the line, and what is under way is kept for the next one")
    func cancelled() async throws {
        let server = try BatchServer()
        let store = MemoryBatchStore()
        let clock = QuietClock(holding: quiet)
        let client = try batchClient(server, rows: 10, store: store, clock: clock)

        let early = client.asking(["early"])
        await client.waits(for: 1, clock)
        early.cancel()
        #expect(await early.value.cancelled == 1)
        #expect(client.snapshot.total.waiting == 0)

        let gate = Latch()
        let slow = try BatchServer {
            $0.spoil = { step, _, answer in if step == .create { answer.gate = gate } }
        }
        let other = try batchClient(slow, rows: 1, store: store)
        let late = other.asking(["late"])
        await slow.reached(.create)
        late.cancel()
        #expect(await late.value.cancelled == 1)
        gate.open()
        let again = try await other.complete(request("late"))

        #expect(again.reply.text == "LATE")
        #expect(slow.paid == ["late": 1])
        #expect(server.batches.isEmpty)
        await client.shutdown()
        await other.shutdown()
    }

    @Test("What cannot be asked in batches is refused before anything is sent")
    func unsuitable() throws {
        let budget = Budget(Caps())
        func route(_ change: (inout ModelRoute) -> Void) -> ModelRoute {
            var route = ModelRoute(
                "teacher",
                endpoints: [configuration("http://127.0.0.1:1")],
                batch: BatchSettings()
            )
            change(&route)
            return route
        }
        let routes = [
            route { $0.endpoints[0].api = .gemini }, route { $0.endpoints[0].api = .openaiResponses },
            route { $0.endpoints.append(configuration("http://127.0.0.1:2")) }, route { $0.hedge = 0.1 },
            route { $0.batch?.maxRows = 0 }, route { $0.batch?.priceFactor = -1 },
        ]
        for route in routes {
            #expect(throws: WorkFailure.self) { _ = try EndpointClient(routes: [route], budget: budget) }
        }
    }
}
