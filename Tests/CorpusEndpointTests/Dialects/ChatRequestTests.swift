import CorpusKit
import Testing

@testable import CorpusEndpoint

@Suite("Chat requests")
struct ChatRequestTests {
    private func body(_ request: ModelRequest, _ change: (inout EndpointConfiguration) -> Void = { _ in })
        -> String
    {
        var configuration = EndpointConfiguration(
            name: "teacher",
            baseURL: "http://127.0.0.1:1",
            apiModel: "m-1"
        )
        change(&configuration)
        return String(decoding: ChatRequest(configuration).body(for: request), as: UTF8.self)
    }

    @Test("A plain request holds model, turns and the token limit, and nothing that was not asked for")
    func plain() {
        let request = ModelRequest(
            model: "teacher",
            messages: [Message(.system, "Be \"brief\""), Message(.user, "Zeile\n2 é \u{1}")],
            sampling: Sampling(maxTokens: 7)
        )

        #expect(
            body(request)
                == #"{"max_tokens":7,"messages":[{"content":"Be \"brief\"","role":"system"},"#
                + #"{"content":"Zeile\n2 é \u0001","role":"user"}],"model":"m-1"}"#
        )
    }

    @Test("Everything that sampling and schema say is sent")
    func full() throws {
        let sampling = Sampling(temperature: 0.7, topP: 0.95, maxTokens: 64, stop: ["###"], seed: 42)
        var request = request()
        request.sampling = sampling
        request.schema = ["type": "object"]
        let json = try JSONValue(parsing: body(request))

        #expect(json["temperature"] == 0.7)
        #expect(json["top_p"] == 0.95)
        #expect(json["stop"] == ["###"])
        #expect(json["seed"] == 42)
        #expect(
            json["response_format"] == [
                "type": "json_schema",
                "json_schema": ["name": "reply", "strict": true, "schema": ["type": "object"]],
            ]
        )
    }

    @Test("The configuration decides on the seed, the limit's name and further fields")
    func configured() throws {
        var request = request()
        request.sampling.seed = 1
        let text = body(request) {
            $0.sendsSeed = false
            $0.tokenLimitField = .maxCompletionTokens
            $0.extraBody = ["chat_template_kwargs": ["enable_thinking": false], "temperature": nil]
        }
        let json = try JSONValue(parsing: text)

        #expect(json["seed"] == nil)
        #expect(json["max_tokens"] == nil)
        #expect(json["max_completion_tokens"] == 100)
        #expect(json["temperature"] == nil)
        #expect(json["chat_template_kwargs"] == ["enable_thinking": false])
    }

    @Test("Equal requests have equal bytes, and a repetition sends the same question")
    func stable() {
        var again = request()
        again.repetition = 3
        #expect(body(request()) == body(again))
    }

    @Test(
        "The worst case of a prompt is at least its bytes",
        arguments: ["", "print('hello')", "日本語のテキスト", "🧪🧪🧪", "\u{0}\u{1}\u{2}", "\"\"\"\\\\\\"]
    )
    func worstCase(text: String) {
        var configuration = EndpointConfiguration(name: "a", baseURL: "http://127.0.0.1:1")
        configuration.extraBody = ["system_suffix": "counted as well"]
        let request = ModelRequest(
            model: "a",
            messages: [Message(.user, text), Message(.assistant, text)],
            sampling: Sampling(),
            schema: ["description": .string(text)]
        )
        let bound = ChatRequest.worstInputTokens(
            body: ChatRequest(configuration).body(for: request),
            turns: 2
        )

        #expect(bound >= 3 * text.utf8.count + 15 + 256)
    }
}
