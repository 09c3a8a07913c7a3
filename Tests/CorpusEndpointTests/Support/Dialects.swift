import CorpusKit

@testable import CorpusEndpoint

/// What speaks one API with an endpoint on this machine; the endpoint calls the model `m-1`.
func dialect(_ api: EndpointAPI, _ change: (inout EndpointConfiguration) -> Void = { _ in }) throws
    -> any Dialect
{
    var configuration = EndpointConfiguration(
        name: "teacher",
        baseURL: "http://127.0.0.1:1",
        apiModel: "m-1",
        api: api,
        key: Secret(testKey)
    )
    change(&configuration)
    return configuration.dialect(at: try EndpointAddress(configuration.baseURL, api: api))
}

extension EndpointAPI {
    /// Those that answer in words.
    static let speaking = allCases.filter { $0.use != .embeddings }
}

/// A request with everything that a conversation with tools has.
func toolRequest() -> ModelRequest {
    ModelRequest(
        model: "teacher",
        messages: [
            Message(.system, "Be brief"), Message(.system, "Use tools"), Message(.user, "Rain in Ulm?"),
            Message(
                .assistant,
                "Let me see",
                toolCalls: [
                    ToolCall(id: "c1", name: "weather", arguments: #"{"city":"Ulm"}"#),
                    ToolCall(id: "c2", name: "clock", arguments: "{}"),
                ]
            ),
            Message(.tool, #"{"sky":"grey"}"#, toolCallID: "c1"), Message(.tool, "noon", toolCallID: "c2"),
            Message(.user, "So?"),
        ],
        sampling: Sampling(temperature: 0.5, topP: 0.9, maxTokens: 64, seed: 7),
        tools: [
            ToolDefinition(name: "weather", description: "Tells the weather", parameters: ["type": "object"]),
            ToolDefinition(name: "clock", parameters: ["type": "object"]),
        ],
        toolChoice: .required
    )
}

extension ChatRequest {
    /// The bound of a conversation without tools, as the tests reckon it.
    static func worstInputTokens(body: [UInt8], turns: Int) -> Int { body.count + 256 + 16 * turns }
}
