import CorpusKit

/// Streams of OpenAI's responses: the last event holds the whole of it.
struct ResponsesStream: ReplyStream {
    private var response: [String: JSONValue]?
    /// What has been finished on the way, for servers whose last event does not repeat it.
    private var items: [JSONValue] = []

    var isComplete: Bool { response != nil }

    mutating func take(_ event: ServerEvent) throws(ReplyFault) {
        guard event.data != Array("[DONE]".utf8) else { return }
        let value = try JSONValue(replyBody: event.data)
        try value.throwReportedError()
        switch value["type"]?.text {
        case "error":
            guard let report = ErrorReport(value) else { throw .wrongShape("an error without a message") }
            throw .reported(report)
        case "response.output_item.done": if let item = value["item"] { items.append(item) }
        case "response.completed", "response.incomplete", "response.failed", "response.cancelled":
            response = value["response"]?.members
        default: break
        }
    }

    func body() -> JSONValue? {
        guard var body = response else { return nil }
        if body["output"]?.elements?.isEmpty ?? true { body["output"] = .array(items) }
        return .object(body)
    }
}
