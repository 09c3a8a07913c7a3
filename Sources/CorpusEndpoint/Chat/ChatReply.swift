import CorpusKit

/// Reads replies of OpenAI's chat completions and of the many servers that speak like them.
enum ChatReply {
    /// The reply that a body holds.
    ///
    /// A reply without text is a reply: what to make of it is the caller's business. Refusals that come in a
    /// field of their own become the text, with ``ModelReply/Finish/filtered``.
    ///
    /// - Parameters:
    ///   - body: The body.
    ///   - maxTokens: The most tokens that were asked for: they tell how a reply ended whose server does not say so.
    /// - Returns: The reply.
    /// - Throws: What is wrong with the body.
    static func read(_ body: [UInt8], maxTokens: Int) throws(ReplyFault) -> ModelReply {
        let value: JSONValue
        do {
            value = try JSONValue(parsing: body)
        } catch {
            throw ReplyFault(unparsable: body, error)
        }
        guard case .object(let members) = value else {
            throw .wrongShape("expected an object, found \(value.kindName)")
        }
        guard let choices = members["choices"]?.elements else {
            if let report = ErrorReport(value), members["error"] != nil { throw .reported(report) }
            throw .wrongShape("`choices` is missing")
        }
        guard let choice = choices.first else { throw .noChoices }
        guard let message = choice["message"], case .object = message else {
            throw .wrongShape("`choices[0].message` is no object")
        }
        let finish = FinishReason.finish(
            choice["finish_reason"]?.text,
            tokens: count(members["usage"]?["completion_tokens"]),
            maxTokens: maxTokens
        )
        return try reply(message, finish: finish, usage: members["usage"])
    }

    private static func reply(
        _ message: JSONValue,
        finish: ModelReply.Finish,
        usage: JSONValue?
    ) throws(ReplyFault) -> ModelReply {
        var (text, thoughts) = try parts(of: message["content"] ?? .null)
        for name in ["reasoning_content", "reasoning"] {
            if thoughts.isEmpty, let more = message[name]?.text { thoughts = more }
        }
        var finish = finish
        if let refusal = message["refusal"]?.text, !refusal.isEmpty {
            if text.isEmpty { text = refusal }
            finish = .filtered
        }
        return ModelReply(
            text: text,
            reasoning: thoughts.isEmpty ? nil : thoughts,
            finish: finish,
            usage: usage.flatMap(Self.usage)
        )
    }

    /// The answer and what the model said to itself, from a string or from a list of parts.
    private static func parts(of content: JSONValue) throws(ReplyFault) -> (text: String, thoughts: String) {
        switch content {
        case .null: return ("", "")
        case .string(let text): return (text, "")
        case .array(let parts):
            var text = ""
            var thoughts = ""
            for part in parts {
                if let string = part.text {
                    text += string
                } else if let kind = part["type"]?.text, kind == "thinking" || kind == "reasoning" {
                    thoughts += try self.parts(of: part[kind] ?? part["text"] ?? .null).text
                } else if let refusal = part["refusal"]?.text {
                    text += refusal
                } else {
                    text += part["text"]?.text ?? ""
                }
            }
            return (text, thoughts)
        default: throw .wrongShape("`choices[0].message.content` is \(content.kindName)")
        }
    }

    /// The counts, or nil when they are missing or impossible: a budget then books the worst case.
    static func usage(_ value: JSONValue) -> TokenUsage? {
        guard let input = count(value["prompt_tokens"]), let output = count(value["completion_tokens"])
        else { return nil }
        let cached =
            count(value["prompt_tokens_details"]?["cached_tokens"]) ?? count(value["prompt_cache_hit_tokens"])
            ?? 0
        // Some endpoints leave reasoning out of the reply's tokens and charge for it: the total tells.
        let total = count(value["total_tokens"]) ?? 0
        return TokenUsage(input: input, cachedInput: min(cached, input), output: max(output, total - input))
    }

    private static func count(_ value: JSONValue?) -> Int? {
        guard let count = value?.whole, (0...1_000_000_000).contains(count) else { return nil }
        return count
    }
}
