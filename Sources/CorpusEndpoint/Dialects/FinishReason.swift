import CorpusKit

/// Why a reply ended, in the words of the many servers.
enum FinishReason {
    /// Reads a reason.
    ///
    /// One that is missing, or that nobody has heard of, says nothing: the reply is then taken as whole unless it has
    /// used up its tokens. To drop it would drop everything that such an endpoint is paid for.
    ///
    /// - Parameters:
    ///   - reason: The server's word; nil when there is none.
    ///   - tokens: How many tokens the reply has; nil when unknown.
    ///   - maxTokens: How many it was allowed.
    /// - Returns: The end in our words.
    static func finish(_ reason: String?, tokens: Int?, maxTokens: Int) -> ModelReply.Finish {
        if let reason, let known = known[reason.lowercased()] { return known }
        return (tokens ?? 0) < maxTokens ? .stop : .length
    }

    private static let known: [String: ModelReply.Finish] = {
        let words: [ModelReply.Finish: [String]] = [
            .stop: [
                "stop", "eos", "eos_token", "end_turn", "stop_sequence", "stop_token", "end", "finish",
                "finished", "complete", "completed",
            ],
            .length: [
                "length", "max_tokens", "max_new_tokens", "max_output_tokens", "max_completion_tokens",
                "max_length", "model_length", "context_length", "model_context_window_exceeded",
            ],
            .filtered: [
                "content_filter", "content_filtered", "refusal", "safety", "sensitive", "recitation",
                "blocklist", "prohibited_content", "spii", "guardrail_intervened", "image_safety",
            ],
            .toolCalls: ["tool_calls", "tool_use", "function_call"],
            // The reply is a step of something else, or was given up.
            .other: [
                "malformed_function_call", "unexpected_tool_call", "too_many_tool_calls", "pause_turn",
                "language", "other", "error", "abort", "aborted", "cancelled", "canceled",
                "insufficient_system_resource", "network_error",
            ],
        ]
        return words.reduce(into: [:]) { known, entry in
            for word in entry.value { known[word] = entry.key }
        }
    }()
}
