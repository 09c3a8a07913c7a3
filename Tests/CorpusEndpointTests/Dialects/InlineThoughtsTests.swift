import CorpusKit
import Testing

@testable import CorpusEndpoint

@Suite("Thoughts inside the answer")
struct InlineThoughtsTests {
    @Test("What opens an answer between marks is reasoning, and nothing else is", arguments: Row.all)
    func cut(row: Row) throws {
        let cut = InlineThoughts.cut(row.text, isCutOff: row.isCutOff)
        #expect(cut?.answer == row.answer)
        #expect(cut?.thoughts == row.thoughts)
    }

    @Test("Chat completions and responses keep thoughts apart, continuations keep every byte")
    func dialects() throws {
        let text = #"<think>\nTwo and two.\n</think>\n\nFour"#
        let chat = #"{"choices":[{"message":{"content":"\#(text)"},"finish_reason":"stop"}]}"#
        let response =
            #"{"output":[{"type":"message","content":[{"type":"output_text","text":"\#(text)"}]}]}"#
        let raw = #"{"choices":[{"text":"\#(text)","finish_reason":"stop"}]}"#
        let apart = ModelReply(text: "Four", reasoning: "Two and two.")

        #expect(try dialect(.openai).reply(in: Array(chat.utf8), to: request()) == apart)
        #expect(try dialect(.openaiResponses).reply(in: Array(response.utf8), to: request()) == apart)
        #expect(
            try dialect(.openaiCompletions).reply(in: Array(raw.utf8), to: request()).text
                == "<think>\nTwo and two.\n</think>\n\nFour"
        )
    }

    @Test("A field of its own for thoughts leaves the answer alone")
    func field() throws {
        let body = """
            {"choices":[{"message":{"content":"<think>a</think>b","reasoning_content":"c"},"finish_reason":"stop"}]}
            """
        let reply = try dialect(.openai).reply(in: Array(body.utf8), to: request())
        #expect(reply == ModelReply(text: "<think>a</think>b", reasoning: "c"))
    }

    @Test("A stream that cuts a mark in two is read as the whole is", arguments: [false, true])
    func stream(isOpened: Bool) throws {
        let opening = isOpened ? ["<th", "ink>"] : []
        let pieces = opening + ["Two and", " two.\\n</th", "ink>", "\\n\\nFour"]
        var assembler = StreamAssembler(try dialect(.openai), request(), limitBytes: 1 << 16)
        for piece in pieces {
            let event = #"data: {"choices":[{"index":0,"delta":{"content":"\#(piece)"}}]}"# + "\n\n"
            try assembler.take(Array(event.utf8))
        }
        try assembler.take(Array("data: [DONE]\n\n".utf8))

        #expect(try assembler.replies() == [ModelReply(text: "Four", reasoning: "Two and two.")])
    }
}

extension InlineThoughtsTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let text: String
        var isCutOff = false
        var answer: String?
        var thoughts: String?

        var testDescription: String { text.debugDescription }

        static let all = [
            Row(text: "<think>\nHm.\n</think>\n\nFour", answer: "Four", thoughts: "Hm."),
            Row(text: " \n<think>Hm.</think>Four\n", answer: "Four\n", thoughts: "Hm."),
            Row(text: "<think>\n\n</think>\n\nFour", answer: "Four", thoughts: ""),
            Row(text: "<think>a</think>b <think>c</think>", answer: "b <think>c</think>", thoughts: "a"),
            Row(text: "<think>\nHm", answer: "", thoughts: "Hm"),
            Row(text: "<think>Hm", isCutOff: true, answer: "", thoughts: "Hm"),
            Row(text: "Hm, let me see.\n</think>\n\nFour", answer: "Four", thoughts: "Hm, let me see."),
            Row(text: "Hm.</think>\nFour", answer: "Four", thoughts: "Hm."),
            Row(text: "\n</think>Four", answer: "Four", thoughts: ""),
            Row(text: "Hm.\n```\nx\n```\n</think>\nFour", answer: "Four", thoughts: "Hm.\n```\nx\n```"),
            Row(text: "Four"),
            Row(text: ""),
            Row(text: "<think> is a mark"),
            Row(text: "The mark `</think>` ends the thoughts"),
            Row(text: "Cut at </think> and go on"),
            Row(text: "Write:\n<think>\nHm.\n</think>\nand so on"),
            Row(text: "```python\nend = '''\n</think>\n'''\n```"),
            Row(text: "I think> you"),
        ]
    }
}
