import CorpusKit

/// Reads replies of OpenAI's chat completions and completions, and of the many servers that speak like them.
enum ChatReply {
    /// The replies that a body holds, one for each choice.
    ///
    /// A reply without text is a reply: what to make of it is the caller's business. Refusals that come in a
    /// field of their own become the text, with ``ModelReply/Finish/filtered``. The usage, which speaks of all
    /// choices, stands with the first.
    ///
    /// - Parameters:
    ///   - body: The parsed body.
    ///   - request: What was asked: the most tokens tell how a reply ended whose server does not say so.
    /// - Returns: The replies, at least one.
    /// - Throws: What is wrong with the body.
    static func replies(in body: JSONValue, to request: ModelRequest) throws(ReplyFault) -> [ModelReply] {
        try choices(in: body, to: request) { choice, index throws(ReplyFault) in
            guard let message = choice["message"], case .object = message else {
                throw .wrongShape("`choices[\(index)].message` is no object")
            }
            return try reply(message, at: index)
        }.map(\.withThoughtsApart)
    }

    /// The texts that continue a raw prompt, one for each choice.
    static func continuations(in body: JSONValue, to request: ModelRequest) throws(ReplyFault) -> [ModelReply]
    {
        try choices(in: body, to: request) { choice, index throws(ReplyFault) in
            guard let text = choice["text"]?.text else {
                throw .wrongShape("`choices[\(index)].text` is no string")
            }
            return (ModelReply(text: text), ReadCalls())
        }
    }

    private typealias Reading = (JSONValue, Int) throws(ReplyFault) -> (ModelReply, ReadCalls)

    private static func choices(
        in body: JSONValue,
        to request: ModelRequest,
        _ read: Reading
    ) throws(ReplyFault) -> [ModelReply] {
        guard let choices = body["choices"]?.elements else {
            try body.throwReportedError()
            throw .wrongShape("`choices` is missing")
        }
        guard !choices.isEmpty else { throw .noChoices }
        let usage = body["usage"].flatMap(Self.usage)
        // Of several choices nobody knows how long each is.
        let tokens = choices.count == 1 ? body["usage"]?["completion_tokens"]?.tokenCount : nil
        var replies: [ModelReply] = []
        for (index, choice) in choices.enumerated() {
            var (reply, calls) = try read(choice, index)
            if reply.finish != .filtered {
                let stated = FinishReason.finish(
                    choice["finish_reason"]?.text,
                    tokens: tokens,
                    maxTokens: request.sampling.maxTokens
                )
                reply.finish = calls.finish(stated)
            }
            reply.toolCalls = calls.calls
            if request.sampling.logprobs != nil { reply.logprobs = logprobs(choice["logprobs"]) }
            reply.usage = index == 0 ? usage : usage.map { _ in TokenUsage() }
            replies.append(reply)
        }
        return replies
    }

    private static func reply(_ message: JSONValue, at index: Int) throws(ReplyFault) -> (
        ModelReply, ReadCalls
    ) {
        var (text, thoughts) = try parts(of: message["content"] ?? .null, at: index)
        for name in ["reasoning_content", "reasoning"] {
            if thoughts.isEmpty, let more = message[name]?.text { thoughts = more }
        }
        var finish = ModelReply.Finish.stop
        if let refusal = message["refusal"]?.text, !refusal.isEmpty {
            if text.isEmpty { text = refusal }
            finish = .filtered
        }
        var calls = ReadCalls()
        for entry in message["tool_calls"]?.elements ?? [] { calls.add(ToolCall(json: entry)) }
        let reply = ModelReply(text: text, reasoning: thoughts.isEmpty ? nil : thoughts, finish: finish)
        return (reply, calls)
    }

    /// The answer and what the model said to itself, from a string or from a list of parts.
    private static func parts(of content: JSONValue, at index: Int) throws(ReplyFault) -> (
        text: String, thoughts: String
    ) {
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
                    thoughts += try self.parts(of: part[kind] ?? part["text"] ?? .null, at: index).text
                } else if let refusal = part["refusal"]?.text {
                    text += refusal
                } else {
                    text += part["text"]?.text ?? ""
                }
            }
            return (text, thoughts)
        default: throw .wrongShape("`choices[\(index)].message.content` is \(content.kindName)")
        }
    }

    /// The counts, or nil when they are missing or impossible: a budget then books the worst case.
    static func usage(_ value: JSONValue) -> TokenUsage? {
        guard let input = value["prompt_tokens"]?.tokenCount,
            let output = value["completion_tokens"]?.tokenCount
        else { return nil }
        let cached =
            value["prompt_tokens_details"]?["cached_tokens"]?.tokenCount
            ?? value["prompt_cache_hit_tokens"]?.tokenCount ?? 0
        let written = value["prompt_tokens_details"]?["cache_write_tokens"]?.tokenCount ?? 0
        // Some endpoints leave reasoning out of the reply's tokens and charge for it: the total tells.
        let total = value["total_tokens"]?.tokenCount ?? 0
        return TokenUsage(
            input: input,
            cachedInput: min(cached, input),
            writtenInput: min(written, input - min(cached, input)),
            output: max(output, total - input)
        )
    }

    /// The likelihoods, in the shape of chat completions or in the older one of completions: lists side by side.
    private static func logprobs(_ value: JSONValue?) -> [TokenLogprob]? {
        guard let value else { return nil }
        if value["content"]?.elements != nil { return TokenLogprob.read(openAI: value["content"]) }
        guard let tokens = value["tokens"]?.elements, let numbers = value["token_logprobs"]?.elements,
            tokens.count == numbers.count
        else { return nil }
        let tops = value["top_logprobs"]?.elements ?? []
        var result: [TokenLogprob] = []
        for (index, (token, number)) in zip(tokens, numbers).enumerated() {
            guard let text = token.text, let logprob = number.real else { return nil }
            let top = tops.indices.contains(index) ? tops[index].members ?? [:] : [:]
            let alternatives = top.compactMap { text, number in
                number.real.map { TokenLogprob.Alternative(text, $0) }
            }.sorted { ($1.logprob, $0.text) < ($0.logprob, $1.text) }
            result.append(TokenLogprob(text, logprob, alternatives: alternatives))
        }
        return result
    }
}
