import CorpusKit
import Synchronization
import TestSupport
import Testing

@testable import CorpusEndpoint

@Suite("Calls over several endpoints", .timeLimit(.minutes(5)))
struct RoutingTests {
    private final class Notes: Sendable {
        private let state = Mutex<[String]>([])
        var all: [String] { state.withLock { $0 } }
        func add(_ note: String) { state.withLock { $0.append(note) } }
    }

    private func client(
        _ servers: [TestServer],
        notes: Notes = Notes()
    ) throws -> EndpointClient {
        try EndpointClient(
            routes: [ModelRoute("teacher", endpoints: servers.map { configuration($0.url) })],
            budget: Budget(Caps()),
            clock: InstantClock(),
            now: { 0 },
            tell: { notes.add($0) }
        )
    }

    private func complete(_ count: Int, _ client: EndpointClient) async throws {
        try await withThrowingDiscardingTaskGroup { group in
            for number in 0..<count {
                group.addTask { _ = try await client.complete(request("\(number)")) }
            }
        }
    }

    @Test(
        "A failing endpoint costs no sample, and is asked less and less",
        arguments: [Answer.status(500), .status(503), .status(200, "")]
    )
    func failover(answer: Answer) async throws {
        let bad = try TestServer(answers: answer)
        let good = try TestServer(answers: .chat("hello"))
        let client = try client([bad, good])
        try await complete(100, client)

        #expect(good.bodies.count == 100)
        #expect(good.requests.count == 100)
        #expect(client.snapshot.total.failures == 0)
    }

    @Test("A server that is not there rests and is said to, once")
    func dead() async throws {
        let dead = try TestServer(answers: .chat("never"))
        dead.stop()
        let good = try TestServer(answers: .chat("hello"))
        let notes = Notes()
        let client = try client([dead, good], notes: notes)
        for number in 0..<40 { _ = try await client.complete(request("\(number)")) }

        #expect(good.requests.count == 40)
        #expect(notes.all.count == 1)
        #expect(notes.all.first?.contains("rests") == true)
    }

    @Test("An endpoint that refuses the key is asked no more; when all do, the run stops")
    func refusedKey() async throws {
        let locked = try TestServer(answers: .status(401))
        let good = try TestServer(answers: .chat("hello"))
        let notes = Notes()
        let half = try client([locked, good], notes: notes)
        for number in 0..<40 { _ = try await half.complete(request("\(number)")) }
        let whole = try client([locked, locked], notes: notes)
        let last = try await failure { try await whole.complete(request()) }

        #expect(good.requests.count == 40)
        #expect(locked.requests.count { $0.method == "POST" } == 3)
        #expect(notes.all.count == 3)
        #expect(!notes.all.contains { $0.contains(testKey) })
        #expect(last.code == "bad-key" && last.stopsRun)
    }

    @Test("Trouble with the only endpoint is told once, and so is its end")
    func trouble() async throws {
        let server = try TestServer { request in
            request.index < 4 ? .status(500) : .chat("hello")
        }
        let notes = Notes()
        let client = try client([server], notes: notes)
        for number in 0..<10 { _ = try await client.complete(request("\(number)")) }

        #expect(notes.all.count == 2)
        #expect(notes.all.first?.contains("is in trouble") == true)
        #expect(notes.all.last?.contains("answers again") == true)
    }

    @Test(
        "A run whose first requests are all refused for what they are is stopped; one that had a reply goes on"
    )
    func doomed() async throws {
        let refusing = try TestServer { request in
            request.text.contains("good one")
                ? .chat("hello") : .status(400, #"{"error":{"message":"no such field"}}"#)
        }
        let doomed = try client([refusing])
        var failures: [WorkFailure] = []
        for number in 0..<10 {
            failures.append(try await failure { try await doomed.complete(request("\(number)")) })
        }
        #expect(failures.dropLast().allSatisfy { !$0.stopsRun })
        #expect(failures.last?.stopsRun == true)
        #expect(failures.last?.description.contains("refused the first 10 requests") == true)

        let sound = try client([refusing])
        _ = try await sound.complete(request("good one"))
        for number in 0..<30 {
            let one = try await failure { try await sound.complete(request("\(number)")) }
            #expect(!one.stopsRun)
        }
    }

    @Test("When all endpoints fail the breaker names them all")
    func allDown() async throws {
        let servers = [try TestServer(answers: .status(500)), try TestServer(answers: .status(500))]
        let client = try client(servers)
        var last: WorkFailure?
        for number in 0..<6 { last = try await failure { try await client.complete(request("\(number)")) } }

        #expect(last?.code == "endpoint-down")
        #expect(servers.allSatisfy { last?.description.contains("127.0.0.1:\($0.port)") == true })
    }

    @Test("The slowest calls are asked a second time, and what that costs is counted")
    func hedging() async throws {
        let gate = Latch()
        let slow = try TestServer { request in
            request.text.contains("slow one") ? Answer.chat("late", gate: gate) : .chat("hello")
        }
        let fast = try TestServer(answers: .chat("quick"))
        let budget = Budget(Caps())
        // On a real clock, and with just as many calls before as make the first bound known.
        let client = try EndpointClient(
            routes: [
                ModelRoute("teacher", endpoints: [slow, fast].map { configuration($0.url) }, hedge: 0.2)
            ],
            budget: budget
        )
        for number in 0..<50 { _ = try await client.complete(request("warm \(number)")) }
        let charges = Mutex(0)
        var replies: [String] = []
        // About half of these prefer the slow endpoint, which never answers them by itself; which ones depends on its port.
        for number in 0..<64 where slow.requests.count(where: { $0.text.contains("slow one") }) < 3 {
            let reply = try await client.complete(request("slow one \(number)"), for: "teacher") { _ in
                charges.withLock { $0 += 1 }
            }
            replies.append(reply.reply.text)
        }
        gate.open()

        #expect(replies.allSatisfy { $0 == "quick" })
        let stuck = slow.requests.count { $0.text.contains("slow one") }
        #expect(stuck > 0)
        #expect(client.snapshot.total.hedged >= stuck)
        #expect(charges.withLock { $0 } == stuck)
        #expect(budget.reserved == Amounts())
    }

    @Test("An endpoint that wants to be left alone for an hour rests, and the others go on")
    func longWish() async throws {
        let tired = try TestServer { request in
            request.method == "GET" ? .status(200) : .status(429, headers: ["Retry-After: 3600"])
        }
        let good = try TestServer(answers: .chat("hello"))
        let notes = Notes()
        let client = try client([tired, good], notes: notes)
        for number in 0..<40 { _ = try await client.complete(request("\(number)")) }

        #expect(tired.requests.count { $0.method == "POST" } == 1)
        #expect(good.requests.count == 40)
        #expect(notes.all.count == 1)
        #expect(notes.all.first?.contains("rests for 1 h") == true)
    }

    @Test("When all want to be left alone, the run stops and says for how long")
    func longWishes() async throws {
        let tired = try TestServer { request in
            request.method == "GET" ? .status(200) : .status(429, headers: ["Retry-After: 3600"])
        }
        let other = try TestServer(answers: .status(429, headers: ["Retry-After: 7200"]))
        let client = try client([tired, other])
        let last = try await failure { try await client.complete(request()) }

        #expect(last.code == "endpoint-down" && last.stopsRun)
        #expect(tired.requests.count { $0.method == "POST" } <= 1)
    }

    @Test("Calls that wait at a busy endpoint go to one that is free")
    func waitingCallsMove() async throws {
        let gate = Latch()
        let stuck = try TestServer { request in
            request.method == "GET" ? .status(200) : .chat("late", gate: gate)
        }
        let quick = try TestServer(answers: .chat("quick"))
        let client = try EndpointClient(
            routes: [
                ModelRoute("teacher", endpoints: [stuck, quick].map { configuration($0.url, places: 2) })
            ],
            budget: Budget(Caps())
        )
        // Both places of the stuck endpoint are taken; everything else passes through the other one.
        let texts = await withTaskGroup(of: String?.self) { group in
            for number in 0..<40 {
                group.addTask { try? await client.complete(request("\(number)")).reply.text }
            }
            var texts: [String] = []
            while texts.count < 38, let text = await group.next() { texts.append(text ?? "") }
            gate.open()
            for await text in group { texts.append(text ?? "") }
            return texts
        }

        #expect(texts.count { $0 == "quick" } >= 38)
        #expect(texts.count { $0 == "" } == 0)
    }
}
