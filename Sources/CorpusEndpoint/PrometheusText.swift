import CorpusKit

extension EndpointSnapshot {
    /// The counts as a page in Prometheus' text format.
    ///
    /// Labels are the model's name in the run, the endpoint's address without credentials and query, and codes. Nothing
    /// of requests and replies is in it.
    public var prometheusText: String {
        var page = Page()
        page.gauge("corpusmith_calls_in_flight", "Calls between sending and the last byte.", lanes) {
            $0.inFlight
        }
        page.gauge("corpusmith_calls_limit", "Calls that may be in flight at present.", lanes) { $0.limit }
        page.gauge("corpusmith_calls_waiting", "Calls that wait for a lease.", lanes) { $0.waiting }
        page.counter("corpusmith_requests_total", "Requests sent, repeated ones included.", lanes) { $0.sent }
        page.counter("corpusmith_replies_total", "Requests that ended with a reply.", lanes) { $0.replies }
        page.family(
            "corpusmith_request_errors_total",
            "counter",
            "Requests that ended without a reply, by code."
        )
        for lane in lanes {
            for (code, count) in lane.counts.errors.sorted(by: { $0.key < $1.key }) {
                page.line(
                    "corpusmith_request_errors_total",
                    lane.labels + [("code", code.description)],
                    "\(count)"
                )
            }
        }
        page.family("corpusmith_tokens_total", "counter", "Tokens as endpoints counted them.")
        for lane in lanes {
            let usage = lane.counts.usage
            for (kind, count) in [
                ("input", usage.input - usage.cachedInput), ("cached_input", usage.cachedInput),
                ("output", usage.output),
            ] {
                page.line("corpusmith_tokens_total", lane.labels + [("kind", kind)], "\(count)")
            }
        }
        page.family("corpusmith_cost_usd_total", "counter", "US dollars booked, where prices are known.")
        for lane in lanes where lane.isPriced {
            page.line("corpusmith_cost_usd_total", lane.labels, "\(Double(lane.counts.cost) / 1e9)")
        }
        page.histogram("corpusmith_call_seconds", "From sending to the last byte, of replies.", lanes) {
            $0.latency
        }
        page.histogram("corpusmith_lease_wait_seconds", "Wait for a lease.", lanes) { $0.leaseWait }
        page.family("corpusmith_hedges_total", "counter", "Slow calls that were asked a second time.")
        for (name, counts) in models.sorted(by: { $0.key < $1.key }) {
            page.line("corpusmith_hedges_total", [("model", name)], "\(counts.hedged)")
        }
        return page.text
    }
}

private struct Page {
    var text = ""

    mutating func family(_ name: String, _ kind: String, _ help: String) {
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind)\n"
    }

    mutating func line(_ name: String, _ labels: [(String, String)], _ value: String) {
        let words = labels.map { "\($0)=\"\(Self.escaped($1))\"" }.joined(separator: ",")
        text += "\(name){\(words)} \(value)\n"
    }

    mutating func gauge(
        _ name: String,
        _ help: String,
        _ lanes: [EndpointSnapshot.Lane],
        _ value: (EndpointCounts) -> Int
    ) {
        family(name, "gauge", help)
        for lane in lanes { line(name, lane.labels, "\(value(lane.counts))") }
    }

    mutating func counter(
        _ name: String,
        _ help: String,
        _ lanes: [EndpointSnapshot.Lane],
        _ value: (EndpointCounts) -> Int
    ) {
        family(name, "counter", help)
        for lane in lanes { line(name, lane.labels, "\(value(lane.counts))") }
    }

    mutating func histogram(
        _ name: String,
        _ help: String,
        _ lanes: [EndpointSnapshot.Lane],
        _ value: (EndpointCounts) -> Histogram
    ) {
        family(name, "histogram", help)
        for lane in lanes {
            let histogram = value(lane.counts)
            var sum = 0
            for (bound, count) in zip(Histogram.bounds.map { "\($0)" } + ["+Inf"], histogram.counts) {
                sum += count
                line(name + "_bucket", lane.labels + [("le", bound)], "\(sum)")
            }
            line(name + "_sum", lane.labels, "\(histogram.sum)")
            line(name + "_count", lane.labels, "\(sum)")
        }
    }

    private static func escaped(_ text: String) -> String {
        text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
    }
}

extension EndpointSnapshot.Lane {
    fileprivate var labels: [(String, String)] { [("model", model), ("endpoint", endpoint)] }
}
