import CorpusKit
import TestSupport
import Testing

@testable import CorpusEndpoint

@Suite("Failures of batches and their rows", .timeLimit(.minutes(5)))
struct BatchFailureTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        let openai: BatchServer.Fate
        let anthropic: BatchServer.Fate
        var code = ""

        var testDescription: String { name }

        func fate(_ api: EndpointAPI) -> BatchServer.Fate { api == .anthropic ? anthropic : openai }

        static func error(_ type: String, _ message: String) -> String {
            #"{"type":"error","error":{"type":"\#(type)","message":"\#(message)"}}"#
        }

        static let passing = [
            Row(
                name: "429",
                openai: .error(429, error("rate_limit_error", "slow down")),
                anthropic: .error(429, error("rate_limit_error", "slow down"))
            ),
            Row(
                name: "500",
                openai: .error(500, error("server_error", "oops")),
                anthropic: .error(500, error("api_error", "oops"))
            ),
            Row(
                name: "overloaded",
                openai: .error(503, error("server_error", "overloaded")),
                anthropic: .error(529, error("overloaded_error", "overloaded"))
            ),
            Row(name: "expired", openai: .expired, anthropic: .expired),
            Row(name: "cancelled", openai: .cancelled, anthropic: .cancelled),
            Row(name: "missing", openai: .missing, anthropic: .missing),
        ]

        static let lasting = [
            Row(
                name: "too long",
                openai: .error(400, error("context_length_exceeded", "maximum context length is 8")),
                anthropic: .error(400, error("invalid_request_error", "prompt is too long: 9 tokens")),
                code: "too-long"
            ),
            Row(
                name: "refused content",
                openai: .error(400, error("content_filter", "no")),
                anthropic: .error(
                    400,
                    error("invalid_request_error", "Output blocked by content filter policy")
                ),
                code: "content-refused"
            ),
            Row(
                name: "bad request",
                openai: .error(400, error("invalid_request_error", "bad temperature")),
                anthropic: .error(400, error("invalid_request_error", "bad temperature")),
                code: "endpoint-refused"
            ),
        ]
    }

    @Test("Rows that may pass another time go into the next batch", arguments: Row.passing, batchAPIs)
    func passing(row: Row, api: EndpointAPI) async throws {
        let server = try BatchServer {
            $0.fate = { prompt, tries in prompt == "prompt-1" && tries == 1 ? row.fate(api) : .reply }
        }
        let budget = Budget(Caps())
        let clock = QuietClock(holding: quiet)
        let client = try batchClient(server, api, rows: 3, budget: budget, clock: clock)

        let asked = client.asking(prompts(3))
        await client.waits(for: 1, clock)
        clock.release()
        let answers = await asked.value

        #expect(
            answers.replies.mapValues(\.reply.text) == [
                "prompt-0": "PROMPT-0", "prompt-1": "PROMPT-1", "prompt-2": "PROMPT-2",
            ]
        )
        #expect(answers.replies["prompt-1"]?.attempts == 2)
        #expect(answers.replies["prompt-0"]?.attempts == 1)
        #expect(answers.charges.values.allSatisfy { $0.isEmpty })
        #expect(server.batches.map(\.rows.count) == [3, 1])
        #expect(server.paid.values.allSatisfy { $0 == 1 })
        #expect(budget.spent.calls == 3)
        #expect(budget.reserved == Amounts())
        #expect(client.snapshot.total.retries.values.reduce(0, +) == 1)
        await client.shutdown()
    }

    @Test("Rows that can never pass fail as single calls do", arguments: Row.lasting, batchAPIs)
    func lasting(row: Row, api: EndpointAPI) async throws {
        let server = try BatchServer {
            $0.fate = { prompt, _ in prompt == "prompt-1" ? row.fate(api) : .reply }
        }
        let budget = Budget(Caps())
        let client = try batchClient(server, api, rows: 3, budget: budget)

        let answers = await client.answers(to: prompts(3))

        #expect(answers.code("prompt-1") == row.code)
        #expect((answers.errors["prompt-1"] as? WorkFailure)?.stopsRun == false)
        #expect(answers.replies.count == 2)
        #expect(server.batches.count == 1)
        #expect(budget.spent.calls == 2)
        await client.shutdown()
    }

    @Test("A row is in as many batches as there are attempts", arguments: batchAPIs)
    func attempts(api: EndpointAPI) async throws {
        let server = try BatchServer { $0.fate = { _, _ in .expired } }
        let client = try batchClient(server, api, rows: 1, attempts: 3)

        let answers = await client.answers(to: ["a"])

        #expect(answers.code("a") == "batch-undone")
        #expect(server.batches.count == 3)
        #expect(server.paid.isEmpty)
        await client.shutdown()
    }

    @Test("Replies that cannot be read are booked, told, and asked again a few times", arguments: batchAPIs)
    func unreadable(api: EndpointAPI) async throws {
        let server = try BatchServer { $0.fate = { _, _ in .text("no object") } }
        let budget = Budget(Caps())
        let client = try batchClient(server, api, rows: 1, budget: budget)

        let answers = await client.answers(to: ["a"])
        let charges = try #require(answers.charges["a"])

        #expect(answers.code("a") == "bad-reply")
        #expect(server.batches.count == 3)
        #expect(charges.count == 3)
        #expect(budget.spent.nanoDollars == charges.reduce(0) { $0 + ($1.cost ?? 0) })
        await client.shutdown()
    }

    @Test(
        "A batch that ends early leaves what was done and asks for the rest again",
        arguments: ["expired", "cancelled"],
        batchAPIs
    )
    func early(end: String, api: EndpointAPI) async throws {
        let server = try BatchServer {
            $0.end = end
            $0.fate = { prompt, tries in prompt < "prompt-2" || tries > 1 ? .reply : .expired }
        }
        let client = try batchClient(server, api, rows: 2)

        let answers = await client.answers(to: prompts(4))

        #expect(answers.replies.count == 4)
        #expect(server.paid.values.allSatisfy { $0 == 1 })
        await client.shutdown()
    }

    @Test("A refused row is named by its line, and the others go into the next batch", arguments: batchAPIs)
    func line(api: EndpointAPI) async throws {
        let server = try BatchServer {
            $0.refusal = { number, _ in
                guard number == 0 else { return nil }
                return api == .anthropic
                    ? ["type": "invalid_request_error", "message": "requests.1.params.max_tokens: too large"]
                    : [["code": "invalid_value", "message": "max_tokens is too large", "line": 2]]
            }
        }
        let clock = QuietClock(holding: quiet)
        let client = try batchClient(server, api, rows: 3, clock: clock)

        let asked = client.asking(prompts(3))
        await client.waits(for: 2, clock)
        clock.release()
        let answers = await asked.value
        let error = try #require(answers.errors.values.first as? WorkFailure)

        #expect(answers.replies.count == 2)
        #expect(error.code == "endpoint-refused")
        #expect(error.description.contains(api == .anthropic ? "requests.1" : "line 2 of a batch"))
        #expect(error.description.contains("too large"))
        #expect(answers.replies.values.allSatisfy { $0.reply.text.hasPrefix("PROMPT") })
        await client.shutdown()
    }

    @Test("A batch that is refused as a whole stops the run with the reason", arguments: batchAPIs)
    func whole(api: EndpointAPI) async throws {
        let server = try BatchServer {
            $0.refusal = { _, _ in
                api == .anthropic
                    ? ["type": "invalid_request_error", "message": "this model takes no batches"]
                    : [["code": "invalid_request", "message": "this model takes no batches"]]
            }
        }
        let store = MemoryBatchStore()
        let budget = Budget(Caps())
        let client = try batchClient(server, api, rows: 2, store: store, budget: budget)

        let answers = await client.answers(to: prompts(2))
        let error = try #require(answers.errors["prompt-0"] as? WorkFailure)

        #expect(error.stopsRun)
        #expect(error.description.contains("this model takes no batches"))
        #expect(store.open.isEmpty)
        #expect(budget.spent == Amounts())
        #expect(budget.reserved == Amounts())
        await client.shutdown()
    }

    @Test("A batch for which there is no room yet is sent again later, and smaller when it is alone")
    func room() async throws {
        let server = try BatchServer {
            $0.refusal = { _, rows in
                rows < 3
                    ? nil : [["code": "token_limit_exceeded", "message": "Enqueued token limit reached"]]
            }
        }
        let clock = QuietClock(holding: quiet)
        let client = try batchClient(server, rows: 4, clock: clock, attempts: 1)

        let answers = await client.answers(to: prompts(4))

        #expect(answers.replies.count == 4)
        #expect(server.batches.map(\.rows.count) == [4, 2, 2])
        #expect(clock.sleeps.contains(.seconds(600)))
        await client.shutdown()
    }

    @Test("A batch that is too large for the endpoint is halved", arguments: batchAPIs)
    func large(api: EndpointAPI) async throws {
        let server = try BatchServer {
            $0.instead = { step, count in
                step == (api == .anthropic ? .create : .upload) && count == 0 ? .status(413) : nil
            }
        }
        let client = try batchClient(server, api, rows: 4)

        let answers = await client.answers(to: prompts(4))

        #expect(answers.replies.count == 4)
        #expect(server.batches.map(\.rows.count) == [2, 2])
        await client.shutdown()
    }

    @Test(
        "A key that is not taken stops the run, whenever that shows",
        arguments: BatchServer.Step.allCases,
        batchAPIs
    )
    func key(step: BatchServer.Step, api: EndpointAPI) async throws {
        guard step != .list, step != .upload || api == .openai else { return }
        let server = try BatchServer { $0.instead = { asked, _ in asked == step ? .status(401) : nil } }
        let store = MemoryBatchStore()
        let client = try batchClient(server, api, rows: 2, store: store)

        let answers = await client.answers(to: prompts(2))
        let later = try await failure { try await client.complete(request("later")) }

        #expect(answers.code("prompt-0") == "bad-key")
        #expect(later.stopsRun)
        #expect(store.open.count == (step == .look || step == .fetch ? 1 : 0))
        await client.shutdown()
    }
}
