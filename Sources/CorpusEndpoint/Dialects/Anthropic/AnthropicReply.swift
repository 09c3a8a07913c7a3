import CorpusKit

/// Reads replies of Anthropic's messages.
enum AnthropicReply {
    /// The reply that a parsed body holds: its texts, its thoughts and its calls, each joined.
    ///
    /// - Parameters:
    ///   - body: The parsed body.
    ///   - request: What was asked.
    ///   - replyTool: The function whose arguments are the reply, in canonical JSON; nil when there is none.
    /// - Returns: The reply.
    /// - Throws: What is wrong with the body.
    static func reply(
        in body: JSONValue,
        to request: ModelRequest,
        replyTool: String?
    ) throws(ReplyFault) -> ModelReply {
        try body.throwReportedError()
        guard let blocks = body["content"]?.elements else { throw .wrongShape("`content` is missing") }
        var (text, thoughts) = ("", "")
        var structured: String?
        var calls = ReadCalls()
        for (index, block) in blocks.enumerated() {
            switch block["type"]?.text {
            case "text":
                guard let more = block["text"]?.text else {
                    throw .wrongShape("`content[\(index)].text` is no string")
                }
                text += more
            case "thinking":
                let more = block["thinking"]?.text ?? ""
                if !more.isEmpty { thoughts += (thoughts.isEmpty ? "" : "\n\n") + more }
            case "tool_use":
                if let name = block["name"]?.text, name == replyTool {
                    structured = block["input"].map { $0.text ?? $0.canonical }
                } else {
                    calls.add(call(block))
                }
            case nil: throw .wrongShape("`content[\(index)]` has no type")
            // Thoughts that stay secret, and the work of the endpoint's own tools.
            default: break
            }
        }
        let usage = body["usage"].flatMap(usage)
        var finish = FinishReason.finish(
            body["stop_reason"]?.text,
            tokens: usage?.output,
            maxTokens: request.sampling.maxTokens
        )
        if structured != nil, finish == .toolCalls { finish = .stop }
        return ModelReply(
            text: structured ?? text,
            reasoning: thoughts.isEmpty ? nil : thoughts,
            finish: calls.finish(finish),
            toolCalls: calls.calls,
            usage: usage
        )
    }

    private static func call(_ block: JSONValue) -> ToolCall? {
        guard let name = block["name"]?.text, case .object(let input)? = block["input"] else { return nil }
        return ToolCall(
            id: block["id"]?.text ?? "",
            name: name,
            arguments: JSONValue.object(input).canonical
        )
    }

    /// The counts, or nil when they are missing or impossible.
    ///
    /// Tokens that were read from or written to the endpoint's cache are counted apart from the rest of the prompt.
    private static func usage(_ value: JSONValue) -> TokenUsage? {
        guard let plain = value["input_tokens"]?.tokenCount, let output = value["output_tokens"]?.tokenCount
        else { return nil }
        let cached = value["cache_read_input_tokens"]?.tokenCount ?? 0
        let written = value["cache_creation_input_tokens"]?.tokenCount ?? 0
        return TokenUsage(
            input: plain + cached + written,
            cachedInput: cached,
            writtenInput: written,
            output: output
        )
    }
}
