import CorpusKit
import CorpusLedger
import CorpusPipeline
import Foundation
import TestSupport
import Testing

@Suite("Rehearsals", .timeLimit(.minutes(5)))
struct RehearsalTests {
    /// An edit of a recipe between two passes.
    struct Edit: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var edited: @Sendable (String) -> String

        init(_ name: String, _ edited: @escaping @Sendable (String) -> String = { $0 }) {
            (testDescription, self.edited) = (name, edited)
        }
    }

    static let edits = [
        Edit("nothing"),
        Edit("a threshold") {
            $0.edited("verify: toy-rate", to: "verify: toy-rate, options: { fault: skip }")
        },
        Edit("an export") { $0.edited("train: 0.7, test: 0.3", to: "train: 0.5, test: 0.5") },
        Edit("what an export refuses") {
            $0.edited(
                "write: toy-write, from: unique",
                to: "write: toy-write, from: unique, options: { refuses: 2 }"
            )
        },
        Edit("the model") { $0.edited("model: toy,", to: "model: other,") },
        Edit("seeds added") { $0.edited("count: 12", to: "count: 15") },
        Edit("seeds removed") { $0.edited("count: 12", to: "count: 7") },
        Edit("seeds moved to other lines") { $0.edited("count: 12", to: "count: 12, line: 9") },
        Edit("more attempts") {
            $0.edited("from: tasks, model: m", to: "from: tasks, model: m, options: { attempts: 6 }")
        },
        Edit("fewer attempts") {
            $0.edited("from: tasks, model: m", to: "from: tasks, model: m, options: { attempts: 3 }")
        },
        Edit("a question in other words") {
            $0.edited("from: tasks, model: m", to: "from: tasks, model: m, options: { again: true }")
        },
        Edit("a stage added") {
            $0.edited("  rated:", to: "  marked: { filter: toy-mark, from: tested }\n  rated:")
                .edited("from: tested, siblings", to: "from: marked, siblings")
        },
        Edit("a stage removed") {
            $0.edited("  unique: { select: toy-unique, from: rated }\n", to: "").replacing(
                "unique",
                with: "rated"
            )
        },
        Edit("a width and a price") {
            $0.edited("concurrency: 8 }", to: "concurrency: 3 }, price: { input: 1, output: 1 }")
                .edited("from: tasks, model: m", to: "from: tasks, model: m, width: 2")
        },
    ]

    @Test(
        "What a rehearsal foretells is what the next pass does, and after it there is nothing more to do",
        arguments: edits
    )
    func foretells(edit: Edit) async throws {
        let run = try TestRun()
        defer { run.remove() }
        _ = try await run.pass()
        let text = edit.edited(TestRun.recipe)
        let before = try run.bytes()
        let forecast = try await run.rehearse(text)
        let untouched = try run.bytes() == before
        let endpoint = ToyEndpoint(shuffle: 2)
        let (end, report) = try await run.pass(text, endpoint: endpoint)
        let after = try await run.rehearse(text)

        #expect(end.stop == nil && untouched)
        #expect(forecast.bought.least <= endpoint.calls && endpoint.calls <= forecast.bought.most ?? 0)
        #expect(forecast.bought.isExact || edit.testDescription == "a question in other words")
        let needed = report.stages.reduce(0) { $0 + $1.calls }
        #expect(forecast.total.reusedReplies.least == needed - endpoint.calls)
        #expect(forecast.stages.map(\.name) == ["tasks"] + report.stages.dropFirst().map(\.name))
        #expect(after.isExact && after.bought == Expected(0))
        #expect(after.total.reusedReplies == Expected(needed))
        #expect(after.total.units.redone == Expected(0) && after.total.units.new == Expected(0))
        let units = report.stages.reduce(0) { $0 + $1.units.values.reduce(0, +) }
        #expect(after.total.units.reused == Expected(units))
    }

    @Test("Where an earlier pass was stopped, the rest is foretold")
    func stopped() async throws {
        let run = try TestRun()
        defer { run.remove() }
        let control = RunControl()
        let first = ToyEndpoint(fails: { number, _ in if number == 9 { control.requestStop(.interrupted) } })
        _ = try await run.pass(endpoint: first, control: control)
        let forecast = try await run.rehearse()
        let second = ToyEndpoint()
        _ = try await run.pass(endpoint: second)

        #expect(first.calls < 48 && second.calls == 48 - first.calls)
        #expect(forecast.bought == Expected(second.calls))
        #expect(forecast.total.reusedReplies == Expected(first.calls))
    }

    @Test("Units that failed are done again, and count as such")
    func failed() async throws {
        let run = try TestRun()
        defer { run.remove() }
        _ = try await run.pass(
            endpoint: ToyEndpoint(fails: { number, _ in
                if number % 6 == 0 { throw WorkFailure("transport", "broken") }
            })
        )
        let forecast = try await run.rehearse()
        let second = ToyEndpoint()
        _ = try await run.pass(endpoint: second)

        #expect(second.calls == 8)
        #expect(forecast.bought == Expected(8))
        let solved = try #require(forecast.stages.first { $0.name == "solved" })
        #expect(solved.work.units.redone == Expected(8) && solved.work.units.reused == Expected(40))
    }

    @Test("A plug-in that goes on without a reply does not count as knowing what it would do")
    func stubborn() async throws {
        let run = try TestRun()
        defer { run.remove() }
        let text = TestRun.withoutPairs.edited("generate: toy-solve", to: "generate: toy-stubborn")
        _ = try await run.pass(text)
        let edited = text.edited("from: tasks, model: m", to: "from: tasks, model: m, options: { salt: new }")
        let forecast = try await run.rehearse(edited)
        let endpoint = ToyEndpoint()
        _ = try await run.pass(edited, endpoint: endpoint)

        #expect(endpoint.calls == 12)
        #expect(forecast.bought.least == 12 && forecast.bought.most == 24)
        #expect(forecast.total.reusedReplies.least == 0 && forecast.total.reusedReplies.most == 12)
    }

    @Test(
        "What waits for something unknown is likely at best: behind a group its own tasks, behind a selector everything"
    )
    func gates() async throws {
        let run = try TestRun()
        defer { run.remove() }
        let text = TestRun.judged
        _ = try await run.pass(text)
        let seeds = try await run.rehearse(text.edited("count: 12", to: "count: 13"))
        let attempts = try await run.rehearse(
            text.edited("from: tasks, model: m", to: "from: tasks, model: m, options: { attempts: 5 }")
        )
        func reused(_ forecast: Forecast, _ stage: String) throws -> Expected {
            try #require(forecast.stages.first { $0.name == stage }).work.reusedReplies
        }

        let inGroup = try reused(seeds, "judged")
        #expect(inGroup.isExact == false && inGroup.least == inGroup.about)
        let inAll = try reused(seeds, "late")
        let unedited = try reused(try await run.rehearse(text), "late")
        #expect(inAll.least == 0 && inAll.about == unedited.least)
        #expect(try reused(attempts, "judged").least == 0)
        #expect(try reused(attempts, "judged").about == inGroup.about)
        #expect(try reused(attempts, "solved") == Expected(48))
    }

    @Test(
        "A verdict that is not there yet is taken to be as it was, so that what follows is found on the ledger"
    )
    func precedents() async throws {
        let run = try TestRun()
        defer { run.remove() }
        let endpoint = { ToyEndpoint(instead: Self.judge) }
        let text = TestRun.judged
        let (_, before) = try await run.pass(text, endpoint: endpoint())
        let edited = text.edited("options: { salt: a }", to: "options: { salt: b }")
        let forecast = try await run.rehearse(edited)
        let second = endpoint()
        let (_, after) = try await run.pass(edited, endpoint: second)

        let judged = try #require(forecast.stages.first { $0.name == "judged" }).work
        #expect(judged.boughtReplies == Expected(second.calls))
        #expect(forecast.total.boughtReplies.about == second.calls)
        #expect(forecast.total.boughtReplies.least == second.calls)
        let late = try #require(forecast.stages.first { $0.name == "late" }).work
        let calls = after.stages.first { $0.name == "late" }?.calls
        #expect(late.reusedReplies.least == 0 && late.reusedReplies.about == calls)
        #expect(
            late.units.redone.about == before.stages.first { $0.name == "late" }?.units.values.reduce(0, +)
        )
    }

    @Test("Attempts that one request would bring are foretold one by one")
    func together() async throws {
        let run = try TestRun()
        defer { run.remove() }
        let text = TestRun.recipe.edited(
            "limits: { concurrency: 8 }",
            to: "limits: { concurrency: 8 }, samples_per_call: 4"
        )
        _ = try await run.pass(text)
        let forecast = try await run.rehearse(text.edited("count: 12", to: "count: 14"))

        #expect(forecast.bought == Expected(8))
        #expect(forecast.total.reusedReplies == Expected(48))
    }

    @Test("A refusal that is on the ledger is not asked for again, and a fallback's reply counts as one more")
    func fallback() async throws {
        let run = try TestRun()
        defer { run.remove() }
        let text = TestRun.recipe.edited(
            "models: { m: { url: \"http://127.0.0.1:9/v1\", model: toy, limits: { concurrency: 8 } } }",
            to:
                "models: { m: { url: \"http://127.0.0.1:9/v1\", model: toy, fallback: f }, f: { url: \"http://127.0.0.1:9/v1\", model: spare } }"
        )
        let endpoint = {
            ToyEndpoint(fails: { _, request in
                let isOdd =
                    request.messages.last?.content.last?.wholeNumberValue.map { !$0.isMultiple(of: 2) }
                    ?? false
                if request.model == "toy", isOdd { throw WorkFailure("content-refused", "no") }
            })
        }
        _ = try await run.pass(text, endpoint: endpoint())
        let same = try await run.rehearse(text)
        let edited = text.edited("count: 12", to: "count: 14")
        let more = try await run.rehearse(edited)
        let second = endpoint()
        _ = try await run.pass(edited, endpoint: second)

        #expect(same.isExact && same.bought == Expected(0))
        #expect(second.calls == 12)
        #expect(more.bought.least == 8 && more.bought.about == 12 && more.bought.most == 16)
    }

    @Test("Vectors are foretold as replies are, each once")
    func vectors() async throws {
        let run = try TestRun()
        defer { run.remove() }
        let text = TestRun.withoutPairs.edited("model: toy,", to: "model: toy, api: openai-embeddings,")
            .edited("generate: toy-solve", to: "generate: toy-vectors")
        let endpoint = {
            ToyEndpoint(instead: { _ in
                var reply = ModelReply(text: "")
                reply.vectors = [[1, 2], [3, 4]]
                return EndpointReply(reply: reply, charge: Charge(tokens: 5), endpoint: "toy")
            })
        }
        _ = try await run.pass(text, endpoint: endpoint())
        let edited = text.edited("count: 12", to: "count: 15")
        let forecast = try await run.rehearse(edited)
        let second = endpoint()
        _ = try await run.pass(edited, endpoint: second)

        #expect(second.calls == 3)
        #expect(forecast.bought == Expected(3) && forecast.total.reusedReplies == Expected(12))
    }

    @Test("Programs are not run: those on the ledger are reused, the others counted once each")
    func executions() async throws {
        let run = try TestRun()
        defer { run.remove() }
        let tested = TestRun.withoutPairs.edited(
            "verify: toy-check, from: solved",
            to: "verify: toy-run, from: solved, options: { note: one }"
        )
        _ = try await run.pass()
        let idle = ToySandbox()
        let none = try await run.rehearse(tested, sandbox: idle)
        let first = ToySandbox()
        _ = try await run.pass(tested, sandbox: first)
        let all = try await run.rehearse(tested.edited("note: one", to: "note: two"), sandbox: idle)
        let second = ToySandbox()
        _ = try await run.pass(tested.edited("note: one", to: "note: two"), sandbox: second)

        #expect(idle.runs == 0 && first.runs > 0 && second.runs == 0)
        #expect(none.total.newExecutions.least == first.runs && none.total.newExecutions.most == nil)
        #expect(none.bought == Expected(0))
        #expect(all.isExact && all.total.newExecutions == Expected(0))
        #expect(all.total.reusedExecutions == Expected(first.runs))
    }

    @Test("A reply that a batch brought and no stage has asked for is on the ledger too")
    func unclaimed() async throws {
        let run = try TestRun()
        defer { run.remove() }
        _ = try await run.pass()
        try run.tamper(
            "UPDATE call SET stage = NULL; DELETE FROM item WHERE stage = (SELECT id FROM stage WHERE name = 'solved')"
        )
        let forecast = try await run.rehearse()

        #expect(forecast.isExact && forecast.bought == Expected(0))
        #expect(forecast.total.reusedReplies == Expected(48))
    }

    @Test("What would stop the pass stops its rehearsal, in the same words")
    func stops() async throws {
        let run = try TestRun()
        defer { run.remove() }
        _ = try await run.pass()
        _ = try Ledger.maintain(path: run.folder + "/ledger.sqlite").drop(.all)
        let edited = TestRun.recipe.edited(
            "from: tasks, model: m",
            to: "from: tasks, model: m, options: { again: true }"
        )
        let problem = await #expect(throws: LedgerProblem.self) { try await run.rehearse(edited) }
        let stopped = try await run.pass(edited).end

        #expect(problem?.code == .dropped)
        guard case .ledger(let same) = stopped.stop else {
            Issue.record("the pass did not stop")
            return
        }
        #expect(same == problem)
    }

    /// Judges by the answer alone, whatever the question is salted with.
    private static let judge: @Sendable (ModelRequest) -> EndpointReply? = { request in
        guard let question = request.messages.last?.content, question.hasPrefix("judge ") else { return nil }
        let verdict = question.contains("fine 2") || question.contains("fine 6") ? "1" : "2"
        return EndpointReply(
            reply: ModelReply(text: "fine \(verdict)", usage: TokenUsage(input: 3, output: 2)),
            charge: Charge(tokens: 5),
            endpoint: "toy"
        )
    }
}
