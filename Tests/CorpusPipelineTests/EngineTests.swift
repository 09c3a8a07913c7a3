import CorpusKit
import CorpusLedger
import CorpusPipeline
import Foundation
import TestSupport
import Testing

@Suite("Engine", .timeLimit(.minutes(5)))
struct EngineTests {
    @Test("Every candidate ends in exactly one state, and the sums add up")
    func sumRule() async throws {
        let run = try TestRun()
        defer { run.remove() }
        let endpoint = ToyEndpoint()
        let (end, report) = try await run.pass(endpoint: endpoint)
        let counts = report.counts

        #expect(end.stop == nil)
        #expect(endpoint.calls == 48)
        #expect(counts.open == 0)
        #expect(counts.failed == ["unreadable-row": 1])
        #expect(counts.exported > 0 && report.pairs > 0)
        // 48 attempts; an attempt that was half good gave a drop and a draft, each a candidate of its own.
        let halves = try await replies(of: "half")
        #expect(counts.candidates == 48 + halves + 1)
        #expect(counts.dropped["refusal"] == (try await replies(of: "refused")))
        #expect(counts.dropped["low-quality"] == (try await replies(of: "none")) + halves)
        let rows = report.files.filter { $0.export == "sft" }.reduce(0) { $0 + $1.rows }
        #expect(rows == counts.exported)
        #expect(try run.ledger().faults() == [])
    }

    @Test(
        "Width and the order of replies change no byte",
        arguments: [(1, 1), (1, 2), (7, 3), (64, 4), (64, 5)]
    )
    func sameBytes(width: Int, shuffle: Int) async throws {
        let reference = try TestRun()
        defer { reference.remove() }
        let run = try TestRun()
        defer { run.remove() }
        _ = try await reference.pass()
        let text = TestRun.recipe.edited("concurrency: 8", to: "concurrency: \(width)")
        let (_, report) = try await run.pass(text, endpoint: ToyEndpoint(shuffle: shuffle))

        #expect(report.counts.exported > 0)
        #expect(try run.exports() == reference.exports())
    }

    @Test("A second pass buys nothing and writes the same bytes")
    func secondPass() async throws {
        let run = try TestRun()
        defer { run.remove() }
        let (_, first) = try await run.pass()
        let before = try run.exports()
        try FileManager.default.removeItem(atPath: run.folder + "/export")
        let endpoint = ToyEndpoint(shuffle: 8)
        let (_, second) = try await run.pass(endpoint: endpoint)

        #expect(endpoint.calls == 0)
        #expect(try run.exports() == before)
        #expect(second.counts == first.counts)
        #expect(second.pairs == first.pairs)
    }

    @Test(
        "Neither a model of the same name above it nor another place of its own buys a model's replies again",
        arguments: [
            (
                "models: { m:",
                "models: { n: { url: \"http://127.0.0.1:8/v1\", model: toy, identity: toy@n }, m:"
            ),
            (
                "models: { m:",
                "models: { n: { url: \"http://127.0.0.1:9/v1\", api: anthropic, model: toy, identity: toy@n }, m:"
            ),
            ("url: \"http://127.0.0.1:9/v1\", model: toy", "url: \"http://127.0.0.1:8/v1\", model: toy"),
            (
                "url: \"http://127.0.0.1:9/v1\", model: toy",
                "url: \"http://127.0.0.1:9/v1\", model: x, identity: toy"
            ),
        ]
    )
    func otherModels(old: String, new: String) async throws {
        let run = try TestRun()
        defer { run.remove() }
        let (_, first) = try await run.pass()
        let before = try run.exports()
        let endpoint = ToyEndpoint()
        let (end, second) = try await run.pass(TestRun.recipe.edited(old, to: new), endpoint: endpoint)

        #expect(end.stop == nil)
        #expect(endpoint.calls == 0)
        #expect(second.counts == first.counts)
        #expect(try run.exports() == before)
    }

    @Test(
        "A pass stopped after any number of calls goes on to the same bytes and buys nothing twice",
        arguments: 1...12
    )
    func interrupted(step: Int) async throws {
        let reference = try TestRun()
        defer { reference.remove() }
        _ = try await reference.pass()
        let run = try TestRun()
        defer { run.remove() }
        let control = RunControl()
        let stopAt = step * 4
        let first = ToyEndpoint(shuffle: step) { number, _ in
            if number == stopAt { control.requestStop(.interrupted) }
        }
        let (end, _) = try await run.pass(endpoint: first, control: control)
        let second = ToyEndpoint(shuffle: step + 100)
        let (done, report) = try await run.pass(endpoint: second)

        #expect(end.stop != nil || first.calls == 48)
        #expect(done.stop == nil)
        #expect(first.calls + second.calls == 48)
        #expect(try run.exports() == reference.exports())
        #expect(report.counts.open == 0)
    }

    @Test("A used-up budget stops new calls, lets paid work end and can be continued")
    func budget() async throws {
        let run = try TestRun()
        defer { run.remove() }
        let poor = ToyEndpoint { number, _ in
            if number > 10 { throw BudgetExhausted("the budget of 10 calls is used up") }
        }
        let (end, _) = try await run.pass(endpoint: poor)
        guard case .budget(let sentence) = end.stop else {
            Issue.record("stopped by \(String(describing: end.stop))")
            return
        }
        #expect(sentence == "the budget of 10 calls is used up")
        let rich = ToyEndpoint()
        let (done, report) = try await run.pass(endpoint: rich)
        #expect(done.stop == nil)
        #expect(rich.calls == 38)
        #expect(report.counts.open == 0)
    }

    @Test("A call that failed is booked as failed, the rest goes on, and the next pass tries it again")
    func failedCall() async throws {
        let run = try TestRun()
        defer { run.remove() }
        let flaky = ToyEndpoint { _, request in
            if request.messages.last?.content == "task 3" {
                throw WorkFailure("transport", "the connection broke")
            }
        }
        let (end, report) = try await run.pass(endpoint: flaky)
        #expect(end.stop == nil)
        #expect(report.counts.failed["transport"] == 4)
        #expect(report.counts.open == 0)

        let reference = try TestRun()
        defer { reference.remove() }
        _ = try await reference.pass()
        let healed = ToyEndpoint()
        let (_, second) = try await run.pass(endpoint: healed)
        #expect(healed.calls == 4)
        #expect(second.counts.failed == ["unreadable-row": 1])
        #expect(try run.exports() == reference.exports())
    }

    @Test("A bad key stops the run at the first call")
    func badKey() async throws {
        let run = try TestRun()
        defer { run.remove() }
        let text = TestRun.recipe.edited("model: m", to: "model: m, width: 1")
        let endpoint = ToyEndpoint { _, _ in
            throw WorkFailure("bad-key", "the key is refused", stopsRun: true)
        }
        let (end, _) = try await run.pass(text, endpoint: endpoint)
        guard case .failure(let failure) = end.stop else {
            Issue.record("stopped by \(String(describing: end.stop))")
            return
        }
        #expect(failure.code == "bad-key")
        #expect(endpoint.calls == 1)
    }

    @Test("Verdicts on groups see every sibling, whatever the order of replies", arguments: 1...4)
    func groups(shuffle: Int) async throws {
        let run = try TestRun()
        defer { run.remove() }
        _ = try await run.pass(endpoint: ToyEndpoint(shuffle: shuffle))
        for text in try run.exports().filter({ $0.key.hasPrefix("sft") }).values {
            for line in text.split(separator: "\n") {
                #expect(line.contains("\"rate\":"))
                #expect(line.contains("\"check\":\"toy-check\"") && line.contains("\"check\":\"toy-unique\""))
            }
        }
    }

    @Test("Editing a later stage redoes it without a call; editing the prompt's model buys anew")
    func edits() async throws {
        let run = try TestRun()
        defer { run.remove() }
        _ = try await run.pass()
        let splits = TestRun.recipe.edited(
            "train: 0.7, test: 0.3",
            to: "train: 0.5, test: 0.5"
        )
        let first = ToyEndpoint()
        _ = try await run.pass(splits, endpoint: first)
        #expect(first.calls == 0)

        let more = TestRun.recipe.edited("count: 12", to: "count: 14")
        let second = ToyEndpoint()
        _ = try await run.pass(more, endpoint: second)
        #expect(second.calls == 8)

        let model = TestRun.recipe.edited("model: toy,", to: "model: toy-2,")
        let third = ToyEndpoint()
        let (_, report) = try await run.pass(model, endpoint: third)
        #expect(third.calls == 48)
        #expect(report.counts.open == 0)
        #expect(try run.ledger().faults() == [])
    }

    @Test("A stage that is redone asks the same questions and buys none of their replies again")
    func redoneStage() async throws {
        let run = try TestRun()
        defer { run.remove() }
        _ = try await run.pass()
        let edited = TestRun.recipe.edited(
            "from: tasks, model: m",
            to: "from: tasks, model: m, when: { source: tasks }"
        )
        let endpoint = ToyEndpoint()
        let (end, report) = try await run.pass(edited, endpoint: endpoint)
        #expect(end.stop == nil)
        #expect(end.figures.reusedCalls == 48)
        #expect(endpoint.calls == 0)
        #expect(report.counts.open == 0)
    }

    @Test(
        "Refused content goes to the fallback, which is paid once and named as the writer; so it stays after a resume",
        arguments: [true, false]
    )
    func fallback(asReply: Bool) async throws {
        let run = try TestRun()
        defer { run.remove() }
        let recipe = TestRun.recipe
            .edited(
                "limits: { concurrency: 8 } }",
                to: "limits: { concurrency: 8 }, fallback: o }, "
                    + "o: { url: \"http://127.0.0.1:8/v1\", model: other, output_terms: apache-2.0 }"
            )
        let refusal: @Sendable (ModelRequest) throws -> EndpointReply? = { request in
            guard request.model == "toy" else { return nil }
            guard asReply else { throw WorkFailure("content-refused", "no") }
            return EndpointReply(
                reply: ModelReply(text: "", finish: .filtered, usage: TokenUsage(input: 3, output: 0)),
                charge: Charge(tokens: 3),
                endpoint: "toy"
            )
        }
        let first = ToyEndpoint(instead: refusal)
        let (end, report) = try await run.pass(recipe, endpoint: first)
        let exports = try run.exports()
        #expect(end.stop == nil && report.counts.open == 0 && report.counts.exported > 0)
        #expect(first.calls == 96 && first.boughtTwice == 0)
        let item = try #require(exports["sft-train.txt"]?.split(separator: "\n").first)
        #expect(item.contains("other"), "\(item)")

        // Another stage digest, the same questions: neither the refusals nor the answers are bought again.
        let second = ToyEndpoint(instead: refusal)
        let again = recipe.edited(
            "from: tasks, model: m",
            to: "from: tasks, model: m, when: { source: tasks }"
        )
        let (_, after) = try await run.pass(again, endpoint: second)
        #expect(second.calls == 0)
        #expect(after.counts == report.counts)
        #expect(try run.ledger().faults() == [])
    }

    @Test(
        "An item that comes by two ways goes on once, with what both found out, whichever was faster",
        arguments: ["verify: toy-label", "select: toy-unique"],
        [false, true]
    )
    func joined(verb: String, slowFirst: Bool) async throws {
        func recipe(_ yields: (Int, Int)) -> String {
            TestRun.withoutPairs.edited(
                "from: rated",
                to: "from: rated, when: { last: right }"
            )
            .edited(
                "verify: toy-rate, from: tested, siblings: tested.fail",
                to: verb + ", from: [left, right]"
            )
            .edited(
                "  tested: { verify: toy-check, from: solved }",
                to: """
                      left: { verify: toy-label, from: solved, options: { label: left, yields: \(yields.0), refuses: 3 } }
                      right: { verify: toy-label, from: solved, options: { label: right, yields: \(yields.1), refuses: 4 } }
                    """
            )
        }
        let reference = try TestRun()
        defer { reference.remove() }
        let run = try TestRun()
        defer { run.remove() }
        let (_, report) = try await reference.pass(recipe((0, 0)))
        let (end, second) = try await run.pass(
            recipe(slowFirst ? (200, 0) : (0, 200)),
            endpoint: ToyEndpoint(shuffle: 3)
        )

        #expect(end.stop == nil)
        #expect(report.counts.open == 0 && report.counts == second.counts)
        #expect(try run.exports() == reference.exports())
        #expect(
            try run.exports().values.contains {
                $0.contains("\"left\":true") && $0.contains("\"right\":true")
            }
        )
    }

    @Test(
        "What is on its way is bounded by the widths, not by the seeds, also behind a step that follows at once",
        arguments: [false, true]
    )
    func frontier(hasFilter: Bool) async throws {
        let run = try TestRun()
        defer { run.remove() }
        var text = TestRun.recipe.edited("count: 12", to: "count: 400")
        if hasFilter {
            text = text.edited(
                "solved: { generate: toy-solve, from: tasks",
                to: "marked: { filter: toy-mark, from: tasks }\n  solved: { generate: toy-solve, from: marked"
            )
        }
        let endpoint = ToyEndpoint()
        var most = 0
        let (end, report) = try await run.pass(
            text,
            endpoint: endpoint,
            progress: { figures in
                most = max(most, figures.seeds * 4 - endpoint.calls)
            }
        )
        #expect(end.stop == nil)
        #expect(endpoint.calls == 1600)
        #expect(report.counts.open == 0)
        #expect(most < 600, "calls that seeds were waiting for")
    }

    @Test("A story leads from the seed over the reply to the verdicts")
    func story() async throws {
        let run = try TestRun()
        defer { run.remove() }
        _ = try await run.pass()
        let line = try #require(
            try run.exports().values.flatMap { $0.split(separator: "\n") }.first { $0.hasPrefix("smp_") }
        )
        let id = String(line.prefix(36))
        let story = try #require(try run.ledger().story(of: id).first)
        #expect(story.count == 2)
        #expect(story[0].draft.parent == nil)
        #expect(story[1].made.calls.count == 1)
        #expect(Set(story[1].judged.map(\.stage)) == ["tested", "rated", "unique", "sft", "pairs"])
    }

    /// How many of the toy model's 48 replies start with a word.
    private func replies(of word: String) async throws -> Int {
        let endpoint = ToyEndpoint()
        var count = 0
        for task in 0..<12 {
            for repetition in 0..<4 {
                let request = ModelRequest(
                    model: "toy",
                    messages: [Message(.user, "task \(task)")],
                    sampling: Sampling(),
                    repetition: repetition
                )
                if try await endpoint.complete(request, for: "m", charged: { _ in }).reply.text.hasPrefix(
                    word
                ) {
                    count += 1
                }
            }
        }
        return count
    }
}
