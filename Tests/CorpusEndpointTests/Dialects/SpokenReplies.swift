import CorpusKit
import Testing

@testable import CorpusEndpoint

/// A body and the replies that it holds.
struct SpokenReply: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let api: EndpointAPI
    var request: ModelRequest = CorpusEndpointTests.request()
    let json: String
    let replies: [ModelReply]

    init(
        _ api: EndpointAPI,
        _ name: String,
        _ json: String,
        _ replies: ModelReply...,
        asking change: (inout ModelRequest) -> Void = { _ in }
    ) {
        testDescription = "\(api.rawValue): \(name)"
        self.api = api
        self.json = json
        self.replies = replies
        change(&request)
    }

    static let all = chat + completions + responses + anthropic + gemini

    private static let usage = TokenUsage(input: 12, cachedInput: 8, output: 5)
    private static let weather = ToolCall(id: "c1", name: "weather", arguments: #"{"city":"Ulm"}"#)
    private static let likely = [
        TokenLogprob("He", -0.5, alternatives: [.init("He", -0.5), .init("She", -1.25)]),
        TokenLogprob("llo", -0.125),
    ]
    private static func wantingLikelihoods(_ request: inout ModelRequest) { request.sampling.logprobs = 2 }
    private static func wantingSchema(_ request: inout ModelRequest) { request.schema = ["type": "object"] }

    private static let chat = [
        SpokenReply(
            .openai,
            "text, reasoning and counts",
            #"""
            {"id":"x","object":"chat.completion","choices":[{"index":0,"message":{"role":"assistant","content":"Hello é🧪",
            "reasoning_content":"hm","refusal":null},"finish_reason":"stop","logprobs":null}],
            "usage":{"prompt_tokens":12,"completion_tokens":5,"total_tokens":17,"prompt_tokens_details":{"cached_tokens":8}}}
            """#,
            ModelReply(text: "Hello é🧪", reasoning: "hm", usage: usage)
        ),
        SpokenReply(
            .openai,
            "a call",
            #"""
            {"choices":[{"message":{"content":null,"tool_calls":[
            {"id":"c1","type":"function","function":{"name":"weather","arguments":"{\"city\":\"Ulm\"}"}},
            {"type":"function","function":{"name":"clock"}}]},"finish_reason":"tool_calls"}]}
            """#,
            ModelReply(
                text: "",
                finish: .toolCalls,
                toolCalls: [weather, ToolCall(id: "call_1", name: "clock", arguments: "{}")]
            )
        ),
        SpokenReply(
            .openai,
            "a call that ends with `stop`, and one that cannot be read",
            #"""
            {"choices":[{"message":{"content":"x","tool_calls":[{"function":{"name":"f","arguments":"{}"}}]},"finish_reason":"stop"},
            {"message":{"content":"y","tool_calls":[{"function":{}}]},"finish_reason":"tool_calls"}]}
            """#,
            ModelReply(
                text: "x",
                finish: .toolCalls,
                toolCalls: [ToolCall(id: "call_0", name: "f", arguments: "{}")]
            ),
            ModelReply(text: "y", finish: .other)
        ),
        SpokenReply(
            .openai,
            "several choices share one count",
            #"""
            {"choices":[{"message":{"content":"a"},"finish_reason":"stop"},{"message":{"content":"b"},"finish_reason":"length"}],
            "usage":{"prompt_tokens":12,"completion_tokens":5}}
            """#,
            ModelReply(text: "a", usage: TokenUsage(input: 12, output: 5)),
            ModelReply(text: "b", finish: .length, usage: TokenUsage())
        ),
        SpokenReply(
            .openai,
            "likelihoods",
            #"""
            {"choices":[{"message":{"content":"Hello"},"finish_reason":"stop","logprobs":{"content":[
            {"token":"He","bytes":[72,101],"logprob":-0.5,"top_logprobs":[{"token":"He","logprob":-0.5},{"token":"She","logprob":-1.25}]},
            {"token":"llo","logprob":-0.125,"top_logprobs":[]}]}}]}
            """#,
            ModelReply(text: "Hello", logprobs: likely),
            asking: wantingLikelihoods
        ),
    ]

    private static let completions = [
        SpokenReply(
            .openaiCompletions,
            "text and counts",
            #"""
            {"object":"text_completion","choices":[{"text":"Here","index":0,"logprobs":null,"finish_reason":"length"}],
            "usage":{"prompt_tokens":12,"completion_tokens":5,"total_tokens":17,"prompt_tokens_details":{"cached_tokens":8}}}
            """#,
            ModelReply(text: "Here", finish: .length, usage: usage)
        ),
        SpokenReply(
            .openaiCompletions,
            "likelihoods in lists side by side",
            #"""
            {"choices":[{"text":"Hello","finish_reason":"stop","logprobs":{"tokens":["He","llo"],"token_logprobs":[-0.5,-0.125],
            "top_logprobs":[{"She":-1.25,"He":-0.5},null],"text_offset":[0,2]}}]}
            """#,
            ModelReply(text: "Hello", logprobs: likely),
            asking: wantingLikelihoods
        ),
    ]

    private static let responses = [
        SpokenReply(
            .openaiResponses,
            "text, reasoning and counts",
            #"""
            {"id":"resp_1","object":"response","status":"completed","error":null,"incomplete_details":null,"output":[
            {"type":"reasoning","id":"rs_1","summary":[{"type":"summary_text","text":"hm"},{"type":"summary_text","text":"ah"}]},
            {"type":"message","id":"msg_1","role":"assistant","status":"completed","content":[
            {"type":"output_text","text":"Hel","annotations":[]},{"type":"output_text","text":"lo"}]},{"type":"web_search_call"}],
            "usage":{"input_tokens":12,"input_tokens_details":{"cached_tokens":8},"output_tokens":5,"total_tokens":17}}
            """#,
            ModelReply(text: "Hello", reasoning: "hm\n\nah", usage: usage)
        ),
        SpokenReply(
            .openaiResponses,
            "a call",
            #"""
            {"status":"completed","output":[{"type":"function_call","id":"fc_1","call_id":"c1","name":"weather",
            "arguments":"{\"city\":\"Ulm\"}","status":"completed"}]}
            """#,
            ModelReply(text: "", finish: .toolCalls, toolCalls: [weather])
        ),
        SpokenReply(
            .openaiResponses,
            "the limit cut it off",
            #"""
            {"status":"incomplete","incomplete_details":{"reason":"max_output_tokens"},"output":[
            {"type":"reasoning","content":[{"type":"reasoning_text","text":"hm"}],"summary":[]}]}
            """#,
            ModelReply(text: "", reasoning: "hm", finish: .length)
        ),
        SpokenReply(
            .openaiResponses,
            "the limit cut it off, whatever the status says",
            #"""
            {"status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":"Hi"}]}],
            "usage":{"input_tokens":12,"output_tokens":100}}
            """#,
            ModelReply(text: "Hi", finish: .length, usage: TokenUsage(input: 12, output: 100))
        ),
        SpokenReply(
            .openaiResponses,
            "the filter cut it off",
            #"{"status":"incomplete","incomplete_details":{"reason":"content_filter"},"output":[]}"#,
            ModelReply(text: "", finish: .filtered)
        ),
        SpokenReply(
            .openaiResponses,
            "a refusal",
            #"{"status":"completed","output":[{"type":"message","content":[{"type":"refusal","refusal":"I cannot"}]}]}"#,
            ModelReply(text: "I cannot", finish: .filtered)
        ),
        SpokenReply(
            .openaiResponses,
            "likelihoods",
            #"""
            {"status":"completed","output":[{"type":"message","content":[{"type":"output_text","text":"Hello","logprobs":[
            {"token":"He","logprob":-0.5,"top_logprobs":[{"token":"He","logprob":-0.5},{"token":"She","logprob":-1.25}]},
            {"token":"llo","logprob":-0.125}]}]}]}
            """#,
            ModelReply(text: "Hello", logprobs: likely),
            asking: wantingLikelihoods
        ),
    ]

    private static let anthropic = [
        SpokenReply(
            .anthropic,
            "text, reasoning and counts",
            #"""
            {"id":"msg_1","type":"message","role":"assistant","model":"m","content":[
            {"type":"thinking","thinking":"hm","signature":"s"},{"type":"redacted_thinking","data":"d"},
            {"type":"text","text":"Hel"},{"type":"text","text":"lo"}],"stop_reason":"end_turn","stop_sequence":null,
            "usage":{"input_tokens":12,"cache_read_input_tokens":8,"cache_creation_input_tokens":3,"output_tokens":5}}
            """#,
            ModelReply(
                text: "Hello",
                reasoning: "hm",
                usage: TokenUsage(input: 23, cachedInput: 8, writtenInput: 3, output: 5)
            )
        ),
        SpokenReply(
            .anthropic,
            "a call",
            #"""
            {"type":"message","content":[{"type":"text","text":"Let me see"},
            {"type":"tool_use","id":"c1","name":"weather","input":{"city":"Ulm"}}],"stop_reason":"tool_use",
            "usage":{"input_tokens":12,"cache_read_input_tokens":null,"output_tokens":5}}
            """#,
            ModelReply(
                text: "Let me see",
                finish: .toolCalls,
                toolCalls: [weather],
                usage: TokenUsage(input: 12, output: 5)
            )
        ),
        SpokenReply(
            .anthropic,
            "a reply through the function that stands for it",
            #"""
            {"content":[{"type":"tool_use","id":"c1","name":"reply","input":{"b":1,"a":"é"}}],"stop_reason":"tool_use"}
            """#,
            ModelReply(text: #"{"a":"é","b":1}"#),
            asking: wantingSchema
        ),
        SpokenReply(
            .anthropic,
            "the limit cut it off",
            #"{"content":[],"stop_reason":"max_tokens","usage":{"input_tokens":12,"output_tokens":100}}"#,
            ModelReply(text: "", finish: .length, usage: TokenUsage(input: 12, output: 100))
        ),
        SpokenReply(
            .anthropic,
            "a refusal",
            #"{"content":[{"type":"text","text":"I cannot"}],"stop_reason":"refusal"}"#,
            ModelReply(text: "I cannot", finish: .filtered)
        ),
    ]

    private static let gemini = [
        SpokenReply(
            .gemini,
            "text, reasoning and counts",
            #"""
            {"candidates":[{"content":{"parts":[{"text":"hm","thought":true},{"text":"Hel"},{"text":"lo","thoughtSignature":"s"}],
            "role":"model"},"finishReason":"STOP","index":0}],"usageMetadata":{"promptTokenCount":12,"candidatesTokenCount":2,
            "thoughtsTokenCount":3,"cachedContentTokenCount":8,"totalTokenCount":17},"modelVersion":"m","responseId":"r"}
            """#,
            ModelReply(text: "Hello", reasoning: "hm", usage: usage)
        ),
        SpokenReply(
            .gemini,
            "calls, which have no ids",
            #"""
            {"candidates":[{"content":{"parts":[{"functionCall":{"name":"weather","args":{"city":"Ulm"}}},
            {"functionCall":{"name":"clock"}}]},"finishReason":"STOP"}]}
            """#,
            ModelReply(
                text: "",
                finish: .toolCalls,
                toolCalls: [
                    ToolCall(id: "call_0", name: "weather", arguments: #"{"city":"Ulm"}"#),
                    ToolCall(id: "call_1", name: "clock", arguments: "{}"),
                ]
            )
        ),
        SpokenReply(
            .gemini,
            "nothing but thoughts before the limit",
            #"""
            {"candidates":[{"content":{"role":"model"},"finishReason":"MAX_TOKENS"}],
            "usageMetadata":{"promptTokenCount":12,"thoughtsTokenCount":100,"totalTokenCount":112}}
            """#,
            ModelReply(text: "", finish: .length, usage: TokenUsage(input: 12, output: 100))
        ),
        SpokenReply(
            .gemini,
            "the filter stopped it",
            #"{"candidates":[{"finishReason":"SAFETY","safetyRatings":[]}]}"#,
            ModelReply(text: "", finish: .filtered)
        ),
        SpokenReply(
            .gemini,
            "the filter refused the prompt",
            #"{"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"},"usageMetadata":{"promptTokenCount":12,"totalTokenCount":12}}"#,
            ModelReply(text: "", finish: .filtered, usage: TokenUsage(input: 12))
        ),
        SpokenReply(
            .gemini,
            "likelihoods",
            #"""
            {"candidates":[{"content":{"parts":[{"text":"Hello"}]},"finishReason":"STOP","logprobsResult":{
            "topCandidates":[{"candidates":[{"token":"He","logProbability":-0.5},{"token":"She","logProbability":-1.25}]},{}],
            "chosenCandidates":[{"token":"He","tokenId":1,"logProbability":-0.5},{"token":"llo","logProbability":-0.125}]}}]}
            """#,
            ModelReply(text: "Hello", logprobs: likely),
            asking: wantingLikelihoods
        ),
    ]
}
