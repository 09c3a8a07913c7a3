import CorpusModel
import Testing

@Suite("Model calls")
struct ModelCallTests {
    private let plain = ModelRequest(
        model: "teacher",
        messages: [Message(.system, "Be brief"), Message(.user, "Hi")],
        sampling: Sampling(temperature: 0.5, maxTokens: 64, stop: ["END"], seed: 7)
    )

    @Test("The key of a plain question is the one that the first ledgers have")
    func stableKey() {
        #expect(
            plain.json.canonical
                == #"{"max_tokens":64,"messages":[{"content":"Be brief","role":"system"},"#
                + #"{"content":"Hi","role":"user"}],"model":"teacher","repetition":0,"schema":null,"#
                + #""seed":7,"stop":["END"],"temperature":0.5,"top_p":null}"#
        )
        #expect(plain.key.description == "0905a3321c61b809fb658c59a574649d")
    }

    @Test("Whatever else is asked makes another question")
    func otherKeys() {
        var tools = plain
        tools.tools = [weather]
        var forced = tools
        forced.toolChoice = .tool("weather")
        var likelihoods = plain
        likelihoods.sampling.logprobs = 0
        var turn = plain
        turn.messages.append(Message(.assistant, "", toolCalls: [call]))
        var answered = turn
        answered.messages.append(Message(.tool, "sunny", toolCallID: "c1"))
        let raw = ModelRequest(model: "teacher", prompt: "Hi", sampling: plain.sampling)
        let requests = [plain, tools, forced, likelihoods, turn, answered, raw]

        #expect(Set(requests.map(\.key)).count == requests.count)
        #expect(raw.json["prompt"] == "Hi")
        #expect(likelihoods.json["logprobs"] == 0)
        #expect(forced.json["tool_choice"] == ["type": "function", "function": ["name": "weather"]])
    }

    @Test("Turns with calls and results keep them on the way through JSON")
    func turns() throws {
        let turns = [
            Message(.user, "Rain?"), Message(.assistant, "Let me see", toolCalls: [call]),
            Message(.assistant, "", toolCalls: [call, call]), Message(.tool, "sunny", toolCallID: "c1"),
        ]
        for turn in turns { #expect(Message(json: turn.json) == turn) }
        #expect(Message(.user, "Rain?").json.canonical == #"{"content":"Rain?","role":"user"}"#)
        #expect(
            turns[1].json.canonical
                == #"{"content":"Let me see","role":"assistant","tool_calls":[{"function":{"arguments":"{\"city\":\"Ulm\"}","#
                + #""name":"weather"},"id":"c1","type":"function"}]}"#
        )
    }

    @Test(
        "Turns of other shapes are read leniently or not at all",
        arguments: [
            (#"{"role":"assistant","content":null,"tool_calls":[{"id":"c","function":{"name":"f"}}]}"#, "{}"),
            (
                #"{"role":"assistant","tool_calls":[{"function":{"name":"f","arguments":{"a":1}}}]}"#,
                #"{"a":1}"#
            ),
            (#"{"role":"assistant","content":null}"#, nil), (#"{"role":"robot","content":"x"}"#, nil),
            (#"{"role":"assistant","content":"x","tool_calls":[{"name":"f"}]}"#, nil),
            (
                #"{"role":"assistant","content":"x","tool_calls":[{"function":{"name":"f","arguments":3}}]}"#,
                nil
            ),
        ] as [(String, String?)]
    )
    func oddTurns(json: String, arguments: String?) throws {
        let message = Message(json: try JSONValue(parsing: json))
        #expect(message?.toolCalls.first?.arguments == arguments)
        #expect((message == nil) == (arguments == nil))
    }

    @Test("What a reply says survives the ledger, and a plain reply is kept as it always was")
    func replyBody() {
        let full = ModelReply(
            text: "hi",
            reasoning: "hm",
            finish: .toolCalls,
            toolCalls: [call],
            logprobs: [
                TokenLogprob("hi", -0.5, alternatives: [.init("hi", -0.5), .init("ho", -2)]),
                TokenLogprob("", 0),
            ],
            usage: TokenUsage(input: 1, output: 2),
            milliseconds: 3
        )
        let back = ModelReply(
            body: full.body,
            finish: full.finish,
            usage: full.usage,
            milliseconds: full.milliseconds
        )
        #expect(back == full)
        #expect(ModelReply(text: "hi").body.canonical == #"{"reasoning":null,"text":"hi"}"#)
    }

    private let weather = ToolDefinition(
        name: "weather",
        description: "Tells the weather",
        parameters: ["type": "object", "properties": ["city": ["type": "string"]]]
    )
    private let call = ToolCall(id: "c1", name: "weather", arguments: #"{"city":"Ulm"}"#)
}
