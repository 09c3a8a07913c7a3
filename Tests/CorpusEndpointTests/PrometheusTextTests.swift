import CorpusKit
import TestSupport
import Testing

@testable import CorpusEndpoint

@Suite("Figures for Prometheus", .timeLimit(.minutes(5)))
struct PrometheusTextTests {
    @Test("Calls, errors, tokens and cost are told for each endpoint, and nothing of what was said")
    func page() async throws {
        let server = try TestServer(answers: .status(500), .chat("a secret answer", input: 100, output: 7))
        let price = TokenPrice(input: 1_000_000_000, output: 2_000_000_000)
        let client = try client(configuration(server.url, price: price))
        _ = try await client.complete(request("a secret question"))
        let page = client.snapshot.prometheusText
        let labels = "model=\"teacher\",endpoint=\"\(server.url)\""

        for line in [
            "# TYPE corpusmith_calls_in_flight gauge", "corpusmith_calls_in_flight{\(labels)} 0",
            "corpusmith_requests_total{\(labels)} 2", "corpusmith_replies_total{\(labels)} 1",
            "corpusmith_request_errors_total{\(labels),code=\"endpoint-error\"} 1",
            "corpusmith_tokens_total{\(labels),kind=\"input\"} 100",
            "corpusmith_tokens_total{\(labels),kind=\"output\"} 7",
            "corpusmith_cost_usd_total{\(labels)} 0.000114",
            "corpusmith_call_seconds_bucket{\(labels),le=\"+Inf\"} 1",
            "corpusmith_call_seconds_count{\(labels)} 1",
            "corpusmith_lease_wait_seconds_count{\(labels)} 2",
            "corpusmith_hedges_total{model=\"teacher\"} 0",
        ] {
            #expect(page.split(separator: "\n").contains { $0 == line }, "\(line)")
        }
        #expect(!page.contains("secret") && !page.contains(testKey))
    }

    @Test("Every line is a comment or a name, labels and a number, and every family is announced once")
    func grammar() throws {
        let lane = EndpointSnapshot.Lane(
            model: "a \"b\"\n\\c",
            endpoint: "http://h/v1",
            counts: EndpointCounts()
        )
        let page = EndpointSnapshot(models: [lane.model: lane.counts], lanes: [lane]).prometheusText
        let lines = page.split(separator: "\n")
        let families = lines.filter { $0.hasPrefix("# TYPE") }

        #expect(page.hasSuffix("\n"))
        #expect(Set(families).count == families.count)
        for line in lines where !line.hasPrefix("#") {
            #expect(
                try #/[a-z_]+\{([a-z]+="([^"\\\n]|\\["\\n])*",?)+\} [0-9.e+-]+/#.wholeMatch(in: line) != nil,
                "\(line)"
            )
        }
    }

    @Test(
        "Buckets hold what is at most their bound",
        arguments: [(0.005, 0), (0.01, 0), (0.011, 1), (600, 14), (601, 15)]
    )
    func buckets(seconds: Double, bucket: Int) {
        var histogram = Histogram()
        histogram.note(seconds)
        #expect(histogram.counts[bucket] == 1)
        #expect(histogram.count == 1 && histogram.sum == seconds)
    }
}
