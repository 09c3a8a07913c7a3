import CorpusKit
import Synchronization
import TestSupport
import Testing

@testable import CorpusEndpoint

@Suite("Batches outlive the process", .timeLimit(.minutes(5)))
struct BatchResumeTests {
    @Test(
        "A client that dies in any phase leaves no row to be paid twice",
        arguments: BatchServer.Step.allCases,
        batchAPIs
    )
    func killed(step: BatchServer.Step, api: EndpointAPI) async throws {
        // Nothing is listed before a client has died, and there is nothing to upload at Anthropic.
        guard step != .list, step != .upload || api == .openai else { return }
        let gate = Latch()
        let server = try BatchServer {
            $0.spoil = { asked, count, answer in if asked == step, count == 0 { answer.gate = gate } }
        }
        let store = MemoryBatchStore()
        let first = try batchClient(server, api, rows: 3, store: store)
        let asked = first.asking(prompts(3))
        await server.reached(step)
        await first.shutdown()
        gate.open()
        let lost = await asked.value
        #expect(lost.replies.isEmpty)
        #expect(store.open.count == 1)

        let budget = Budget(Caps())
        let second = try batchClient(server, api, rows: 3, store: store, budget: budget)
        let answers = await second.answers(to: prompts(3))

        for prompt in prompts(3) { #expect(answers.replies[prompt]?.reply.text == prompt.uppercased()) }
        #expect(server.paid.count == 3)
        #expect(server.paid.values.allSatisfy { $0 == 1 })
        #expect(server.batches.count == 1)
        #expect(server.faults == [])
        #expect(store.open.isEmpty)
        #expect(store.kept.count == 3)
        #expect(budget.spent.calls == 3)
        #expect(budget.reserved == Amounts())
        await second.shutdown()
    }

    @Test("Rows that nobody asks for again are kept, and handed out when somebody does", arguments: batchAPIs)
    func unasked(api: EndpointAPI) async throws {
        let gate = Latch()
        let server = try BatchServer {
            $0.spoil = { asked, count, answer in if asked == .look, count == 0 { answer.gate = gate } }
        }
        let store = MemoryBatchStore()
        let first = try batchClient(server, api, rows: 2, store: store)
        let asked = first.asking(prompts(2))
        await server.reached(.look)
        await first.shutdown()
        gate.open()
        _ = await asked.value

        let second = try batchClient(server, api, rows: 1, store: store)
        try await second.takeUpBatches()
        await until { store.kept.count == 2 }
        await until { second.snapshot.total.inFlight == 0 }
        let late = try await second.complete(request("prompt-1"))

        #expect(late.reply.text == "PROMPT-1")
        #expect(late.charge.cost == 25_000)
        #expect(server.batches.count == 1)
        await second.shutdown()
    }

    @Test(
        "A batch whose creation was not confirmed is found again in the same run",
        arguments: batchAPIs,
        [0, 1]
    )
    func unconfirmed(api: EndpointAPI, kind: Int) async throws {
        let server = try BatchServer {
            $0.spoil = { asked, count, answer in
                guard asked == .create, count == 0 else { return }
                answer = kind == 0 ? .reset : .status(504)
            }
        }
        let store = MemoryBatchStore()
        let client = try batchClient(server, api, rows: 2, store: store)

        let answers = await client.answers(to: prompts(2))

        #expect(answers.replies.count == 2)
        #expect(server.paid.values.allSatisfy { $0 == 1 })
        #expect(server.batches.count == 1)
        #expect(server.asked(.create) == 1)
        #expect(store.open.isEmpty)
        await client.shutdown()
    }

    @Test("A batch that was not made is made again", arguments: batchAPIs)
    func unmade(api: EndpointAPI) async throws {
        let server = try BatchServer {
            $0.instead = { asked, count in asked == .create && count < 2 ? .reset : nil }
        }
        let client = try batchClient(server, api, rows: 2)

        let answers = await client.answers(to: prompts(2))

        #expect(answers.replies.count == 2)
        #expect(server.asked(.create) == 3)
        #expect(server.batches.count == 1)
        await client.shutdown()
    }

    @Test(
        "A batch that may have been made stays remembered when the endpoint goes away",
        arguments: batchAPIs
    )
    func goneAway(api: EndpointAPI) async throws {
        let server = try BatchServer {
            $0.spoil = { asked, _, answer in if asked == .create { answer = .reset } }
            $0.instead = { asked, count in asked == .list && count < 6 ? .status(500) : nil }
        }
        let store = MemoryBatchStore()
        let first = try batchClient(server, api, rows: 2, store: store)

        let lost = await first.answers(to: prompts(2))
        await first.shutdown()
        let second = try batchClient(server, api, rows: 2, store: store)
        let answers = await second.answers(to: prompts(2))

        #expect(lost.code("prompt-0") == "endpoint-down")
        #expect(answers.replies.count == 2)
        #expect(server.batches.count == 1)
        await second.shutdown()
    }

    @Test("Somebody else's batch of the same size is not taken for ours")
    func foreign() async throws {
        let server = try BatchServer()
        let others = try batchClient(server, .anthropic, rows: 2)
        #expect(await others.answers(to: ["x", "y"]).replies.count == 2)
        let store = MemoryBatchStore()
        try await store.remember(
            BatchRecord(
                tag: "t",
                model: "teacher",
                endpoint: server.url,
                api: .anthropic,
                madeAt: 1_700_000_000,
                rows: prompts(2).map { BatchRecord.Row(request: request($0), role: "teacher") }
            )
        )
        let client = try batchClient(server, .anthropic, rows: 2, store: store)

        let answers = await client.answers(to: prompts(2))

        #expect(answers.replies.count == 2)
        #expect(server.paid == ["x": 1, "y": 1, "prompt-0": 1, "prompt-1": 1])
        #expect(store.open.isEmpty)
        await others.shutdown()
        await client.shutdown()
    }

    @Test("Batches of other models and endpoints are left alone")
    func strangers() async throws {
        let server = try BatchServer()
        let store = MemoryBatchStore()
        for (model, endpoint) in [("judge", server.url), ("teacher", "https://elsewhere.example/v1")] {
            try await store.remember(
                BatchRecord(
                    tag: model,
                    model: model,
                    endpoint: endpoint,
                    api: .openai,
                    madeAt: 0,
                    rows: [BatchRecord.Row(request: request("a"), role: "teacher")],
                    id: "b"
                )
            )
        }
        let client = try batchClient(server, rows: 1, store: store)

        #expect(try await client.complete(request("a")).reply.text == "A")
        #expect(store.open.count == 2)
        await client.shutdown()
    }

    @Test("Replies that cannot be kept are fetched again later", arguments: batchAPIs)
    func full(api: EndpointAPI) async throws {
        let server = try BatchServer()
        let store = FullStore()
        let first = try batchClient(server, api, rows: 2, store: store)
        let lost = await first.answers(to: prompts(2))
        await first.shutdown()
        store.isFull.withLock { $0 = false }
        let second = try batchClient(server, api, rows: 2, store: store)

        let answers = await second.answers(to: prompts(2))

        #expect(lost.errors.values.allSatisfy { $0 is FullStore.Full })
        #expect(answers.replies.count == 2)
        #expect(server.paid.values.allSatisfy { $0 == 1 })
        await second.shutdown()
    }

    @Test(
        "A batch that the endpoint does not know stops the run, unless its results would be gone anyway",
        arguments: batchAPIs
    )
    func unknown(api: EndpointAPI) async throws {
        let server = try BatchServer {
            $0.instead = { step, count in step == .look && count == 0 ? .status(404) : nil }
        }
        for (days, isLost) in [(1.0, false), (40, true)] {
            let server = try isLost ? BatchServer() : server
            let store = MemoryBatchStore()
            try await store.remember(
                BatchRecord(
                    tag: "t",
                    model: "teacher",
                    endpoint: server.url,
                    api: api,
                    madeAt: 1_700_000_000,
                    rows: [BatchRecord.Row(request: request("a"), role: "teacher")],
                    id: "unknown"
                )
            )
            let client = try batchClient(
                server,
                api,
                rows: 1,
                store: store,
                now: 1_700_000_000 + days * 86_400
            )

            let answers = await client.answers(to: ["a"])

            #expect((answers.errors["a"] as? WorkFailure)?.stopsRun == (isLost ? nil : true))
            #expect(answers.replies["a"]?.reply.text == (isLost ? "A" : nil))
            #expect(store.open.count == (isLost ? 0 : 1))
            await client.shutdown()
        }
    }

    @Test("A drain sends no further batch and leaves those under way to the next run", arguments: batchAPIs)
    func drain(api: EndpointAPI) async throws {
        let gate = Latch()
        let server = try BatchServer {
            $0.spoil = { asked, count, answer in if asked == .look, count == 0 { answer.gate = gate } }
        }
        let store = MemoryBatchStore()
        let clock = QuietClock(holding: quiet)
        let first = try batchClient(server, api, rows: 2, store: store, clock: clock)
        let under = first.asking(prompts(2))
        await server.reached(.look)
        let inLine = first.asking(["in line"])
        await first.waits(for: 1, clock)
        first.drain()

        #expect(await under.value.cancelled == 2)
        #expect(await inLine.value.cancelled == 1)
        #expect(await first.answers(to: ["late"]).cancelled == 1)
        gate.open()
        await first.shutdown()
        #expect(server.batches.count == 1)
        #expect(store.open.map(\.id) == ["batch_0"])

        let later = QuietClock(holding: quiet)
        let second = try batchClient(server, api, rows: 2, store: store, clock: later)
        let asked = second.asking(prompts(2) + ["in line"])
        await second.waits(for: 1, later)
        later.release()
        let answers = await asked.value

        #expect(answers.replies.count == 3)
        #expect(server.paid.values.allSatisfy { $0 == 1 })
        await second.shutdown()
    }

    @Test("A drain between upload and batch sends no batch and forgets it")
    func drainBeforeBatch() async throws {
        let gate = Latch()
        let server = try BatchServer {
            $0.spoil = { asked, _, answer in if asked == .upload { answer.gate = gate } }
        }
        let store = MemoryBatchStore()
        let client = try batchClient(server, rows: 1, store: store)
        let asked = client.asking(["a"])
        await server.reached(.upload)
        client.drain()
        gate.open()

        #expect(await asked.value.cancelled == 1)
        await until { store.open.isEmpty }
        #expect(server.batches.isEmpty)
        await client.shutdown()
    }

    @Test("A pause sends no batch, whether it is full, late or uploaded already, and one under way comes in")
    func pause() async throws {
        let gate = Latch()
        let server = try BatchServer {
            $0.spoil = { asked, count, answer in if asked == .look, count == 0 { answer.gate = gate } }
        }
        let store = MemoryBatchStore()
        let clock = QuietClock(holding: quiet)
        let client = try batchClient(server, rows: 2, store: store, clock: clock)
        let channel = try #require(client.channels["teacher"]?.batch)
        let under = client.asking(prompts(2))
        await server.reached(.look)
        client.setPaused(true)
        let full = client.asking(["a", "b"])
        await until { channel.gate.waiting == 1 }
        gate.open()

        #expect(await under.value.replies.count == 2)
        #expect(server.batches.count == 1 && server.asked(.upload) == 1)
        client.setPaused(false)
        #expect(await full.value.replies.count == 2)
        #expect(server.batches.count == 2 && store.open.isEmpty)
        await client.shutdown()
    }

    @Test("A pause between upload and batch holds the batch back, and a drain ends the wait")
    func pauseBeforeBatch() async throws {
        let gate = Latch()
        let server = try BatchServer {
            $0.spoil = { asked, _, answer in if asked == .upload { answer.gate = gate } }
        }
        let store = MemoryBatchStore()
        let client = try batchClient(server, rows: 1, store: store)
        let channel = try #require(client.channels["teacher"]?.batch)
        let asked = client.asking(["a"])
        await server.reached(.upload)
        client.setPaused(true)
        gate.open()
        await until { channel.gate.waiting == 1 }
        #expect(server.batches.isEmpty)
        client.drain()

        #expect(await asked.value.cancelled == 1)
        await until { store.open.isEmpty }
        #expect(server.batches.isEmpty)
        // What is over cannot be paused any more.
        client.setPaused(true)
        await client.shutdown()
    }
}

/// A store that cannot keep anything at first.
private final class FullStore: BatchStore {
    struct Full: Error {}

    let isFull = Mutex(true)
    private let store = MemoryBatchStore()

    func remember(_ batch: BatchRecord) async throws { try await store.remember(batch) }
    func name(_ tag: String, file: String?, id: String?) async throws {
        try await store.name(tag, file: file, id: id)
    }
    func openBatches() async throws -> [BatchRecord] { try await store.openBatches() }
    func close(_ tag: String, keeping replies: [BatchedReply]) async throws {
        if isFull.withLock({ $0 }) { throw Full() }
        try await store.close(tag, keeping: replies)
    }
}
