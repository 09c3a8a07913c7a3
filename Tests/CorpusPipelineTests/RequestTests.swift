import CorpusDiagnostics
import CorpusEndpoint
import CorpusKit
import CorpusLedger
import CorpusPipeline
import TestSupport
import Testing

@Suite("What plug-ins can say to models", .timeLimit(.minutes(5)))
struct RequestTests {
    private static func recipe(_ plugin: String, api: EndpointAPI = .openai, extra: String = "") -> String {
        """
        version: 1
        name: toy
        models:
          m: { url: "http://127.0.0.1:9/v1", model: toy, api: \(api.rawValue)\(extra) }
        budget: { tokens: 1000000 }
        sources: { tasks: { read: toy, count: 1 } }
        stages: { solved: { generate: \(plugin), from: tasks, model: m } }
        exports: { sft: { write: toy-write, from: solved } }

        """
    }

    private func client(_ server: TestServer, _ api: EndpointAPI) throws -> EndpointClient {
        try EndpointClient(
            [EndpointConfiguration(name: "toy", baseURL: server.url, api: api, concurrency: 1)],
            budget: Budget(Caps(tokens: 1_000_000))
        )
    }

    @Test("A tool call comes out of a real endpoint, its result goes in, and both replies are paid once")
    func tools() async throws {
        let call = #"""
            {"choices":[{"message":{"content":null,"tool_calls":[{"id":"c1","type":"function","function":\#
            {"name":"weather","arguments":"{\"city\":1}"}}]},"finish_reason":"tool_calls","logprobs":\#
            {"content":[{"token":"we","logprob":-0.5,"top_logprobs":[]}]}}],\#
            "usage":{"prompt_tokens":9,"completion_tokens":4}}
            """#
        let server = try TestServer { request in
            request.text.contains("tool_call_id") ? .chat("so wet 2") : .status(200, call)
        }
        let run = try TestRun()
        defer { run.remove() }
        let endpoint = try client(server, .openai)
        let first = try await run.pass(Self.recipe("toy-tools"), endpoint: endpoint)
        let second = try await run.pass(Self.recipe("toy-tools"), endpoint: endpoint)
        await endpoint.shutdown()

        #expect(first.end.stop == nil && second.end.stop == nil)
        let bodies = try server.requests.map { try JSONValue(parsing: $0.body) }
        try #require(bodies.count == 2)
        #expect(bodies[0]["tools"]?.elements?.first?["function"]?["name"] == "weather")
        #expect(bodies[0]["tool_choice"] == "required")
        #expect(bodies[0]["top_logprobs"] == 1 && bodies[0]["min_p"] == 0.1)
        let turns = try #require(bodies[1]["messages"]?.elements)
        #expect(turns.count == 3)
        #expect(turns[1]["tool_calls"]?.elements?.first?["id"] == "c1")
        #expect(turns[2] == ["role": "tool", "content": "rain", "tool_call_id": "c1"])
        #expect(bodies[1]["min_p"] == nil)
        let line = try #require(run.exports()["sft-train.txt"])
        #expect(line.contains(#"weather {\"city\":1} we so wet 2"#), "\(line)")
    }

    @Test("A raw text goes to a real endpoint as it stands, and what follows it is paid once")
    func continuation() async throws {
        let server = try TestServer { _ in
            .status(
                200,
                #"{"choices":[{"text":" 42","finish_reason":"stop"}],"usage":{"prompt_tokens":4,"completion_tokens":2}}"#
            )
        }
        let run = try TestRun()
        defer { run.remove() }
        let text = Self.recipe("toy-base", api: .openaiCompletions)
        let endpoint = try client(server, .openaiCompletions)
        let first = try await run.pass(text, endpoint: endpoint)
        let second = try await run.pass(text, endpoint: endpoint)
        await endpoint.shutdown()

        #expect(first.end.stop == nil && second.end.stop == nil)
        #expect(server.requests.map(\.path) == ["/v1/completions"])
        let body = try JSONValue(parsing: server.requests[0].body)
        #expect(body["prompt"] == "Q: task 0\nA:" && body["stop"] == ["Q:"])
        #expect(try run.exports()["sft-train.txt"]?.contains(" 42") == true)
    }

    @Test(
        "Vectors of a real endpoint are bought once for equal texts, kept, played back and carried by cassettes"
    )
    func embeddings() async throws {
        let server = try TestServer { _ in
            .status(
                200,
                #"{"data":[{"index":1,"embedding":[0.1,-3]},{"index":0,"embedding":[1e-20,2]}],"usage":{"prompt_tokens":7}}"#
            )
        }
        let (run, other) = (try TestRun(), try TestRun())
        defer {
            run.remove()
            other.remove()
        }
        let text = Self.recipe("toy-vectors", api: .openaiEmbeddings)
        let endpoint = try client(server, .openaiEmbeddings)
        let first = try await run.pass(text, endpoint: endpoint)
        let second = try await run.pass(text, endpoint: endpoint)
        await endpoint.shutdown()

        #expect(first.end.stop == nil && second.end.stop == nil)
        #expect(server.requests.map(\.path) == ["/v1/embeddings"])
        #expect(try JSONValue(parsing: server.requests[0].body)["input"] == ["task 0", "another"])
        #expect(first.end.figures.calls == 1 && first.end.figures.tokens == 7)
        let exported = try run.exports()
        #expect(exported["sft-train.txt"]?.contains("[[1e-20, 2.0], [0.1, -3.0]] 2") == true, "\(exported)")

        try run.ledger().record(to: run.folder)
        let cassette = try Cassette(in: run.folder)
        let loaded = try Ledger.begin(
            path: other.folder + "/ledger.sqlite",
            name: "toy",
            recipe: text,
            plan: TestRun.plan(text).json,
            product: "test",
            now: 0
        )
        try await loaded.load(cassette)
        try loaded.end(state: "stopped", now: 0)
        let replayed = try await other.pass(
            text,
            endpoint: ToyEndpoint { _, _ in throw WorkFailure("not-recorded", "asked again") }
        )
        #expect(replayed.end.stop == nil && replayed.end.figures.reusedCalls >= 1)
        #expect(try other.exports() == exported)
    }

    @Test("Texts for vectors cost what they may at most, and an endpoint is told to try again as for replies")
    func embeddingCost() async throws {
        let server = try TestServer(
            answers: .status(500),
            .status(200, #"{"data":[{"embedding":[1]}],"usage":{"prompt_tokens":3}}"#)
        )
        let price = TokenPrice(input: 1_000_000, output: 9_000_000)
        let configuration = EndpointConfiguration(
            name: "toy",
            baseURL: server.url,
            api: .openaiEmbeddings,
            concurrency: 1,
            price: price
        )
        let request = ModelRequest(model: "toy", texts: ["some text"])
        let endpoint = try EndpointClient([configuration], budget: Budget(Caps(tokens: 2000)))
        let reply = try await endpoint.complete(request, for: "m", charged: { _ in })
        let poor = try EndpointClient([configuration], budget: Budget(Caps(tokens: 20)))
        await #expect(throws: BudgetExhausted.self) {
            try await poor.complete(request, for: "m", charged: { _ in })
        }
        await endpoint.shutdown()
        await poor.shutdown()

        #expect(reply.attempts == 2 && reply.reply.vectors == [[1]])
        #expect(reply.charge == Charge(tokens: 3, cost: 3))
        #expect(server.requests.count == 2)
    }

    @Test("A request cannot smuggle in what its budget does not see")
    func smuggled() async throws {
        let server = try TestServer { _ in .chat("no") }
        let endpoint = try client(server, .openai)
        let request = ModelRequest(
            model: "toy",
            messages: [Message(.user, "hi")],
            sampling: Sampling(),
            extra: ["n": 100]
        )
        let failure = await #expect(throws: WorkFailure.self) {
            try await endpoint.complete(request, for: "m", charged: { _ in })
        }
        await endpoint.shutdown()

        #expect(failure?.description == "the further fields of a request must not set `n`")
        #expect(failure?.stopsRun == true)
        #expect(server.requests.isEmpty)
    }

    @Test(
        "A model that cannot be asked what a plug-in asks is found before anything is paid for",
        arguments: [
            (
                "toy-solve", EndpointAPI.openaiCompletions,
                "`toy-solve` asks its model in turns, and `m` takes raw text only"
            ),
            ("toy-base", .openai, "`toy-base` lets its model continue raw text, and `m` takes turns only"),
            (
                "toy-solve", .openaiEmbeddings,
                "`toy-solve` asks its model in turns, and `m` gives vectors only"
            ),
            (
                "toy-vectors", .openai,
                "`toy-vectors` has its model turn texts into vectors, and `m` takes turns only"
            ),
            (
                "toy-tools", .anthropic,
                "`toy-tools` needs the likelihoods of tokens, and the API `anthropic` has none"
            ),
        ]
    )
    func unsuitable(plugin: String, api: EndpointAPI, message: String) throws {
        let text = Self.recipe(plugin, api: api)
        let report = try #require(throws: DiagnosticReport.self) { try TestRun.plan(text) }

        #expect(report.diagnostics.map(\.code) == ["unsuitable-model"])
        #expect(report.diagnostics.first?.message == message)
        #expect(report.diagnostics.first?.location?.line == 7)
        #expect(report.diagnostics.first?.hint != nil)
    }

    @Test("A fallback is asked the same things as the model that it stands in for")
    func fallback() throws {
        let other = """
            , fallback: o }
              o: { url: "http://127.0.0.1:8/v1", model: b, api: openai-completions
            """
        let text = Self.recipe("toy-solve", extra: other)
        let report = try #require(throws: DiagnosticReport.self) { try TestRun.plan(text) }

        #expect(report.diagnostics.map(\.code) == ["bad-value"])
        #expect(
            report.diagnostics.first?.message
                == "`o` cannot stand in for `m`: `openai-completions` and `openai` are asked different things"
        )
    }
}
