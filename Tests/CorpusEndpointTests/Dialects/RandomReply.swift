import CorpusKit

@testable import CorpusEndpoint

/// A reply of random content, as one body and as a stream of events.
struct RandomReply {
    let api: EndpointAPI
    let text: String
    let thoughts: String
    let calls: [ToolCall]
    let counts: (input: Int, output: Int)
    let logprobs: [JSONValue]
    let endsByItself: Bool

    init(_ api: EndpointAPI, _ random: inout RandomStream) {
        self.api = api
        func text(_ most: Int) -> String {
            let words = ["Hello", " ", "é", "🧪", "\n\n", "\"", "\\", "data: ", "\u{0}", "日本", "}"]
            return (0..<random.below(most)).map { _ in words[random.below(words.count)] }.joined()
        }
        self.text = text(12)
        let hasThoughts = api != .openaiCompletions && random.below(2) == 0
        thoughts = hasThoughts ? "x" + text(6) : ""
        let mayCall = api != .openaiCompletions && random.below(2) == 0
        calls = (0..<(mayCall ? random.below(3) : 0)).map { index in
            let arguments: JSONValue = ["a": .string(text(5)), "b": [.int(random.below(9))]]
            return ToolCall(
                id: api == .gemini ? "call_\(index)" : "c\(index)",
                name: "f\(index)",
                arguments: arguments.canonical
            )
        }
        counts = (random.below(100), random.below(90))
        logprobs = (0..<3).map { index in
            ["token": .string("t\(index)"), "logprob": .double(-0.5), "top_logprobs": []]
        }
        endsByItself = random.below(3) > 0
    }

    var request: ModelRequest {
        var request =
            api == .openaiCompletions
            ? ModelRequest(model: "teacher", prompt: "x", sampling: Sampling(maxTokens: 100))
            : CorpusEndpointTests.request()
        request.sampling.logprobs = api == .anthropic ? nil : 0
        return request
    }

    /// The body of the reply in one piece.
    var body: String { whole.canonical }

    private var whole: JSONValue {
        switch api {
        case .openai:
            var message: [String: JSONValue] = ["role": "assistant", "content": .string(text)]
            if !thoughts.isEmpty { message["reasoning_content"] = .string(thoughts) }
            if !calls.isEmpty { message["tool_calls"] = .array(calls.map(\.json)) }
            return [
                "choices": [
                    [
                        "message": .object(message), "finish_reason": openAIFinish,
                        "logprobs": ["content": .array(logprobs)],
                    ]
                ],
                "usage": openAIUsage,
            ]
        case .openaiCompletions:
            return [
                "choices": [
                    [
                        "text": .string(text), "finish_reason": openAIFinish,
                        "logprobs": ["tokens": ["a", "b"], "token_logprobs": [-0.5, -1.5]],
                    ]
                ],
                "usage": openAIUsage,
            ]
        case .openaiResponses: return response(output: .array(items))
        case .openaiEmbeddings: preconditionFailure("embeddings are no words")
        case .anthropic:
            return [
                "type": "message", "content": .array(blocks), "stop_reason": anthropicFinish,
                "usage": ["input_tokens": .int(counts.input), "output_tokens": .int(counts.output)],
            ]
        case .gemini: return gemini(parts: parts, isLast: true)
        }
    }

    private var openAIFinish: JSONValue { endsByItself ? calls.isEmpty ? "stop" : "tool_calls" : "length" }
    private var anthropicFinish: JSONValue {
        endsByItself ? calls.isEmpty ? "end_turn" : "tool_use" : "max_tokens"
    }
    private var openAIUsage: JSONValue {
        ["prompt_tokens": .int(counts.input), "completion_tokens": .int(counts.output)]
    }

    private var items: [JSONValue] {
        var items: [JSONValue] = []
        if !thoughts.isEmpty {
            items.append([
                "type": "reasoning", "summary": [["type": "summary_text", "text": .string(thoughts)]],
            ])
        }
        items.append([
            "type": "message",
            "content": [["type": "output_text", "text": .string(text), "logprobs": .array(logprobs)]],
        ])
        return items
            + calls.map { call in
                [
                    "type": "function_call", "call_id": .string(call.id), "name": .string(call.name),
                    "arguments": .string(call.arguments),
                ]
            }
    }

    private func response(output: JSONValue) -> JSONValue {
        [
            "status": endsByItself ? "completed" : "incomplete", "error": .null, "output": output,
            "incomplete_details": endsByItself ? .null : ["reason": "max_output_tokens"],
            "usage": ["input_tokens": .int(counts.input), "output_tokens": .int(counts.output)],
        ]
    }

    private var blocks: [JSONValue] {
        var blocks: [JSONValue] = []
        if !thoughts.isEmpty { blocks.append(["type": "thinking", "thinking": .string(thoughts)]) }
        blocks.append(["type": "text", "text": .string(text)])
        return blocks
            + calls.map { call in
                [
                    "type": "tool_use", "id": .string(call.id), "name": .string(call.name),
                    "input": (try? JSONValue(parsing: call.arguments)) ?? .null,
                ]
            }
    }

    private var parts: [JSONValue] {
        var parts: [JSONValue] = []
        if !thoughts.isEmpty { parts.append(["text": .string(thoughts), "thought": true]) }
        parts.append(["text": .string(text)])
        return parts
            + calls.map { call in
                let arguments = (try? JSONValue(parsing: call.arguments)) ?? .null
                return ["functionCall": ["name": .string(call.name), "args": arguments]]
            }
    }

    private func gemini(parts: [JSONValue], isLast: Bool) -> JSONValue {
        var candidate: [String: JSONValue] = [
            "content": ["role": "model", "parts": .array(parts)], "index": 0,
        ]
        if isLast {
            candidate["finishReason"] = endsByItself ? "STOP" : "MAX_TOKENS"
            candidate["logprobsResult"] = ["chosenCandidates": [["token": "a", "logProbability": -0.5]]]
        }
        return [
            "candidates": [.object(candidate)],
            "usageMetadata": [
                "promptTokenCount": .int(counts.input),
                "candidatesTokenCount": .int(isLast ? counts.output : counts.output / 2),
            ],
        ]
    }

    // MARK: - Streams

    /// The same reply as a stream.
    func stream(_ random: inout RandomStream) -> String {
        let events =
            switch api {
            case .openai: chatEvents(&random)
            case .openaiCompletions: completionEvents(&random)
            case .openaiResponses: responseEvents(&random)
            case .anthropic: anthropicEvents(&random)
            case .gemini: geminiEvents(&random)
            case .openaiEmbeddings: preconditionFailure("embeddings are no words")
            }
        let newline = ["\n", "\r\n"][random.below(2)]
        return events.map { event in
            let name = event["type"]?.text.map { "event: \($0)" + newline } ?? ""
            let comment = random.below(5) == 0 ? ": ping" + newline + newline : ""
            return comment + name + "data: " + (event.text ?? event.canonical) + newline + newline
        }.joined()
    }

    private func chatEvents(_ random: inout RandomStream) -> [JSONValue] {
        var deltas: [JSONValue] = [["role": "assistant", "content": .null]]
        deltas += random.pieces(of: thoughts).map { ["reasoning_content": .string($0)] }
        deltas += random.pieces(of: text).map { ["content": .string($0)] }
        for (index, call) in calls.enumerated() {
            deltas.append([
                "tool_calls": [
                    [
                        "index": .int(index), "id": .string(call.id), "type": "function",
                        "function": ["name": .string(call.name), "arguments": ""],
                    ]
                ]
            ])
            deltas += random.pieces(of: call.arguments).map { piece in
                ["tool_calls": [["index": .int(index), "function": ["arguments": .string(piece)]]]]
            }
        }
        var events = deltas.map { delta -> JSONValue in
            ["choices": [["index": 0, "delta": delta, "finish_reason": .null]]]
        }
        events += logprobs.map { entry in
            ["choices": [["index": 0, "delta": ["content": ""], "logprobs": ["content": [entry]]]]]
        }
        events.append([
            "choices": [["index": 0, "delta": [:], "finish_reason": openAIFinish]], "usage": .null,
        ])
        return events + [["choices": [], "usage": openAIUsage], "[DONE]"]
    }

    private func completionEvents(_ random: inout RandomStream) -> [JSONValue] {
        var events = random.pieces(of: text).map { piece -> JSONValue in
            ["choices": [["index": 0, "text": .string(piece), "logprobs": .null]]]
        }
        for (token, logprob) in [("a", -0.5), ("b", -1.5)] {
            let lists: JSONValue = ["tokens": [.string(token)], "token_logprobs": [.double(logprob)]]
            events.append(["choices": [["index": 0, "text": "", "logprobs": lists]]])
        }
        events.append(["choices": [["index": 0, "text": "", "finish_reason": openAIFinish]]])
        return events + [["choices": [], "usage": openAIUsage], "[DONE]"]
    }

    private func responseEvents(_ random: inout RandomStream) -> [JSONValue] {
        var events: [JSONValue] = [["type": "response.created", "response": ["status": "in_progress"]]]
        events += random.pieces(of: text).map {
            ["type": "response.output_text.delta", "delta": .string($0)]
        }
        events += items.map { ["type": "response.output_item.done", "item": $0] }
        // Some servers leave out of the last event what the ones before it have said.
        let output: JSONValue = random.below(2) == 0 ? .array(items) : []
        let end = endsByItself ? "response.completed" : "response.incomplete"
        return events + [["type": .string(end), "response": response(output: output)]]
    }

    private func anthropicEvents(_ random: inout RandomStream) -> [JSONValue] {
        var events: [JSONValue] = [
            [
                "type": "message_start",
                "message": [
                    "type": "message", "content": [], "stop_reason": .null,
                    "usage": ["input_tokens": .int(counts.input), "output_tokens": 1],
                ],
            ], ["type": "ping"],
        ]
        for (index, block) in blocks.enumerated() {
            var start = block.members ?? [:]
            let deltas: [JSONValue]
            switch block["type"]?.text {
            case "text":
                start["text"] = ""
                deltas = random.pieces(of: text).map { ["type": "text_delta", "text": .string($0)] }
            case "thinking":
                start["thinking"] = ""
                deltas =
                    random.pieces(of: thoughts).map { ["type": "thinking_delta", "thinking": .string($0)] }
                    + [["type": "signature_delta", "signature": "s"]]
            default:
                start["input"] = [:]
                deltas = random.pieces(of: block["input"]?.canonical ?? "").map {
                    ["type": "input_json_delta", "partial_json": .string($0)]
                }
            }
            let place = JSONValue.int(index)
            events.append(["type": "content_block_start", "index": place, "content_block": .object(start)])
            events += deltas.map { ["type": "content_block_delta", "index": place, "delta": $0] }
            events.append(["type": "content_block_stop", "index": place])
        }
        events.append([
            "type": "message_delta", "delta": ["stop_reason": anthropicFinish],
            "usage": ["output_tokens": .int(counts.output)],
        ])
        return events + [["type": "message_stop"]]
    }

    private func geminiEvents(_ random: inout RandomStream) -> [JSONValue] {
        var pieces: [JSONValue] = []
        for part in parts {
            guard let text = part["text"]?.text else {
                pieces.append(part)
                continue
            }
            for piece in random.pieces(of: text) {
                var members = part.members ?? [:]
                members["text"] = .string(piece)
                pieces.append(.object(members))
            }
        }
        return pieces.map { gemini(parts: [$0], isLast: false) } + [gemini(parts: [], isLast: true)]
    }
}

extension RandomStream {
    /// Something in random pieces, none of them empty.
    mutating func pieces<Whole: RangeReplaceableCollection>(of whole: Whole) -> [Whole] {
        var pieces: [Whole] = []
        for element in whole {
            if pieces.isEmpty || below(3) == 0 { pieces.append(Whole()) }
            pieces[pieces.count - 1].append(element)
        }
        return pieces
    }
}
