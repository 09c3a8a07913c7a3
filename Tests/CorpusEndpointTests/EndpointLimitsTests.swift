import CorpusKit
import TestSupport
import Testing

@testable import CorpusEndpoint

@Suite("Endpoint limits", .timeLimit(.minutes(5)))
struct EndpointLimitsTests {
    @Test("A budget is never exceeded, also with three hundred calls in flight", arguments: [1.0, 0.3, 0.0])
    func budget(share: Double) async throws {
        let charged = Gauge()
        let server = try TestServer { request in
            // A server that takes up to what it was allowed to, and that fails in costly ways now and then.
            let output = Int(100 * share)
            charged.add(request.body.count + output)
            if request.index % 7 == 3 { return .status(504) }
            if request.index % 11 == 5 { return .status(200, "{}") }
            return .chat("hello", input: request.body.count, output: output)
        }
        let cap = 60_000
        let budget = Budget(Caps(tokens: cap))
        let client = try client(configuration(server.url, places: 300), budget: budget)
        let refused = await withTaskGroup(of: Int.self) { group in
            for number in 0..<600 {
                group.addTask {
                    do {
                        _ = try await client.complete(request("prompt \(number)"))
                        return 0
                    } catch is BudgetExhausted {
                        return 1
                    } catch {
                        return 0
                    }
                }
            }
            return await group.reduce(0, +)
        }

        #expect(charged.value <= cap)
        #expect(budget.spent.tokens <= cap)
        #expect(budget.spent.tokens >= charged.value)
        #expect(budget.reserved == Amounts())
        #expect(refused > 0)
        // No call was refused while one of the ordinary size would still have fitted.
        #expect(budget.spent.tokens > cap - 2000)
    }

    @Test("A dollar cap counts earlier runs and stops before the first call that does not fit")
    func dollars() async throws {
        let server = try TestServer(answers: .chat("hello"))
        let caps = Caps(nanoDollars: 1_000_000_000)
        let budget = Budget(caps, spent: Amounts(nanoDollars: 999_999_999))
        let client = try client(
            configuration(server.url, price: TokenPrice(input: 1_000_000, output: 1_000_000)),
            budget: budget
        )

        await #expect(throws: BudgetExhausted.self) { try await client.complete(request()) }
        #expect(server.requests.isEmpty)
    }

    @Test("Calls that were never charged leave the budget as it was")
    func freeFailures() async throws {
        let server = try TestServer(answers: .status(429))
        let budget = Budget(Caps(calls: 1))
        let client = try client(configuration(server.url), budget: budget)

        let last = try await failure { try await client.complete(request()) }

        #expect(last.code == "rate-limited")
        #expect(server.requests.count > 6)
        #expect(budget.spent == Amounts())
    }

    @Test("A bad key stops everything with the first call", arguments: [401, 403])
    func badKey(status: Int) async throws {
        let server = try TestServer(
            answers: .status(status, #"{"error":{"message":"Incorrect API key provided: \#(testKey)"}}"#)
        )
        let client = try client(configuration(server.url, places: 1))
        let failures = await withTaskGroup(of: WorkFailure?.self) { group in
            for number in 0..<50 {
                group.addTask { try? await failure { try await client.complete(request("\(number)")) } }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }

        #expect(server.requests.count == 1)
        #expect(failures.count == 50)
        for failure in failures {
            #expect(failure?.code == "bad-key")
            #expect(failure?.stopsRun == true)
            #expect(failure?.description.contains("`TEACHER_KEY`") == true)
        }
    }

    @Test("An unknown model stops everything and names those that are served")
    func unknownModel() async throws {
        let missing = #"{"error":{"message":"The model `teacher` does not exist.","code":404}}"#
        let list = #"{"data":[{"id":"qwen-7b"},{"id":"qwen-32b"}]}"#
        let server = try TestServer { $0.method == "GET" ? .status(200, list) : .status(404, missing) }
        let client = try client(configuration(server.url))

        let first = try await failure { try await client.complete(request()) }
        let second = try await failure { try await client.complete(request("again")) }

        #expect(first.code == "unknown-model" && first.stopsRun)
        #expect(first.description == "the endpoint `\(server.url)` does not know the model `teacher`")
        #expect(first.hint == "it serves `qwen-7b`, `qwen-32b`")
        #expect(second == first)
        #expect(server.requests.count == 2)
    }

    @Test("A dead endpoint is called down after five different requests, and then left alone")
    func deadFromTheStart() async throws {
        let server = try TestServer(answers: .status(200))
        let url = server.url
        server.stop()
        let client = try client(configuration(url, places: 1, attempts: 3))
        var codes: [ReasonCode] = []
        for number in 0..<25 {
            codes.append(try await failure { try await client.complete(request("prompt \(number)")) }.code)
        }
        let last = try await failure { try await client.complete(request()) }

        #expect(
            codes == Array(repeating: "transport", count: 4) + Array(repeating: "endpoint-down", count: 21)
        )
        #expect(client.snapshot.total.sent == 15)
        #expect(last.stopsRun)
        #expect(
            last.description == "the endpoint `\(url)` failed 5 requests in a row, the last because: "
                + "no connection to `\(url)`: connection refused"
        )
        #expect(last.hint?.contains("same command") == true)
    }

    @Test("The same request failing again and again says nothing about the endpoint")
    func sameRequest() async throws {
        let server = try TestServer(answers: .status(500))
        let client = try client(configuration(server.url, attempts: 1))
        for _ in 0..<30 {
            let last = try await failure { try await client.complete(request()) }
            #expect(last.code == "endpoint-error")
        }
    }

    @Test("A reply in between shows that the endpoint lives")
    func mixed() async throws {
        let server = try TestServer { $0.index % 5 == 4 ? .chat("hello") : .status(500) }
        let client = try client(configuration(server.url, attempts: 1))
        for number in 0..<100 {
            do {
                _ = try await client.complete(request("prompt \(number)"))
            } catch let error as WorkFailure {
                #expect(error.code == "endpoint-error")
            }
        }
    }

    @Test("An endpoint that dies in the middle loses no reply and stops the run in one sentence")
    func diesInTheMiddle() async throws {
        let dead = Latch()
        let server = try TestServer { .chat("hello", gate: $0.index < 40 ? nil : dead) }
        let client = try client(configuration(server.url, places: 4, attempts: 2))
        let (replies, codes) = await withTaskGroup(of: ReasonCode?.self) { group in
            for number in 0..<100 {
                group.addTask {
                    do {
                        _ = try await client.complete(request("prompt \(number)"))
                        return nil
                    } catch {
                        return (error as? WorkFailure)?.code ?? "other"
                    }
                }
            }
            // With four places the last four are sent when all before them are answered.
            await server.received(44)
            server.stop()
            dead.open()
            return await group.reduce(into: (0, [ReasonCode: Int]())) { result, code in
                if let code { result.1[code, default: 0] += 1 } else { result.0 += 1 }
            }
        }

        #expect(replies == 40)
        #expect(codes == ["transport": 4, "endpoint-down": 56])
    }

    @Test("Configurations that would break a promise are refused")
    func refusedConfigurations() async throws {
        var reserved = configuration("http://127.0.0.1:1")
        reserved.extraBody = ["n": 4]
        let remote = configuration("https://models.example.org/v1")
        let dollars = Budget(Caps(nanoDollars: 1))
        let free = configuration("https://models.example.org/v1", price: TokenPrice(input: 0, output: 0))

        let field = try await failure { try client(reserved) }
        let twice = try await failure { try client(remote, remote) }
        let unpriced = try await failure { try client(remote, budget: dollars) }
        let none = try await failure { try client(configuration("http://127.0.0.1:1", places: 0)) }
        _ = try client(free, budget: dollars)

        #expect(field.description == "the extra body of model `teacher` must not set `n`")
        #expect(twice.description == "two models are called `teacher`")
        #expect(unpriced.description == "model `teacher` has no price, so a budget in dollars cannot be kept")
        #expect(none.code == "bad-endpoint")
    }
}
