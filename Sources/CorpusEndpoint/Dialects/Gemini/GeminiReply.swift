import CorpusKit

/// Reads replies of Google's `generateContent`.
enum GeminiReply {
    /// The replies that a parsed body holds, one for each candidate.
    ///
    /// A prompt that the filter refused gives an empty reply that is ``ModelReply/Finish/filtered``.
    static func replies(in body: JSONValue, to request: ModelRequest) throws(ReplyFault) -> [ModelReply] {
        try body.throwReportedError()
        let usage = body["usageMetadata"].flatMap(usage)
        let candidates = body["candidates"]?.elements ?? []
        guard !candidates.isEmpty else {
            if let reason = body["promptFeedback"]?["blockReason"]?.text, !reason.isEmpty {
                return [ModelReply(text: "", finish: .filtered, usage: usage)]
            }
            guard body["candidates"] != nil else { throw .wrongShape("`candidates` is missing") }
            throw .noChoices
        }
        var replies: [ModelReply] = []
        for (index, candidate) in candidates.enumerated() {
            var reply = try reply(candidate, at: index)
            let calls = reply.calls
            reply.value.finish = calls.finish(
                FinishReason.finish(
                    candidate["finishReason"]?.text,
                    tokens: candidates.count == 1 ? usage?.output : nil,
                    maxTokens: request.sampling.maxTokens
                )
            )
            reply.value.toolCalls = calls.calls
            if request.sampling.logprobs != nil {
                reply.value.logprobs = logprobs(candidate["logprobsResult"])
            }
            reply.value.usage = index == 0 ? usage : usage.map { _ in TokenUsage() }
            replies.append(reply.value)
        }
        return replies
    }

    private static func reply(_ candidate: JSONValue, at index: Int) throws(ReplyFault) -> (
        value: ModelReply, calls: ReadCalls
    ) {
        // A candidate that the filter stopped may have no content, and a content no parts.
        let content = candidate["content"] ?? .null
        let parts = content["parts"] ?? .null
        guard parts == .null || parts.elements != nil, content == .null || content.members != nil else {
            throw .wrongShape("`candidates[\(index)].content.parts` is no array")
        }
        var (text, thoughts) = ("", "")
        var calls = ReadCalls()
        for part in parts.elements ?? [] {
            if let call = part["functionCall"] {
                calls.add(Self.call(call))
            } else if part["thought"]?.flag == true {
                thoughts += part["text"]?.text ?? ""
            } else {
                text += part["text"]?.text ?? ""
            }
        }
        return (ModelReply(text: text, reasoning: thoughts.isEmpty ? nil : thoughts), calls)
    }

    private static func call(_ value: JSONValue) -> ToolCall? {
        let arguments = value["args"] ?? .object([:])
        guard let name = value["name"]?.text, case .object = arguments else { return nil }
        return ToolCall(id: value["id"]?.text ?? "", name: name, arguments: arguments.canonical)
    }

    /// The counts, or nil when they are missing or impossible; a count of 0 may be left out.
    private static func usage(_ value: JSONValue) -> TokenUsage? {
        func count(_ name: String) -> Int? {
            guard let count = value[name], count != .null else { return 0 }
            return count.tokenCount
        }
        guard let prompt = value["promptTokenCount"]?.tokenCount, let answer = count("candidatesTokenCount"),
            let thoughts = count("thoughtsTokenCount"), let tools = count("toolUsePromptTokenCount")
        else { return nil }
        let input = prompt + tools
        let cached = value["cachedContentTokenCount"]?.tokenCount ?? 0
        let total = value["totalTokenCount"]?.tokenCount ?? 0
        return TokenUsage(
            input: input,
            cachedInput: min(cached, input),
            output: max(answer + thoughts, total - input)
        )
    }

    private static func logprobs(_ value: JSONValue?) -> [TokenLogprob]? {
        guard let chosen = value?["chosenCandidates"]?.elements else { return nil }
        let tops = value?["topCandidates"]?.elements ?? []
        var result: [TokenLogprob] = []
        for (index, entry) in chosen.enumerated() {
            guard let token = entry["token"]?.text, let logprob = entry["logProbability"]?.real else {
                return nil
            }
            let top = tops.indices.contains(index) ? tops[index]["candidates"]?.elements ?? [] : []
            let alternatives = top.compactMap { other in
                other["token"]?.text.flatMap { text in
                    other["logProbability"]?.real.map { TokenLogprob.Alternative(text, $0) }
                }
            }
            result.append(TokenLogprob(token, logprob, alternatives: alternatives))
        }
        return result
    }
}
