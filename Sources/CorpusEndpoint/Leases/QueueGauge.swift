/// Reads how many requests a server has in work and in its queue, where its `/metrics` say so.
enum QueueGauge {
    /// Names of gauges: vLLM, SGLang, llama.cpp.
    private static let running = [
        "vllm:num_requests_running", "sglang:num_running_reqs", "llamacpp:requests_processing",
    ]
    private static let waiting = [
        "vllm:num_requests_waiting", "sglang:num_queue_reqs", "llamacpp:requests_deferred",
    ]

    /// Reads a page in Prometheus' text format; nil when it has no gauge that is known.
    static func read(_ page: [UInt8]) -> AdaptiveLimit.Queue? {
        guard page.count <= 4 << 20 else { return nil }
        var found: [Substring: Double] = [:]
        let text = String(decoding: page, as: UTF8.self)
        for line in text.split(whereSeparator: \.isNewline) where !line.hasPrefix("#") {
            let name = line.prefix { $0 != "{" && $0 != " " }
            guard let last = line.split(separator: " ").last, let value = Double(last), value.isFinite,
                (0...1e9).contains(value)
            else { continue }
            // A gauge for each of several engines: together they are the server.
            found[name, default: 0] += value
        }
        let counts = [running, waiting].map { names in
            names.lazy.compactMap { found[Substring($0)] }.first.map { Int($0) }
        }
        guard let running = counts[0], let waiting = counts[1] else { return nil }
        return AdaptiveLimit.Queue(running: running, waiting: waiting)
    }
}
