import CorpusKit
import CorpusLedger
import CorpusPipeline
import TestSupport
import Testing

@Suite("Guesses and bounds of a rehearsal", .timeLimit(.minutes(5)))
struct ForecastTests {
    @Test(
        "What nobody has seen before is estimated by what such units came to, and bounded by the worst case"
    )
    func estimates() async throws {
        let run = try TestRun()
        defer { run.remove() }
        // Every answer passes everything and differs from the others.
        let endpoint = {
            ToyEndpoint(instead: { request in
                EndpointReply(
                    reply: ModelReply(
                        text: "fine \(request.key) 2",
                        usage: TokenUsage(input: 30, output: 10)
                    ),
                    charge: Charge(tokens: 40),
                    endpoint: "toy"
                )
            })
        }
        let text = TestRun.judged.edited(
            "limits: { concurrency: 8 }",
            to:
                "limits: { concurrency: 8 }, price: { input: 100, output: 1000 }, sampling: { max_tokens: 2000 }"
        )
        _ = try await run.pass(text, endpoint: endpoint())
        let edited = text.edited("count: 12", to: "count: 14")
        let forecast = try await run.rehearse(edited)
        let second = endpoint()
        _ = try await run.pass(edited, endpoint: second)

        // Each of eight attempts is asked for, judged, and judged again.
        #expect(second.calls == 24)
        #expect(forecast.bought.least == 8 && forecast.bought.about == 24)
        #expect(try #require(forecast.bought.most) >= 24)
        // 30 tokens at 100 and 10 at 1,000 dollars a million.
        #expect(forecast.total.cost.about == 24 * 13_000_000)
        #expect(forecast.total.tokens == 24 * 40)
        #expect(forecast.roles.map(\.name) == ["m"] && forecast.roles[0].boughtReplies == forecast.bought)
        #expect(try #require(forecast.total.cost.most) > 24 * 13_000_000)
    }

    @Test(
        "Without enough history there are bounds and no guess; without a price no cost, which is not nothing"
    )
    func noHistory() async throws {
        let run = try TestRun()
        defer { run.remove() }
        let text = TestRun.judged.edited("count: 12", to: "count: 1")
        _ = try await run.pass(text)
        let forecast = try await run.rehearse(text.edited("count: 1", to: "count: 2"))

        #expect(forecast.bought.least == 4 && forecast.bought.about == nil)
        // Four attempts, each judged twice, and what waits at the selector already.
        #expect(forecast.bought.most == 4 + 4 + 4 + 1)
        #expect(forecast.total.cost.about == nil && forecast.total.cost.most == nil)
        #expect(!forecast.isExact)
    }

    @Test("A model that is new is expected to take as many tokens as the one before it, at its own price")
    func newModel() async throws {
        let run = try TestRun()
        defer { run.remove() }
        _ = try await run.pass()
        let edited = TestRun.recipe.edited(
            "model: toy, limits: { concurrency: 8 }",
            to: "model: other, limits: { concurrency: 8 }, price: { input: 2, output: 3 }"
        )
        let forecast = try await run.rehearse(edited)

        #expect(forecast.bought == Expected(48))
        // 3 tokens at 2 and 2 at 3 dollars a million.
        #expect(forecast.total.cost.about == 48 * 12_000)
    }

    @Test(
        "With a target the sources are known to be read to the first lack, and then go by what samples took so far"
    )
    func target() async throws {
        let run = try TestRun()
        defer { run.remove() }
        let endpoint = {
            ToyEndpoint(instead: { request in
                let asked = (request.messages.last?.content ?? "") + " \(request.repetition)"
                var random = RandomStream(seed: 9, purpose: [asked])
                return EndpointReply(
                    reply: ModelReply(text: "fine \(random.below(5_000))"),
                    charge: Charge(tokens: 5),
                    endpoint: "toy"
                )
            })
        }
        let text = TestRun.recipe.edited("count: 12, broken: 1", to: "count: 300")
            .edited("budget:", to: "target: { accepted: 60 }\nbudget:")
        let first = endpoint()
        _ = try await run.pass(text, endpoint: first)
        let same = try await run.rehearse(text)
        let other = try await run.rehearse(text.edited("model: toy,", to: "model: other,"))
        let larger = text.edited("accepted: 60", to: "accepted: 90")
        let more = try await run.rehearse(larger)
        let second = endpoint()
        let (end, _) = try await run.pass(larger, endpoint: second)

        #expect(end.stop == nil && first.calls < 1200)
        #expect(same.isExact && same.bought == Expected(0) && !same.isOpenEnded)
        #expect(same.total.reusedReplies == Expected(first.calls))
        // The first wave has 32 rows.
        #expect(other.isOpenEnded && other.bought.least == 128 && other.bought.about == first.calls)
        #expect(try #require(other.bought.most) >= 1200)
        #expect(more.bought.least <= second.calls)
        #expect(try #require(more.bought.most) >= second.calls)
        let about = try #require(more.bought.about)
        #expect(about <= second.calls * 2 && second.calls <= about * 2)
    }

    @Test(
        "Whatever is edited, the next pass stays within the bounds, and is then all there",
        arguments: 1...12
    )
    func bounds(seed: Int) async throws {
        let run = try TestRun()
        defer { run.remove() }
        var random = RandomStream(seed: seed, purpose: ["edits"])
        func pick(_ texts: String...) -> String { texts[random.below(texts.count)] }
        func recipe() -> String {
            TestRun.judged.edited("count: 12", to: "count: \(4 + random.below(9))")
                .edited(
                    "generate: toy-solve, from: tasks, model: m",
                    to: pick(
                        "generate: toy-solve, from: tasks, model: m, options: { attempts: 3 }",
                        "generate: toy-solve, from: tasks, model: m, options: { attempts: 5 }",
                        "generate: toy-stubborn, from: tasks, model: m, options: { salt: c }",
                        "generate: toy-stubborn, from: tasks, model: m, options: { salt: d }"
                    )
                )
                .edited("salt: a", to: "salt: \(pick("a", "b"))")
                .edited("salt: z", to: "salt: \(pick("a", "y"))")
                .edited(
                    "unique: { select: toy-unique, from: judged }",
                    to: pick(
                        "unique: { select: toy-unique, from: judged }",
                        "unique: { filter: toy-mark, from: judged }"
                    )
                )
                .edited("model: toy,", to: "model: \(pick("toy", "toy", "other")),")
        }
        _ = try await run.pass(recipe())
        for _ in 0..<2 {
            let text = recipe()
            let forecast = try await run.rehearse(text)
            let endpoint = ToyEndpoint(shuffle: seed)
            let (end, _) = try await run.pass(text, endpoint: endpoint)
            let after = try await run.rehearse(text)
            let reused = after.total.reusedReplies.least - endpoint.calls

            #expect(end.stop == nil)
            #expect(forecast.bought.least <= endpoint.calls, "\(text)")
            #expect(try #require(forecast.bought.most) >= endpoint.calls, "\(text)")
            #expect(forecast.total.reusedReplies.least <= reused, "\(text)")
            #expect(try #require(forecast.total.reusedReplies.most) >= reused, "\(text)")
            #expect(after.isExact && after.bought == Expected(0))
        }
    }
}
