import CorpusModel
import Foundation
import Synchronization
import TestSupport
import Testing

@Suite("Runs against endpoints in trouble", .timeLimit(.minutes(5)))
struct EndpointTroubleTests {
    @Test("A dead endpoint at the start is said at once, and the run can be continued")
    func deadEndpoint() async throws {
        let bench = try Bench()
        try bench.write(bench.recipe(url: "http://127.0.0.1:1/v1"), to: "recipe.yaml")
        let dead = try await bench.run()
        try bench.write(bench.recipe(), to: "recipe.yaml")
        let end = try await bench.run()

        #expect(dead.code == 75, "\(dead.errors)")
        #expect(dead.errors.contains("127.0.0.1:1"))
        #expect(dead.errors.contains("nothing is lost: run the same command again to continue"))
        #expect(end.code == 0, "\(end.errors)")
    }

    @Test("An endpoint that dies in mid-run stops the run with 75; with it back, nothing is paid twice")
    func diesInMidRun() async throws {
        let reference = try Bench()
        _ = try await reference.run()
        let gate = Latch()
        let first = try TestServer { request in
            if request.method == "GET" { return Bench.list }
            if request.index > 8 { gate.pass() }
            return Bench.model(request)
        }
        let bench = try Bench()
        try bench.write(bench.recipe(url: first.url), to: "recipe.yaml")
        let running = try bench.start()
        await first.received(10)
        first.stop()
        gate.open()
        let dead = try await running.end()
        try bench.write(bench.recipe(), to: "recipe.yaml")
        let end = try await bench.run()

        #expect(dead.code == 75, "\(dead.errors)")
        #expect(dead.errors.contains("error[endpoint-down]"), "\(dead.errors)")
        #expect(end.code == 0, "\(end.errors)")
        // Eight questions of the first server at least were answered and kept; four more may have been under way.
        #expect(bench.calls <= 24 - 4 && bench.calls >= 24 - 9)
        #expect(try bench.rows() == reference.rows())
    }

    @Test("A refused key stops the run at the first request and names the variable, not the key")
    func badKey() async throws {
        let bench = try Bench { _ in .status(401, #"{"error":{"message":"bad key"}}"#) }
        let server = try TestServer(answers: .status(401, #"{"error":{"message":"bad key"}}"#))
        try bench.write(bench.recipe(url: server.url, extra: ", key: { env: BENCH_KEY }"), to: "recipe.yaml")
        let missing = try await bench.run()
        let end = try await bench.run(environment: ["BENCH_KEY": "sk-secret-value-123456"])

        #expect(missing.code == 2)
        #expect(missing.errors.contains("`BENCH_KEY`"))
        #expect(end.code == 2, "\(end.errors)")
        #expect(end.errors.contains("BENCH_KEY") && !end.errors.contains("sk-secret"))
        #expect(server.requests.count == 1)
        let ledger = try Data(contentsOf: URL(fileURLWithPath: bench.folder + "/output/bench/ledger.sqlite"))
        #expect(ledger.range(of: Data("sk-secret".utf8)) == nil)
    }

    @Test("A model that the endpoint does not know stops the run with the names it knows")
    func unknownModel() async throws {
        let bench = try Bench { _ in .status(404, #"{"error":{"message":"no such model"}}"#) }
        try bench.write(
            bench.recipe().edited("model: scripted", to: "model: scriptd"),
            to: "recipe.yaml"
        )
        let end = try await bench.run()
        #expect(end.code == 2, "\(end.errors)")
        #expect(end.errors.contains("scripted"), "\(end.errors)")
    }

    @Test("An endpoint whose list of models is of no use works all the same", arguments: Listing.all)
    func uselessList(row: Listing) async throws {
        let bench = try Bench(list: row.answer)
        let end = try await bench.run()

        #expect(end.code == 0, "\(end.errors)")
        #expect(bench.calls == 24)
    }

    @Test(
        "An endpoint that begins to refuse in mid-run stops the run clearly; once it is mended, nothing is paid twice",
        arguments: [
            (401, "{}", "error[bad-key]", "refused the key in `BENCH_KEY` (status 401)"),
            (
                404, #"{"error":{"message":"The model `scripted` does not exist"}}"#, "error[unknown-model]",
                "does not know the model `scripted`"
            ),
        ]
    )
    func refusesInMidRun(status: Int, body: String, label: String, message: String) async throws {
        let reference = try Bench()
        _ = try await reference.run()
        let state = Mutex((isBroken: true, sold: [String: Int]()))
        let bench = try Bench { request in
            let isRefused = state.withLock { state in
                if state.isBroken, state.sold.count >= 8 { return true }
                state.sold[request.text, default: 0] += 1
                return false
            }
            return isRefused ? .status(status, body) : Bench.model(request)
        }
        try bench.write(bench.recipe(extra: ", key: { env: BENCH_KEY }"), to: "recipe.yaml")
        let key = ["BENCH_KEY": "a-key-for-the-bench"]
        let stopped = try await bench.run(environment: key)
        let report = try await bench.report()
        state.withLock { $0.isBroken = false }
        let end = try await bench.run(environment: key)

        #expect(stopped.code == 2, "\(stopped.errors)")
        #expect(stopped.errors.contains(label) && stopped.errors.contains(message), "\(stopped.errors)")
        #expect(report["spending"]?["calls"]?.whole == 8, "\(report.pretty)")
        #expect(end.code == 0, "\(end.errors)")
        #expect(state.withLock { $0.sold.values.allSatisfy { $0 == 1 } && $0.sold.count == 24 })
        #expect(try bench.rows() == reference.rows())
        #expect(Bench.addsUp(try await bench.report()))
    }

    @Test("A model that wants the most tokens of a reply in another field stops the run, and the hint helps")
    func tokenLimit() async throws {
        let bench = try Bench { request in
            request.text.contains("max_completion_tokens")
                ? Bench.model(request)
                : .status(
                    400,
                    #"{"error":{"message":"Unsupported parameter: 'max_tokens' is not supported with this model. "#
                        + #"Use 'max_completion_tokens' instead."}}"#
                )
        }
        let refused = try await bench.run()
        try bench.write(bench.recipe(extra: ", token_limit: max_completion_tokens"), to: "recipe.yaml")
        let end = try await bench.run()

        #expect(refused.code == 2, "\(refused.errors)")
        #expect(refused.errors.contains("say `token_limit: max_completion_tokens` for this model"))
        #expect(end.code == 0, "\(end.errors)")
    }

    @Test("An endpoint that wants to be left alone for an hour stops the run resumably and is left alone")
    func longWish() async throws {
        let isOver = Mutex(false)
        let bench = try Bench { request in
            isOver.withLock { $0 } ? Bench.model(request) : .status(429, headers: ["Retry-After: 3600"])
        }
        let stopped = try await bench.run()
        let refused = bench.calls
        isOver.withLock { $0 = true }
        let end = try await bench.run()

        #expect(stopped.code == 75, "\(stopped.errors)")
        #expect(stopped.errors.contains("it asks to wait 1 h, and a run waits 5 min at most"))
        #expect(stopped.errors.contains("nothing is lost: run the same command again to continue"))
        #expect(refused <= 4)
        #expect(end.code == 0, "\(end.errors)")
        #expect(bench.calls == refused + 24)
    }
}

/// What `GET /v1/models` answers where chat works.
struct Listing: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let answer: @Sendable (TestServer.Request) -> Answer

    static let all = [
        Listing(testDescription: "a dated name") { _ in
            .status(200, #"{"data":[{"id":"scripted-2026-01-31"}]}"#)
        },
        Listing(testDescription: "the first page of several") { _ in
            .status(200, #"{"data":[{"id":"a"}],"has_more":true}"#)
        },
        Listing(testDescription: "forbidden") { _ in .status(403) },
        Listing(testDescription: "in trouble for a moment") { request in
            request.index == 0 ? .status(503) : Bench.list
        },
    ]
}
