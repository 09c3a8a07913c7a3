import CorpusKit

/// Streams of Anthropic's messages.
struct AnthropicStream: ReplyStream {
    private var blocks: [Int: Block] = [:]
    private var message: [String: JSONValue]?
    private var usage: [String: JSONValue] = [:]
    private var sawEnd = false

    var isComplete: Bool { sawEnd }

    mutating func take(_ event: ServerEvent) throws(ReplyFault) {
        let value = try JSONValue(replyBody: event.data)
        try value.throwReportedError()
        let index = value["index"]?.whole ?? 0
        switch value["type"]?.text {
        case "message_start":
            message = value["message"]?.members ?? [:]
            add(value["message"]?["usage"])
        case "content_block_start": blocks[index] = Block(start: value["content_block"] ?? .null)
        case "content_block_delta": blocks[index]?.add(value["delta"] ?? .null)
        case "message_delta":
            if let reason = value["delta"]?["stop_reason"] { message?["stop_reason"] = reason }
            add(value["usage"])
        case "message_stop": sawEnd = true
        default: break
        }
    }

    /// A stream without its end mark is whole when it says why it ended.
    func body() -> JSONValue? {
        guard var body = message, sawEnd || body["stop_reason"]?.text != nil else { return nil }
        body["content"] = .array(blocks.sorted { $0.key < $1.key }.map(\.value.json))
        if !usage.isEmpty { body["usage"] = .object(usage) }
        return .object(body)
    }

    /// Counts grow: the last one of each stands.
    private mutating func add(_ counts: JSONValue?) {
        for (name, count) in counts?.members ?? [:] where count != .null { usage[name] = count }
    }

    /// What has come of one block.
    private struct Block: Sendable {
        private var members: [String: JSONValue]
        private var text = ""
        private var thinking = ""
        private var input = ""

        init(start: JSONValue) {
            members = start.members ?? [:]
            text = start["text"]?.text ?? ""
            thinking = start["thinking"]?.text ?? ""
        }

        mutating func add(_ delta: JSONValue) {
            text += delta["text"]?.text ?? ""
            thinking += delta["thinking"]?.text ?? ""
            input += delta["partial_json"]?.text ?? ""
        }

        var json: JSONValue {
            var json = members
            switch members["type"]?.text {
            case "text": json["text"] = .string(text)
            case "thinking": json["thinking"] = .string(thinking)
            case "tool_use" where !input.isEmpty:
                // An object that the limit cut off stays the text that it is.
                json["input"] = (try? JSONValue(parsing: Array(input.utf8))) ?? .string(input)
            default: break
            }
            return .object(json)
        }
    }
}
