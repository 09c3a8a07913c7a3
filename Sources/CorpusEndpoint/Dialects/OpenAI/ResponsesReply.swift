import CorpusKit

/// Reads replies of OpenAI's responses.
enum ResponsesReply {
    /// The reply that a parsed body holds: the texts of its messages, its reasoning and its calls, each joined.
    static func reply(in body: JSONValue, to request: ModelRequest) throws(ReplyFault) -> ModelReply {
        try body.throwReportedError()
        guard let output = body["output"]?.elements else { throw .wrongShape("`output` is missing") }
        var reader = Reader()
        for (index, item) in output.enumerated() { try reader.add(item, at: index) }
        let usage = body["usage"].flatMap(usage)
        let finish: ModelReply.Finish
        switch body["status"]?.text {
        case "queued", "in_progress": throw .wrongShape("`status` says that the reply is not finished")
        case "failed", "cancelled": finish = .other
        case "incomplete":
            finish = FinishReason.finish(
                body["incomplete_details"]?["reason"]?.text ?? "length",
                tokens: usage?.output,
                maxTokens: request.sampling.maxTokens
            )
        // Some servers call a reply completed that the limit cut off: the tokens tell.
        default:
            finish = FinishReason.finish(nil, tokens: usage?.output, maxTokens: request.sampling.maxTokens)
        }
        return ModelReply(
            text: reader.text.isEmpty ? reader.refusal : reader.text,
            reasoning: reader.thoughts.isEmpty ? nil : reader.thoughts,
            finish: reader.refusal.isEmpty ? reader.calls.finish(finish) : .filtered,
            toolCalls: reader.calls.calls,
            logprobs: request.sampling.logprobs == nil ? nil : reader.logprobs,
            usage: usage
        ).withThoughtsApart
    }

    /// The counts, or nil when they are missing or impossible.
    private static func usage(_ value: JSONValue) -> TokenUsage? {
        guard let input = value["input_tokens"]?.tokenCount, let output = value["output_tokens"]?.tokenCount
        else { return nil }
        let cached = value["input_tokens_details"]?["cached_tokens"]?.tokenCount ?? 0
        let total = value["total_tokens"]?.tokenCount ?? 0
        return TokenUsage(input: input, cachedInput: min(cached, input), output: max(output, total - input))
    }

    /// Gathers what the items of an output say.
    private struct Reader {
        var text = ""
        var refusal = ""
        var thoughts = ""
        var calls = ReadCalls()
        var logprobs: [TokenLogprob]?

        mutating func add(_ item: JSONValue, at index: Int) throws(ReplyFault) {
            switch item["type"]?.text {
            case "message": try addMessage(item["content"] ?? .null, at: index)
            case "reasoning":
                // Either what the model thought or, where that stays secret, a summary of it.
                let content = Self.texts(item["content"])
                add(thought: content.isEmpty ? Self.texts(item["summary"]) : content)
            case "function_call":
                calls.add(
                    item["name"]?.text.map { name in
                        ToolCall(
                            id: item["call_id"]?.text ?? item["id"]?.text ?? "",
                            name: name,
                            arguments: item["arguments"]?.text ?? "{}"
                        )
                    }
                )
            case nil: throw .wrongShape("`output[\(index)]` has no type")
            default: break
            }
        }

        private mutating func addMessage(_ content: JSONValue, at index: Int) throws(ReplyFault) {
            if let plain = content.text {
                text += plain
                return
            }
            guard let parts = content.elements else {
                throw .wrongShape("`output[\(index)].content` is \(content.kindName)")
            }
            for part in parts {
                text += part["text"]?.text ?? ""
                refusal += part["refusal"]?.text ?? ""
                if let more = TokenLogprob.read(openAI: part["logprobs"]), !more.isEmpty {
                    logprobs = (logprobs ?? []) + more
                }
            }
        }

        private mutating func add(thought: String) {
            guard !thought.isEmpty else { return }
            thoughts += (thoughts.isEmpty ? "" : "\n\n") + thought
        }

        private static func texts(_ parts: JSONValue?) -> String {
            (parts?.elements ?? []).compactMap { $0["text"]?.text }.joined(separator: "\n\n")
        }
    }
}
