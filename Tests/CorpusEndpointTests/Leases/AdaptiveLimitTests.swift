import Foundation
import Testing

@testable import CorpusEndpoint

/// All times are a simulation's: nothing here waits.
@Suite("Adaptive limit")
struct AdaptiveLimitTests {
    /// The mean of a log-normal time with a median of 1 s and a sigma of 0.5.
    private let mean = exp(0.125)

    @Test("A server that queues in silence is kept busy without a long queue", arguments: 1...5)
    func knee(seed: Int) {
        let weather = Weather(capacity: { _ in 32 })
        let after = weather.run(.auto(ceiling: 256), until: [60, 400], seed: seed)[1]

        #expect(after.throughput > 0.85 * 32 / mean)
        #expect(after.latency < 2 * mean)
    }

    @Test("It follows within 20 seconds when capacity doubles or halves", arguments: 1...5)
    func following(seed: Int) {
        let weather = Weather(capacity: { $0 < 100 ? 32 : $0 < 200 ? 64 : 32 })
        let accounts = weather.run(.auto(ceiling: 256), until: [100, 120, 200, 220, 300], seed: seed)

        #expect(accounts[2].throughput > 0.85 * 64 / mean)
        #expect(accounts[4].throughput > 0.8 * 32 / mean)
        #expect(accounts[4].latency < 2.2 * mean)
    }

    @Test("A server without a limit gets all that there is")
    func boundless() {
        let after = Weather().run(.auto(ceiling: 256), until: [40, 200])[1]

        #expect(after.throughput > 0.93 * 256 / mean)
    }

    @Test("Calls that become longer are no queue", arguments: 1...3)
    func longerCalls(seed: Int) {
        let weather = Weather(capacity: { _ in 32 }, median: { $0 < 100 ? 1 : 3 })
        let after = weather.run(.auto(ceiling: 256), until: [100, 160, 400], seed: seed)[2]

        #expect(after.throughput > 0.8 * 32 / (3 * mean))
    }

    @Test("Refusals lower the limit to what is served, given or found", arguments: [true, false])
    func refusals(isGiven: Bool) {
        let weather = Weather(capacity: { _ in 32 }, refuses: true)
        let after = weather.run(isGiven ? .given(256) : .auto(ceiling: 256), until: [40, 300])[1]

        #expect(after.throughput > 0.75 * 32 / mean)
        #expect(after.limit < 64)
    }

    @Test("Refusals that come anyway do not lower it", arguments: [0.05, 0.2, 0.4])
    func storm(share: Double) {
        let weather = Weather(storm: share)
        let after = weather.run(.given(256), until: [20, 100])[1]

        #expect(after.limit > 240)
        #expect(after.throughput > 0.9 * 256 / mean)
    }

    @Test("A server's own count of waiting requests beats guessing")
    func queueTold() {
        let weather = Weather(capacity: { _ in 32 }, tells: true)
        let after = weather.run(.auto(ceiling: 256), until: [60, 300])[1]

        #expect(after.throughput > 0.9 * 32 / mean)
        #expect(after.latency < 1.6 * mean)
    }

    @Test("A given limit is never exceeded and only refusals lower it")
    func given() {
        let weather = Weather(capacity: { _ in 4 })
        let after = weather.run(.given(16), until: [100])[0]

        #expect(after.limit == 16)
    }

    /// A tenth is refused while 32 calls take a second each: the limit goes to a little less, and not to what the
    /// time without calls would have it.
    @Test("A time in which calls were held back says nothing", arguments: [true, false])
    func pause(restarts: Bool) {
        var limit = AdaptiveLimit(.given(32), now: 0)
        var now = 0.0
        func end(_ count: Int, refusing share: Int) {
            for call in 1...count {
                now += 1.0 / 32
                let isRefused = call.isMultiple(of: share)
                limit.ended(isRefused ? .refused : .served, start: now - 1, now: now, inFlight: 32)
            }
        }
        end(32 + 20, refusing: .max)
        now += 1000
        if restarts { limit.restart(now: now) }
        end(60, refusing: 10)

        #expect(limit.limit == (restarts ? 28 : 21))
    }

    @Test("The limit stays between 1 and its ceiling, whatever happens", arguments: 0..<20)
    func bounds(seed: Int) {
        var random = RandomNumbers(seed: UInt64(seed))
        var limit = AdaptiveLimit(seed % 2 == 0 ? .auto(ceiling: 64) : .given(64), now: 0)
        var now = 0.0
        for _ in 0..<20_000 {
            now += Double(random.next() % 1000) / 1000
            let end: AdaptiveLimit.End = [.served, .refused, .other][Int(random.next() % 3)]
            limit.ended(
                end,
                start: now - Double(random.next() % 5000) / 1000,
                now: now,
                inFlight: limit.limit
            )
            if random.next() % 50 == 0 {
                limit.observe(.init(running: Int(random.next() % 100), waiting: Int(random.next() % 100)))
            }
            guard (1...64).contains(limit.limit) else {
                Issue.record("the limit is \(limit.limit)")
                return
            }
        }
    }
}

private struct RandomNumbers {
    var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

    mutating func next() -> UInt64 {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return state
    }
}
