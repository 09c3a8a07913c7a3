import CorpusKit
import TestSupport
import Testing

@testable import CorpusEndpoint

@Suite("Leases", .timeLimit(.minutes(5)))
struct LeaseDeskTests {
    private func desk(_ places: Int, rates: RateLimits = RateLimits(), clock: InstantClock = InstantClock())
        -> LeaseDesk
    {
        let start = clock.now
        return LeaseDesk(
            .given(places),
            rates: rates,
            now: { start.duration(to: clock.now) / .seconds(1) },
            sleep: { try await clock.sleep(for: $0) }
        )
    }

    private func need(_ role: String = "teacher", isRetry: Bool = false, input: Int = 10) -> LeaseNeed {
        LeaseNeed(role: role, isRetry: isRetry, input: input, output: 10)
    }

    @Test("No more calls run at once than there are places", arguments: [1, 3, 16])
    func width(width: Int) async throws {
        let desk = desk(width)
        let running = Gauge()
        try await withThrowingDiscardingTaskGroup { group in
            for number in 0..<200 {
                group.addTask {
                    let lease = try await desk.lease(
                        need(number % 2 == 0 ? "a" : "b", isRetry: number % 7 == 0)
                    )
                    running.add(1)
                    await Task.yield()
                    running.add(-1)
                    desk.end(lease, .served)
                }
            }
        }

        #expect(running.peak <= width)
        #expect(desk.standing.waiting == 0 && desk.standing.inFlight == 0)
    }

    @Test("Retries go first, then the roles take turns, each in the order of asking")
    func turns() async throws {
        let desk = desk(1)
        let order = Trace()
        let asked: [(number: Int, need: LeaseNeed)] = [
            (0, need("a")), (1, need("a")), (2, need("a")), (3, need("b")), (4, need("b")),
            (5, need("a", isRetry: true)), (6, need("c")), (7, need("b", isRetry: true)),
        ]
        try await withThrowingDiscardingTaskGroup { group in
            let first = try await desk.lease(need())
            for (number, need) in asked {
                group.addTask {
                    let lease = try await desk.lease(need)
                    order.note(number)
                    desk.end(lease, .served)
                }
                await until { desk.standing.waiting > number }
            }
            desk.end(first, .served)
        }

        #expect(order.notes == [5, 7, 0, 3, 6, 1, 4, 2])
    }

    @Test("A cancelled caller leaves its line, and what it waited for goes to others")
    func cancellation() async throws {
        let desk = desk(1)
        let first = try await desk.lease(need())
        let waiting = Task { try await desk.lease(need()) }
        await until { desk.standing.waiting == 1 }
        let behind = Task { try await desk.lease(need()) }
        await until { desk.standing.waiting == 2 }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        desk.end(first, .served)
        desk.end(try await behind.value, .served)

        #expect(desk.standing.inFlight == 0 && desk.standing.waiting == 0)
    }

    @Test("Who closes the desk sends everybody away, also those who come later")
    func closing() async throws {
        let desk = desk(1)
        let first = try await desk.lease(need())
        let waiting = Task { try await desk.lease(need()) }
        await until { desk.standing.waiting == 1 }
        desk.close(WorkFailure("bad-key", "no"))
        await #expect(throws: WorkFailure.self) { try await waiting.value }
        await #expect(throws: WorkFailure.self) { try await desk.lease(need()) }
        desk.end(first, .served)
        #expect(desk.leaseNow(need()) == nil)
    }

    @Test("While the desk is paused nobody gets a lease, and afterwards all do whose turn it is")
    func pausing() async throws {
        let desk = desk(2)
        let first = try await desk.lease(need())
        desk.setPaused(true)
        #expect(!desk.isFree && desk.leaseNow(need()) == nil)
        let waiting = [Task { try await desk.lease(need()) }, Task { try await desk.lease(need("b")) }]
        await until { desk.standing.waiting == 2 }
        // Neither a place that comes back nor a cancelled caller sends the others.
        desk.end(first, .served)
        let cancelled = Task { try await desk.lease(need()) }
        await until { desk.standing.waiting == 3 }
        cancelled.cancel()
        await #expect(throws: CancellationError.self) { try await cancelled.value }
        #expect(desk.standing.waiting == 2 && desk.standing.inFlight == 0)

        desk.setPaused(false)
        for waiter in waiting { desk.end(try await waiter.value, .served) }
        desk.end(try await desk.lease(need()), .served)
        #expect(desk.standing.inFlight == 0 && desk.standing.waiting == 0)
    }

    @Test("Who waits at a paused desk is sent away when it closes")
    func closingPaused() async throws {
        let desk = desk(1)
        desk.setPaused(true)
        let waiting = Task { try await desk.lease(need()) }
        await until { desk.standing.waiting == 1 }
        desk.close(CancellationError())
        await #expect(throws: CancellationError.self) { try await waiting.value }
    }

    @Test("A rate that comes back while the desk is paused sends nobody before it goes on")
    func pausedRates() async throws {
        let clock = InstantClock()
        let desk = desk(10, rates: RateLimits(requests: 1), clock: clock)
        desk.end(try await desk.lease(need()), .served)
        desk.setPaused(true)
        let waiting = Task { try await desk.lease(need()) }
        await until { desk.standing.waiting == 1 }
        clock.advance(by: .seconds(3600))
        #expect(desk.leaseNow(need()) == nil && desk.standing.inFlight == 0)
        desk.setPaused(false)
        desk.end(try await waiting.value, .served)
    }

    @Test(
        "Calls are spread over the minute as the rates say",
        arguments: [
            (RateLimits(requests: 60), 1.0), (RateLimits(inputTokens: 600), 1.0),
            (RateLimits(outputTokens: 300), 2.0),
        ]
    )
    func rates(limits: RateLimits, least: Double) async throws {
        let clock = InstantClock()
        let desk = desk(100, rates: limits, clock: clock)
        let start = clock.now
        for _ in 0..<30 { desk.end(try await desk.lease(need()), .served) }

        let seconds = start.duration(to: clock.now) / .seconds(1)
        #expect(seconds > 26 * least && seconds < 36 * least)
    }

    @Test("Tokens that were not used come back to the rate")
    func usage() async throws {
        let clock = InstantClock()
        let desk = desk(100, rates: RateLimits(inputTokens: 600), clock: clock)
        let start = clock.now
        for _ in 0..<30 {
            desk.end(try await desk.lease(need()), .served, usage: TokenUsage(input: 1, output: 1))
        }

        #expect(start.duration(to: clock.now) < .seconds(8))
    }

    @Test("Nobody is sent while the endpoint says that nothing is left")
    func notice() async throws {
        let clock = InstantClock()
        let desk = desk(100, clock: clock)
        let notice = RateNotice(
            ["x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "7s"],
            now: 0
        )
        desk.end(try await desk.lease(need()), .served, notice: notice)
        let start = clock.now
        desk.end(try await desk.lease(need()), .served)

        #expect(start.duration(to: clock.now) >= .seconds(7))
    }
}
