import Testing

@testable import CorpusModel

@Suite("Requests are read back")
struct ModelRequestReadingTests {
    static let requests = [
        ModelRequest(model: "m", messages: [Message(.user, "hi")], sampling: Sampling()),
        ModelRequest(
            model: "m",
            prompt: "once",
            sampling: Sampling(maxTokens: 5, logprobs: 2),
            repetition: 3
        ),
        ModelRequest(
            model: "m",
            messages: [
                Message(.system, "be brief"),
                Message(.assistant, "", toolCalls: [ToolCall(id: "c", name: "f", arguments: "{}")]),
                Message(.tool, "x", toolCallID: "c"),
            ],
            sampling: Sampling(temperature: 0.25, topP: 0.5, maxTokens: 7, stop: ["."], seed: 4),
            extra: ["a": ["b": 1]],
            schema: ["type": "object"],
            tools: [ToolDefinition(name: "f", description: "does", parameters: ["type": "object"])],
            toolChoice: .tool("f")
        ),
        ModelRequest(
            model: "m",
            messages: [],
            sampling: Sampling(),
            tools: [ToolDefinition(name: "f", parameters: [:])],
            toolChoice: ToolChoice.none
        ),
    ]

    @Test("What was written is what is read", arguments: requests)
    func round(request: ModelRequest) throws {
        let read = try #require(ModelRequest(json: JSONValue(parsing: request.json.canonical)))

        #expect(read == request)
        #expect(read.key == request.key)
    }

    @Test("What is no request is nil")
    func broken() {
        #expect(ModelRequest(json: [:]) == nil)
        #expect(ModelRequest(json: ["model": "m", "messages": [["role": "nobody"]], "max_tokens": 1]) == nil)
        #expect(ModelRequest(json: ["model": "m", "messages": [], "max_tokens": 1, "tools": ["x"]]) == nil)
    }
}
