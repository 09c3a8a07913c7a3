import CorpusKit
import Testing

@testable import CorpusEndpoint

@Suite("Requests in every API")
struct DialectRequestTests {
    private func json(
        _ request: ModelRequest,
        _ api: EndpointAPI,
        streamed: Bool = false,
        _ change: (inout EndpointConfiguration) -> Void = { _ in }
    ) throws -> JSONValue {
        try JSONValue(parsing: dialect(api, change).body(for: request, streamed: streamed))
    }

    @Test("A conversation with tools is told in each API's own words", arguments: Row.conversations)
    func conversations(row: Row) throws {
        let found = try json(toolRequest(), row.api)
        let expected = try JSONValue(parsing: row.json)
        #expect(found.canonical == expected.canonical)
    }

    @Test("A raw prompt is sent as it stands", arguments: ["", "<|im_start|>user\n", "é🧪\u{1}\""])
    func rawPrompt(prompt: String) throws {
        var request = ModelRequest(
            model: "teacher",
            prompt: prompt,
            sampling: Sampling(temperature: 1, maxTokens: 9, stop: ["\n"], logprobs: 2)
        )
        request.schema = ["type": "object"]
        let found = try json(request, .openaiCompletions) { $0.schemaField = .jsonSchema }
        let expected: JSONValue = [
            "model": "m-1", "prompt": .string(prompt), "max_tokens": 9, "stop": ["\n"],
            "temperature": .double(1), "logprobs": 2, "json_schema": ["type": "object"],
        ]
        #expect(found == expected)
    }

    @Test("Likelihoods are asked for where they can be had")
    func logprobs() throws {
        var request = request()
        request.sampling.logprobs = 3
        let (chat, responses) = (try json(request, .openai), try json(request, .openaiResponses))
        let config = try json(request, .gemini)["generationConfig"]

        #expect(chat["logprobs"] == true)
        #expect(chat["top_logprobs"] == 3)
        #expect(responses["top_logprobs"] == 3)
        #expect(responses["include"] == ["message.output_text.logprobs"])
        #expect(config?["responseLogprobs"] == true)
        #expect(config?["logprobs"] == 3)
    }

    @Test("A schema is sent in the field that the endpoint knows", arguments: Row.schemas)
    func schemas(row: Row) throws {
        var request = request()
        request.schema = ["type": "object"]
        let found = try json(request, row.api) { $0.schemaField = row.schemaField }
        let expected = try JSONValue(parsing: row.json)
        for (name, value) in try #require(expected.members) { #expect(found[name] == value, "\(name)") }
        let others = ["response_format", "structured_outputs", "guided_json", "json_schema", "output_config"]
        for name in others where expected[name] == nil { #expect(found[name] == nil) }
    }

    @Test("A way for schemas that the API does not have is refused at the start")
    func foreignSchemaField() {
        var configuration = EndpointConfiguration(name: "a", baseURL: "http://127.0.0.1:1", api: .gemini)
        configuration.schemaField = .guidedJSON
        let failure = #expect(throws: WorkFailure.self) { try client(configuration) }
        #expect(failure?.description == "the API `gemini` of model `a` takes no schema as `guided_json`")
    }

    @Test("A schema beside tools leaves the model the choice between them and the reply")
    func schemaAndTools() throws {
        var request = toolRequest()
        request.schema = ["type": "object"]
        request.tools[1].name = "reply"
        let found = try json(request, .anthropic)

        #expect(found["tool_choice"] == ["type": "any"])
        #expect(found["tools"]?.elements?.map { $0["name"] } == ["weather", "reply", "reply_"])
    }

    @Test("What an API cannot say is refused before anything is sent", arguments: Refusal.all)
    func refusals(row: Refusal) throws {
        let dialect = try dialect(row.api)
        let failure = #expect(throws: WorkFailure.self) { try dialect.body(for: row.request) }
        #expect(failure?.code == "unsupported-request")
        #expect(failure?.description == row.message)
        #expect(failure?.stopsRun == row.stopsRun)
    }

    @Test(
        "Only what streams needs differs when a reply is to come in pieces",
        arguments: EndpointAPI.speaking
    )
    func streamed(api: EndpointAPI) throws {
        let request = api == .openaiCompletions ? rawRequest : toolRequest()
        var found = try #require(try json(request, api, streamed: true).members)
        let plain = try #require(try json(request, api).members)
        let dialect = try dialect(api)

        if api == .gemini {
            #expect(dialect.streamURL.hasSuffix("/v1beta/models/m-1:streamGenerateContent?alt=sse"))
        } else {
            #expect(found.removeValue(forKey: "stream") == true)
            #expect(dialect.streamURL == dialect.url)
        }
        if api == .openai || api == .openaiCompletions {
            #expect(found.removeValue(forKey: "stream_options") == ["include_usage": true])
        }
        #expect(found == plain)
    }

    @Test(
        "Further fields join ours, and the promised limit of tokens stands",
        arguments: EndpointAPI.speaking
    )
    func extra(api: EndpointAPI) throws {
        var request = api == .openaiCompletions ? rawRequest : toolRequest()
        request.extra = [
            "top_k": 5, "temperature": .null,
            "generationConfig": [
                "thinkingConfig": ["thinkingBudget": 0], "maxOutputTokens": 1_000_000, "candidateCount": 8,
            ],
        ]
        let found = try json(request, api)

        #expect(found["top_k"] == 5)
        #expect(found["temperature"] == nil)
        guard api == .gemini else { return }
        let config = try #require(found["generationConfig"])
        #expect(config["thinkingConfig"] == ["thinkingBudget": 0])
        #expect(config["maxOutputTokens"] == 64)
        #expect(config["candidateCount"] == nil)
        #expect(config["temperature"] == 0.5)
    }

    @Test(
        "The key stands in the header that each API reads, and in no address",
        arguments: EndpointAPI.speaking
    )
    func headers(api: EndpointAPI) throws {
        let dialect = try dialect(api)
        let (keyless) = try CorpusEndpointTests.dialect(api) { $0.key = nil }
        let expected =
            switch api {
            case .anthropic: ["x-api-key: \(testKey)", "anthropic-version: 2023-06-01"]
            case .gemini: ["x-goog-api-key: \(testKey)"]
            default: ["Authorization: Bearer \(testKey)"]
            }

        #expect(dialect.headers == expected)
        #expect(keyless.headers.allSatisfy { !$0.contains(testKey) })
        for url in [dialect.url, dialect.streamURL, dialect.modelsURL] { #expect(!url.contains(testKey)) }
    }

    @Test(
        "The worst case of a prompt is at least its bytes, definitions of tools counted with their indents",
        arguments: EndpointAPI.speaking,
        ["", "print('hello')", "日本語のテキスト", "🧪🧪🧪", "\u{0}\u{1}\u{2}", "\"\"\"\\\\\\"]
    )
    func worstCase(api: EndpointAPI, text: String) throws {
        var request =
            api == .openaiCompletions
            ? ModelRequest(model: "a", prompt: text + text, sampling: Sampling())
            : ModelRequest(
                model: "a",
                messages: [Message(.user, text), Message(.assistant, text)],
                sampling: Sampling()
            )
        request.schema = ["description": .string(text)]
        let dialect = try dialect(api)
        let plain = dialect.worstInputTokens(of: try dialect.body(for: request), for: request)
        #expect(plain >= 3 * text.utf8.count + 256)

        guard api != .openaiCompletions else { return }
        request.tools = [ToolDefinition(name: "f", description: text, parameters: ["type": "object"])]
        let more = dialect.worstInputTokens(of: try dialect.body(for: request), for: request)
        #expect(more >= plain + 4 * text.utf8.count + (api == .anthropic ? 0 : 1024))
    }

    private let rawRequest = ModelRequest(model: "teacher", prompt: "x", sampling: Sampling(temperature: 0.5))
}

/// A request that an API has no words for.
struct Refusal: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let api: EndpointAPI
    let request: ModelRequest
    let message: String
    var stopsRun = true

    static let all: [Refusal] = {
        let plain = CorpusEndpointTests.request()
        let raw = ModelRequest(model: "teacher", prompt: "x", sampling: Sampling())
        var rawWithTools = raw
        rawWithTools.tools = toolRequest().tools
        var stop = plain
        stop.sampling.stop = ["END"]
        var likely = plain
        likely.sampling.logprobs = 0
        var cut = toolRequest()
        cut.messages[3].toolCalls[0].arguments = #"{"city":"U"#
        var lost = toolRequest()
        lost.messages[4].toolCallID = "c9"
        let rawAnywhere: [EndpointAPI] = [.openai, .openaiResponses, .anthropic, .gemini]
        return rawAnywhere.map { api in
            Refusal(
                testDescription: "a raw prompt to \(api)",
                api: api,
                request: raw,
                message: "the API `\(api.rawValue)` takes turns and no raw prompt"
            )
        } + [
            Refusal(
                testDescription: "turns to completions",
                api: .openaiCompletions,
                request: plain,
                message: "the API `openai-completions` takes a raw prompt and no turns"
            ),
            Refusal(
                testDescription: "tools to completions",
                api: .openaiCompletions,
                request: rawWithTools,
                message: "the API `openai-completions` has no tools"
            ),
            Refusal(
                testDescription: "stop texts to responses",
                api: .openaiResponses,
                request: stop,
                message: "the API `openai-responses` has no stop texts"
            ),
            Refusal(
                testDescription: "likelihoods from messages",
                api: .anthropic,
                request: likely,
                message: "the API `anthropic` tells no likelihoods"
            ),
            Refusal(
                testDescription: "arguments that were cut off",
                api: .anthropic,
                request: cut,
                message:
                    "the API `anthropic` cannot be told of a call of `weather` whose arguments are no JSON object",
                stopsRun: false
            ),
            Refusal(
                testDescription: "a result of no call",
                api: .gemini,
                request: lost,
                message: "a turn of a tool answers a call that no turn before it made",
                stopsRun: false
            ),
        ]
    }()
}
