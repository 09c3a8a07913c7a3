import CorpusKit
import Foundation
import Testing

@testable import CorpusEndpoint

@Suite("Rates")
struct RateTests {
    @Test("In no 60 seconds more goes out than the limit, and nearly as much as it", arguments: 0..<10)
    func minute(seed: Int) {
        var random = RandomStream(seed: seed, purpose: ["rates"])
        let limit = [60, 500, 100_000][seed % 3]
        let largest = max(1, limit / 50)
        var bucket = RateBucket(perMinute: limit, now: 0)
        var sent: [(time: Double, amount: Int)] = []
        var now = 0.0
        while now < 600 {
            let amount = 1 + random.below(largest)
            now += bucket.wait(for: Double(amount), now: now) + 1e-9
            bucket.take(Double(amount), now: now)
            sent.append((now, amount))
            if random.below(10) == 0 { now += random.unit() * 3 }
        }
        for start in sent.indices {
            let within = sent[start...].prefix { $0.time < sent[start].time + 60 }
            #expect(within.reduce(0) { $0 + $1.amount } <= limit)
        }
        let total = sent.reduce(0) { $0 + $1.amount }
        #expect(Double(total) > 0.75 * Double(limit) * 10)
    }

    @Test("An amount beyond what can be saved up goes all the same, and is paid back")
    func huge() {
        var bucket = RateBucket(perMinute: 6000, now: 0)
        #expect(bucket.wait(for: 5000, now: 0) == 0)
        bucket.take(5000, now: 0)
        let wait = bucket.wait(for: 1, now: 0)
        #expect(wait > 45 && wait < 110)
    }

    @Test("What was not used comes back")
    func correction() {
        var bucket = RateBucket(perMinute: 600, now: 0)
        bucket.take(20, now: 0)
        #expect(bucket.wait(for: 10, now: 0) > 0)
        bucket.correct(by: 15)
        #expect(bucket.wait(for: 10, now: 0) == 0)
    }

    @Test("Without a limit nothing waits; one that the endpoint names is learnt, the smaller one counts")
    func learning() {
        var bucket = RateBucket(perMinute: nil, now: 0)
        for _ in 0..<1000 { bucket.take(1, now: 0) }
        #expect(bucket.wait(for: 1, now: 0) == 0)
        bucket.learn(limit: 60, remaining: 59, reset: 1, now: 0)
        #expect(bucket.limit == 60)
        var given = RateBucket(perMinute: 30, now: 0)
        given.learn(limit: 60, remaining: nil, reset: nil, now: 0)
        #expect(given.limit == 30)
        given.learn(limit: 10, remaining: nil, reset: nil, now: 0)
        #expect(given.limit == 10)
        given.learn(limit: 5, remaining: nil, reset: 86400, now: 0)
        #expect(given.limit == 10)
    }

    @Test("Nothing goes while the endpoint says that nothing is left")
    func exhausted() {
        var bucket = RateBucket(perMinute: nil, now: 0)
        bucket.learn(limit: nil, remaining: 0, reset: 12, now: 100)
        #expect(bucket.wait(for: 1, now: 100) == 12)
        #expect(bucket.wait(for: 1, now: 111.5) == 0.5)
        #expect(bucket.wait(for: 1, now: 112) == 0)
    }

    @Test(
        "Headers are read in both dialects",
        arguments: [
            (
                [
                    "x-ratelimit-limit-requests": "500", "x-ratelimit-remaining-requests": "499",
                    "x-ratelimit-reset-requests": "120ms",
                ],
                RateNotice.Kind.requests, RateNotice.Limit(limit: 500, remaining: 499, reset: 0.12)
            ),
            (
                ["x-ratelimit-limit-tokens": "30000", "x-ratelimit-reset-tokens": "6m0s"],
                .tokens, RateNotice.Limit(limit: 30_000, remaining: nil, reset: 360)
            ),
            (
                [
                    "anthropic-ratelimit-input-tokens-limit": "40000",
                    "anthropic-ratelimit-input-tokens-remaining": "0",
                    "anthropic-ratelimit-input-tokens-reset": "2026-01-02T03:04:35Z",
                ],
                .inputTokens, RateNotice.Limit(limit: 40_000, remaining: 0, reset: 30)
            ),
            (
                ["anthropic-ratelimit-output-tokens-remaining": "8000"],
                .outputTokens, RateNotice.Limit(limit: nil, remaining: 8000, reset: nil)
            ),
        ]
    )
    func headers(headers: [String: String], kind: RateNotice.Kind, expected: RateNotice.Limit) throws {
        let moment = try Date("2026-01-02T03:04:05Z", strategy: .iso8601).timeIntervalSince1970
        #expect(RateNotice(headers, now: moment).limits == [kind: expected])
    }

    @Test(
        "Waits are read in all their forms",
        arguments: [
            ("1", 1.0), ("0.25", 0.25), ("1h2m3.5s", 3723.5), ("250ms", 0.25), ("1d", 86400), ("", nil),
            ("soon", nil),
            ("-1", nil), ("5 s", nil), ("1m-", nil),
        ] as [(String, Double?)]
    )
    func waits(text: String, expected: Double?) { #expect(RateNotice.seconds(text, now: 0) == expected) }

    @Test(
        "A queue is read from the pages of servers that have one",
        arguments: [
            (
                "# HELP x\nvllm:num_requests_running{model_name=\"m\"} 3.0\nvllm:num_requests_waiting{model_name=\"m\"} 7.0\n",
                3, 7
            ),
            ("llamacpp:requests_processing 2\nllamacpp:requests_deferred 0\n", 2, 0),
            (
                "sglang:num_running_reqs{a=\"1\"} 1\nsglang:num_running_reqs{a=\"2\"} 2\nsglang:num_queue_reqs{a=\"1\"} 4",
                3, 4
            ),
        ]
    )
    func queue(page: String, running: Int, waiting: Int) {
        #expect(QueueGauge.read(Array(page.utf8)) == .init(running: running, waiting: waiting))
    }

    @Test(
        "Other pages tell of no queue",
        arguments: ["", "<html>", "up 1\n", "vllm:num_requests_running NaN\n"]
    )
    func noQueue(page: String) { #expect(QueueGauge.read(Array(page.utf8)) == nil) }
}
