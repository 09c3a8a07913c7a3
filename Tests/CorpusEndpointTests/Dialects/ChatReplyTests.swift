import CorpusKit
import TestSupport
import Testing

@testable import CorpusEndpoint

@Suite("Chat replies")
struct ChatReplyTests {
    private func read(_ text: String, maxTokens: Int = 100) throws -> ModelReply {
        try dialect(.openai).reply(in: Array(text.utf8), to: request(maxTokens: maxTokens))
    }

    private func message(_ message: String, finish: String = #""stop""#) throws -> ModelReply {
        try read(#"{"choices":[{"message":\#(message),"finish_reason":\#(finish)}]}"#)
    }

    @Test(
        "Text and reasoning are found wherever servers put them",
        arguments: [
            (#"{"content":"hi"}"#, "hi", nil),
            (#"{"content":null}"#, "", nil),
            (#"{}"#, "", nil),
            (#"{"content":"hi","reasoning_content":"hm"}"#, "hi", "hm"),
            (#"{"content":"hi","reasoning":"hm"}"#, "hi", "hm"),
            (#"{"content":"hi","reasoning_content":null,"reasoning":"hm"}"#, "hi", "hm"),
            (#"{"content":"hi","reasoning_content":""}"#, "hi", nil),
            (#"{"content":[{"type":"text","text":"a"},{"type":"output_text","text":"b"},"c"]}"#, "abc", nil),
            (
                #"{"content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]},{"type":"text","text":"a"}]}"#,
                "a", "hm"
            ),
            (#"{"content":[{"type":"image_url","image_url":{}}]}"#, "", nil),
            (#"{"content":"\u0000\u001b[0m\ttab\r\n\ud83e\uddea"}"#, "\u{0}\u{1B}[0m\ttab\r\n🧪", nil),
        ] as [(String, String, String?)]
    )
    func texts(json: String, text: String, reasoning: String?) throws {
        let reply = try message(json)
        #expect(reply.text == text)
        #expect(reply.reasoning == reasoning)
    }

    @Test(
        "Reasons for the end are known in every dialect",
        arguments: [
            (
                [
                    "stop", "eos", "eos_token", "end_turn", "stop_sequence", "STOP", "completed",
                ], .stop
            ),
            (
                ["length", "max_tokens", "MAX_TOKENS", "model_length", "model_context_window_exceeded"],
                .length
            ),
            (["content_filter", "SAFETY", "refusal", "sensitive"], .filtered),
            (["tool_calls", "function_call", "error", "insufficient_system_resource"], .other),
        ] as [([String], ModelReply.Finish)]
    )
    func finishes(words: [String], finish: ModelReply.Finish) throws {
        for word in words {
            let reply = try message(#"{"content":"hi"}"#, finish: #""\#(word)""#)
            #expect(reply.finish == finish, "\(word)")
        }
    }

    @Test(
        "A reply whose end is not stated is whole, unless it has used up its tokens",
        arguments: ["", #","finish_reason":null"#, #","finish_reason":3"#, #","finish_reason":"who knows""#]
    )
    func unstatedEnd(reason: String) throws {
        func finish(_ usage: String) throws -> ModelReply.Finish {
            let choice = #"{"message":{"content":"hi"}\#(reason)}"#
            return try read(#"{"choices":[\#(choice)],"usage":\#(usage)}"#, maxTokens: 5).finish
        }
        #expect(try finish(#"{"prompt_tokens":1,"completion_tokens":4}"#) == .stop)
        #expect(try finish(#"{"prompt_tokens":1,"completion_tokens":5}"#) == .length)
        #expect(try finish(#"{"prompt_tokens":1,"completion_tokens":6}"#) == .length)
        #expect(try finish("null") == .stop)
        let usable = try read(#"{"choices":[{"message":{"content":"hi"}\#(reason)}]}"#).usableText()
        #expect(usable == "hi")
    }

    @Test("A refusal in a field of its own becomes the text of a filtered reply")
    func refusal() throws {
        let apart = try message(#"{"content":null,"refusal":"I cannot"}"#)
        let part = try message(#"{"content":[{"type":"refusal","refusal":"I cannot"}],"refusal":null}"#)

        #expect(apart == ModelReply(text: "I cannot", finish: .filtered))
        #expect(part.text == "I cannot")
    }

    @Test(
        "Usage is read in every dialect, and what is impossible counts as unknown",
        arguments: [
            (
                #"{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}"#,
                TokenUsage(input: 10, output: 5)
            ),
            (
                #"{"prompt_tokens":10,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":8}}"#,
                TokenUsage(input: 10, cachedInput: 8, output: 5)
            ),
            (
                #"{"prompt_tokens":10,"completion_tokens":5,"prompt_cache_hit_tokens":99,"prompt_tokens_details":null}"#,
                TokenUsage(input: 10, cachedInput: 10, output: 5)
            ),
            // Reasoning that is charged for and left out of the reply's tokens.
            (
                #"{"prompt_tokens":10,"completion_tokens":5,"total_tokens":115}"#,
                TokenUsage(input: 10, output: 105)
            ),
            (#"{"prompt_tokens":10.0,"completion_tokens":5}"#, TokenUsage(input: 10, output: 5)),
            (#"{"prompt_tokens":10}"#, nil), (#"{"prompt_tokens":-1,"completion_tokens":5}"#, nil),
            ("{}", nil),
            (#"{"prompt_tokens":1e18,"completion_tokens":5}"#, nil), ("null", nil), (#""many""#, nil),
        ] as [(String, TokenUsage?)]
    )
    func usage(json: String, usage: TokenUsage?) throws {
        let reply = try read(#"{"choices":[{"message":{"content":"hi"}}],"usage":\#(json)}"#)
        #expect(reply.usage == usage)
    }

    @Test(
        "What is wrong with a reply is said exactly",
        arguments: [
            ("", .empty), (" \n\t ", .empty),
            (#"{"choices":[{"message":{"content":"hal"#, .truncated(bytes: 38)),
            (#"{"choices":["#, .truncated(bytes: 12)), (#"{"a":"é"#, .truncated(bytes: 8)),
            (#"{"a":"}\""#, .truncated(bytes: 9)),
            ("upstream error", .notJSON(offset: 0)), (#"{"choices":[],}"#, .notJSON(offset: 14)),
            ("data: {}\n\n", .notJSON(offset: 0)), ("{\"a\":\"\u{1}\"}", .notJSON(offset: 6)),
            ("<!DOCTYPE html><html></html>", .webPage), ("\n  <html>", .webPage),
            ("[]", .wrongShape("expected an object, found an array")),
            (#""hi""#, .wrongShape("expected an object, found a string")),
            ("{}", .wrongShape("`choices` is missing")),
            (#"{"choices":null}"#, .wrongShape("`choices` is missing")),
            (#"{"choices":[]}"#, .noChoices),
            (#"{"choices":[{}]}"#, .wrongShape("`choices[0].message` is no object")),
            (#"{"choices":[{"text":"old"}]}"#, .wrongShape("`choices[0].message` is no object")),
            (
                #"{"choices":[{"message":{"content":5}}]}"#,
                .wrongShape("`choices[0].message.content` is a number")
            ),
        ] as [(String, ReplyFault)]
    )
    func faults(text: String, fault: ReplyFault) {
        #expect(throws: fault) { try read(text) }
    }

    @Test("Bytes that are no UTF-8 are told from a character that the end cuts through")
    func invalidUTF8() {
        let valid = Array(#"{"choices":[{"message":{"content":"é🧪"}}]}"#.utf8)
        var broken = valid
        broken[36] = 0xFF
        let head = Array(#"{"choices":[{"message":{"content":""#.utf8)

        #expect(throws: ReplyFault.notUTF8) { try dialect(.openai).reply(in: broken, to: request()) }
        for cut in 1...3 {
            let bytes = head + Array("🧪".utf8.prefix(cut))
            #expect(throws: ReplyFault.truncated(bytes: bytes.count)) {
                try dialect(.openai).reply(in: bytes, to: request())
            }
        }
    }

    @Test("An error under a status of success is read as the error that it is")
    func reported() throws {
        let error = #expect(throws: ReplyFault.self) {
            try read(#"{"error":{"message":"slow down","code":429}}"#)
        }
        guard case .reported(let report) = error else {
            Issue.record("found \(String(describing: error))")
            return
        }
        #expect(report.status == 429)
        #expect(report.message == "slow down")
    }

    @Test("Every cut of a reply is a fault and never a crash or a shorter reply")
    func everyCut() throws {
        let whole = Answer.chat("hello \\u00e9 \\ud83e\\uddea é🧪").body
        for length in 0..<whole.count {
            #expect(throws: ReplyFault.self) {
                try dialect(.openai).reply(in: Array(whole[..<length]), to: request())
            }
        }
        let reply = try dialect(.openai).reply(in: whole, to: request())
        #expect(reply.text == "hello é 🧪 é🧪")
    }
}
