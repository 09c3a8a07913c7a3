import CorpusKit
import TestSupport
import Testing

@testable import CorpusEndpoint

@Suite("Waits between attempts", .timeLimit(.minutes(5)))
struct EndpointWaitsTests {
    @Test("A wish that is too long stops the run with the time that was named, and is not disobeyed")
    func longWish() async throws {
        let server = try TestServer(
            answers: .status(429, #"{"error":{"message":"daily limit"}}"#, headers: ["Retry-After: 3600"])
        )
        let clock = InstantClock()
        let client = try client(configuration(server.url), clock: clock)

        let first = try await failure { try await client.complete(request()) }
        let second = try await failure { try await client.complete(request("another")) }

        #expect(first.code == "endpoint-down" && first.stopsRun)
        #expect(
            first.description
                == "the endpoint `\(server.url)` answered with an error (status 429): daily limit; it asks to wait 1 h, "
                + "and a run waits 5 min at most"
        )
        #expect(first.hint?.contains("same command") == true)
        #expect(second == first)
        #expect(server.requests.count == 1)
        #expect(clock.sleeps.isEmpty)
    }

    @Test("Draining ends the waits between attempts, lets exchanges finish and starts nothing more")
    func drain() async throws {
        let gate = Latch()
        let server = try TestServer { request in
            request.text.contains("in flight") ? .chat("hello", gate: gate) : .status(503)
        }
        let clock = PatientClock()
        let budget = Budget(Caps())
        var setup = configuration(server.url, places: 4)
        // The exchange is held while this test waits its turn among many.
        setup.timeouts = EndpointTimeouts(connect: .seconds(600), total: .seconds(600), idle: .seconds(600))
        let client = try EndpointClient([setup], budget: budget, clock: clock)
        async let inFlight = client.complete(request("in flight"))
        async let waiting = outcome { try await client.complete(request("waiting")) }
        async let alsoWaiting = outcome { try await client.complete(request("also waiting")) }
        await clock.asleep(2)
        await server.received(3)

        client.drain()
        let (first, second) = (await waiting, await alsoWaiting)
        let late = await outcome { try await client.complete(request("late")) }
        gate.open()
        let reply = try await inFlight

        #expect(first == "cancelled" && second == "cancelled" && late == "cancelled")
        #expect(reply.reply.text == "hello")
        #expect(server.requests.count == 3)
        #expect(budget.reserved == Amounts())
    }

    @Test("Whoever waits for a share of the budget when draining begins is sent away")
    func drainBudget() async throws {
        let budget = Budget(Caps(calls: 1))
        try await budget.reserve(Amounts(calls: 1), for: "m")
        async let waiting = outcome { try await budget.reserve(Amounts(calls: 1), for: "m") }
        await until { budget.waiting > 0 }

        budget.close()
        let first = await waiting
        budget.settle(Amounts(calls: 1), used: Amounts(), for: "m")
        let second = await outcome { try await budget.reserve(Amounts(calls: 1), for: "m") }

        #expect(first == "cancelled" && second == "cancelled")
    }

    @Test("A request that stops the run ends the waits of the others with its own words")
    func stopped() async throws {
        let server = try TestServer { $0.text.contains("refused") ? .status(401) : .status(503) }
        let clock = PatientClock()
        let client = try EndpointClient([configuration(server.url)], budget: Budget(Caps()), clock: clock)
        async let waiting = failure { try await client.complete(request("waiting")) }
        await clock.asleep(1)

        let refused = try await failure { try await client.complete(request("refused")) }
        let ended = try await waiting

        #expect(refused.code == "bad-key")
        #expect(ended == refused)
    }

    @Test("Cancelling a waiting caller ends its wait alone")
    func cancelled() async throws {
        let clock = PatientClock()
        let waits = RetryWaits { try await clock.sleep(for: $0) }
        async let other = outcome { try await waits.wait(.seconds(1)) }
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await #expect(throws: CancellationError.self) { try await waits.wait(.seconds(1)) }
            }
            await clock.asleep(2)
            group.cancelAll()
        }
        struct End: Error {}
        waits.end(End())
        let ended = await other
        await #expect(throws: End.self) { try await waits.wait(.seconds(1)) }

        #expect(ended == "End()")
    }

    private func outcome(_ call: () async throws -> some Sendable) async -> String {
        do {
            return "\(try await call())"
        } catch is CancellationError {
            return "cancelled"
        } catch {
            return "\(error)"
        }
    }
}
