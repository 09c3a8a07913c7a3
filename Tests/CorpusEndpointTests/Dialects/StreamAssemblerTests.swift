import CorpusKit
import Testing

@testable import CorpusEndpoint

@Suite("Streamed replies")
struct StreamAssemblerTests {
    private func assembler(_ api: EndpointAPI, _ request: ModelRequest) throws -> StreamAssembler {
        StreamAssembler(try dialect(api), request, limitBytes: 1 << 20)
    }

    @Test(
        "A streamed reply is the reply that comes in one piece",
        arguments: EndpointAPI.speaking,
        0..<40
    )
    func streamedIsUnstreamed(api: EndpointAPI, seed: Int) throws {
        var random = RandomStream(seed: seed, purpose: ["stream", api.rawValue])
        let spoken = RandomReply(api, &random)
        let whole = try dialect(api).replies(in: Array(spoken.body.utf8), to: spoken.request)

        var assembler = try assembler(api, spoken.request)
        for piece in random.pieces(of: Array(spoken.stream(&random).utf8)) { try assembler.take(piece) }
        let streamed = try assembler.replies()

        #expect(streamed == whole)
        #expect(whole[0].text == spoken.text)
        #expect(whole[0].toolCalls == spoken.calls)
    }

    @Test(
        "A stream that is cut anywhere is a fault or the whole text",
        arguments: EndpointAPI.speaking,
        0..<4
    )
    func everyCut(api: EndpointAPI, seed: Int) throws {
        var random = RandomStream(seed: seed, purpose: ["cut", api.rawValue])
        let spoken = RandomReply(api, &random)
        let bytes = Array(spoken.stream(&random).utf8)
        var wholes = 0
        var growing = try assembler(api, spoken.request)
        for (length, byte) in bytes.enumerated() {
            var cut = growing
            do {
                let reply = try cut.replies()[0]
                #expect(reply.text == spoken.text && reply.toolCalls == spoken.calls, "\(length) bytes")
                wholes += 1
            } catch {
                #expect(!growing.isComplete, "\(length) bytes: \(error)")
            }
            try growing.take([byte])
        }
        #expect(wholes < bytes.count / 2)
    }

    @Test("Errors in mid-stream are the errors that they are", arguments: Broken.all)
    func errors(row: Broken) throws {
        var assembler = try assembler(row.api, request())
        let fault = #expect(throws: ReplyFault.self) {
            try assembler.take(Array(row.stream.utf8))
            _ = try assembler.replies()
        }
        if case .reported(let report) = fault {
            #expect(report.message == row.message)
            #expect(report.status == row.status)
        } else {
            #expect(fault?.message == row.message)
        }
    }

    @Test("What llama.cpp sends is understood, to the last count", arguments: Recorded.all)
    func recorded(row: Recorded) throws {
        var assembler = try assembler(row.api, request(maxTokens: 3))
        try assembler.take(Array(row.stream.utf8))
        #expect(try assembler.replies() == [row.reply])
        #expect(assembler.isComplete)
    }

    @Test(
        "The end is known with the last event",
        arguments: [EndpointAPI.openai, .anthropic, .openaiResponses]
    )
    func completion(api: EndpointAPI) throws {
        var random = RandomStream(seed: 1, purpose: ["end", api.rawValue])
        let spoken = RandomReply(api, &random)
        let bytes = Array(spoken.stream(&random).utf8)
        var assembler = try assembler(api, spoken.request)
        try assembler.take(bytes.dropLast(24))
        #expect(!assembler.isComplete)
        try assembler.take(bytes.suffix(24))
        #expect(assembler.isComplete)
        #expect(assembler.events > 2)
    }
}

extension StreamAssemblerTests {
    /// A stream that goes wrong.
    struct Broken: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let api: EndpointAPI
        let stream: String
        let message: String
        var status: Int?

        static let all = [
            Broken(
                testDescription: "chat: an error",
                api: .openai,
                stream: """
                    data: {"choices":[{"delta":{"content":"Hel"}}]}

                    data: {"error":{"message":"worker died","code":500}}


                    """,
                message: "worker died",
                status: 500
            ),
            Broken(
                testDescription: "chat: a web page in place of an event",
                api: .openai,
                stream: "data: <html>\n\n",
                message: "a web page"
            ),
            Broken(
                testDescription: "chat: nothing",
                api: .openai,
                stream: ": ping\n\n",
                message: "an empty body"
            ),
            Broken(
                testDescription: "chat: an end without a choice",
                api: .openai,
                stream: "data: [DONE]\n\n",
                message: "no choices"
            ),
            Broken(
                testDescription: "messages: overloaded",
                api: .anthropic,
                stream: """
                    event: error
                    data: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}


                    """,
                message: "Overloaded",
                status: 529
            ),
            Broken(
                testDescription: "responses: an error",
                api: .openaiResponses,
                stream: """
                    event: error
                    data: {"type":"error","code":"server_error","message":"oops","param":null}


                    """,
                message: "oops"
            ),
            Broken(
                testDescription: "responses: failed",
                api: .openaiResponses,
                stream: """
                    data: {"type":"response.failed","response":{"status":"failed","error":{"code":"server_error","message":"oops"}}}


                    """,
                message: "oops"
            ),
            Broken(
                testDescription: "Gemini: stops in the middle",
                api: .gemini,
                stream: """
                    data: {"candidates":[{"content":{"parts":[{"text":"Hel"}]}}]}


                    """,
                message: "a stream that stops after 1 event"
            ),
        ]
    }

    /// What a real server sent, shortened, and what it means.
    struct Recorded: Sendable, CustomTestStringConvertible {
        let api: EndpointAPI
        let stream: String
        let reply: ModelReply

        var testDescription: String { api.rawValue }

        static let all = [
            Recorded(
                api: .openai,
                stream: """
                    data: {"choices":[{"finish_reason":null,"index":0,"delta":{"role":"assistant","content":null}}],"object":"chat.completion.chunk"}

                    data: {"choices":[{"finish_reason":null,"index":0,"delta":{"content":"Hello"}}],"object":"chat.completion.chunk"}

                    data: {"choices":[{"finish_reason":null,"index":0,"delta":{"content":"!"}}],"object":"chat.completion.chunk"}

                    data: {"choices":[{"finish_reason":"length","index":0,"delta":{}}],"object":"chat.completion.chunk"}

                    data: {"choices":[],"usage":{"completion_tokens":3,"prompt_tokens":31,"total_tokens":34,"prompt_tokens_details":{"cached_tokens":30}},"timings":{"cache_n":30}}

                    data: [DONE]


                    """,
                reply: ModelReply(
                    text: "Hello!",
                    finish: .length,
                    usage: TokenUsage(input: 31, cachedInput: 30, output: 3)
                )
            ),
            Recorded(
                api: .anthropic,
                stream: """
                    event: message_start
                    data: {"type":"message_start","message":{"id":"c","type":"message","role":"assistant","content":[],"model":"m","stop_reason":null,"stop_sequence":null,"usage":{"cache_read_input_tokens":30,"input_tokens":1,"output_tokens":0}}}

                    event: content_block_start
                    data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}

                    event: content_block_delta
                    data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hello"}}

                    event: content_block_delta
                    data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"!"}}

                    event: content_block_stop
                    data: {"type":"content_block_stop","index":0}

                    event: message_delta
                    data: {"type":"message_delta","delta":{"stop_reason":"max_tokens","stop_sequence":null},"usage":{"output_tokens":2}}

                    event: message_stop
                    data: {"type":"message_stop"}


                    """,
                reply: ModelReply(
                    text: "Hello!",
                    finish: .length,
                    usage: TokenUsage(input: 31, cachedInput: 30, output: 2)
                )
            ),
            Recorded(
                api: .openaiResponses,
                stream: """
                    event: response.created
                    data: {"type":"response.created","response":{"id":"resp_q","object":"response","status":"in_progress"}}

                    event: response.output_text.delta
                    data: {"type":"response.output_text.delta","item_id":"msg_T","delta":"Hello,"}

                    event: response.completed
                    data: {"type":"response.completed","response":{"id":"resp_q","object":"response","status":"completed","output":[{"type":"message","status":"completed","content":[{"type":"output_text","annotations":[],"logprobs":[],"text":"Hello,"}],"role":"assistant"}],"usage":{"input_tokens":31,"output_tokens":3,"total_tokens":34,"input_tokens_details":{"cached_tokens":30}}}}


                    """,
                reply: ModelReply(
                    text: "Hello,",
                    finish: .length,
                    usage: TokenUsage(input: 31, cachedInput: 30, output: 3)
                )
            ),
        ]
    }
}
