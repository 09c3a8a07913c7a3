import CorpusKit

/// Streams of OpenAI's chat completions and completions.
struct ChatStream: ReplyStream {
    private var choices: [Int: Choice] = [:]
    private var usage: JSONValue?
    private var sawEnd = false

    var isComplete: Bool { sawEnd }

    mutating func take(_ event: ServerEvent) throws(ReplyFault) {
        guard event.data != Array("[DONE]".utf8) else {
            sawEnd = true
            return
        }
        let chunk = try JSONValue(replyBody: event.data)
        try chunk.throwReportedError()
        if let counts = chunk["usage"], counts != .null { usage = counts }
        for (position, choice) in (chunk["choices"]?.elements ?? []).enumerated() {
            choices[choice["index"]?.whole ?? position, default: Choice()].add(choice)
        }
    }

    /// A stream without its end mark is whole when each choice has ended.
    func body() -> JSONValue? {
        guard sawEnd || !choices.isEmpty && choices.values.allSatisfy({ $0.finish != nil }) else {
            return nil
        }
        var body: [String: JSONValue] = [
            "choices": .array(choices.sorted { $0.key < $1.key }.map(\.value.json))
        ]
        body["usage"] = usage
        return .object(body)
    }

    /// What has come of one choice.
    private struct Choice: Sendable {
        /// Texts and parts of other kinds, in order.
        private var content: [JSONValue] = []
        private var fields: [String: String] = [:]
        private var text: String?
        private var calls: [Int: Call] = [:]
        private var logprobs: [String: [JSONValue]] = [:]
        private(set) var finish: JSONValue?

        mutating func add(_ choice: JSONValue) {
            if let more = choice["text"]?.text { text = (text ?? "") + more }
            let delta = choice["delta"] ?? .null
            switch delta["content"] {
            case .string(let more): content.append(.string(more))
            case .array(let parts): content += parts
            default: break
            }
            for name in ["reasoning_content", "reasoning", "refusal"] {
                if let more = delta[name]?.text { fields[name, default: ""] += more }
            }
            for (position, call) in (delta["tool_calls"]?.elements ?? []).enumerated() {
                calls[call["index"]?.whole ?? position, default: Call()].add(call)
            }
            for (name, list) in choice["logprobs"]?.members ?? [:] {
                if let entries = list.elements { logprobs[name, default: []] += entries }
            }
            if let reason = choice["finish_reason"], reason != .null { finish = reason }
        }

        var json: JSONValue {
            var json: [String: JSONValue] = [:]
            if let text {
                json["text"] = .string(text)
            } else {
                var message = fields.mapValues(JSONValue.string)
                message["content"] = .array(content)
                if !calls.isEmpty {
                    message["tool_calls"] = .array(calls.sorted { $0.key < $1.key }.map(\.value.json))
                }
                json["message"] = .object(message)
            }
            if !logprobs.isEmpty { json["logprobs"] = .object(logprobs.mapValues(JSONValue.array)) }
            json["finish_reason"] = finish
            return .object(json)
        }
    }

    /// What has come of one call.
    private struct Call: Sendable {
        private var id = ""
        private var name = ""
        private var arguments = ""

        mutating func add(_ call: JSONValue) {
            if let id = call["id"]?.text, !id.isEmpty { self.id = id }
            if let name = call["function"]?["name"]?.text { self.name += name }
            arguments += call["function"]?["arguments"]?.text ?? ""
        }

        var json: JSONValue {
            let arguments = JSONValue.string(arguments.isEmpty ? "{}" : arguments)
            return ["id": .string(id), "function": ["name": .string(name), "arguments": arguments]]
        }
    }
}
