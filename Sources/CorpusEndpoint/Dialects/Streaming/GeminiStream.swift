import CorpusKit

/// Streams of Google's `generateContent`: each event is a body with the next parts.
struct GeminiStream: ReplyStream {
    private var candidates: [Int: Candidate] = [:]
    /// The last usage and the word on the prompt.
    private var rest: [String: JSONValue] = [:]

    /// There is no end mark, and the counts may come after the reason: whoever reads waits for the end of the stream.
    var isComplete: Bool { false }

    mutating func take(_ event: ServerEvent) throws(ReplyFault) {
        let value = try JSONValue(replyBody: event.data)
        try value.throwReportedError()
        for name in ["usageMetadata", "promptFeedback"] {
            if let member = value[name], member != .null { rest[name] = member }
        }
        for (position, candidate) in (value["candidates"]?.elements ?? []).enumerated() {
            candidates[candidate["index"]?.whole ?? position, default: Candidate()].add(candidate)
        }
    }

    func body() -> JSONValue? {
        let isRefused = candidates.isEmpty && rest["promptFeedback"]?["blockReason"] != nil
        let isWhole = !candidates.isEmpty && candidates.values.allSatisfy { $0.finish != nil }
        guard isRefused || isWhole else { return nil }
        var body = rest
        body["candidates"] = .array(candidates.sorted { $0.key < $1.key }.map(\.value.json))
        return .object(body)
    }

    /// What has come of one candidate.
    private struct Candidate: Sendable {
        private var parts: [JSONValue] = []
        private var logprobs: [String: [JSONValue]] = [:]
        private(set) var finish: JSONValue?

        mutating func add(_ candidate: JSONValue) {
            parts += candidate["content"]?["parts"]?.elements ?? []
            for (name, list) in candidate["logprobsResult"]?.members ?? [:] {
                if let entries = list.elements { logprobs[name, default: []] += entries }
            }
            if let reason = candidate["finishReason"], reason != .null { finish = reason }
        }

        var json: JSONValue {
            var json: [String: JSONValue] = ["content": ["parts": .array(parts)]]
            if !logprobs.isEmpty { json["logprobsResult"] = .object(logprobs.mapValues(JSONValue.array)) }
            json["finishReason"] = finish
            return .object(json)
        }
    }
}
