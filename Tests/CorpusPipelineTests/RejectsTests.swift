import CorpusKit
import CorpusLedger
import CorpusPipeline
import TestSupport
import Testing

@Suite("Rejects", .timeLimit(.minutes(5)))
struct RejectsTests {
    /// Recipes that together end candidates in every way there is.
    static let recipes: [String: String] = [
        "rows, drops inside units, verdicts, a selector": TestRun.withoutPairs.edited(
            "broken: 1",
            to: "broken: 2, refused: 3"
        ),
        "pairs": TestRun.recipe,
        "no reader": TestRun.recipe.edited(
            "from: tasks, model: m",
            to: "from: tasks, model: m, when: { kind: x }"
        ),
        "a drop and an end in one unit": TestRun.recipe.edited(
            "from: tasks, model: m",
            to: "from: tasks, model: m, options: { again: true }"
        ),
        "a group that fails": TestRun.recipe.edited(
            "verify: toy-rate, ",
            to: "verify: toy-rate, options: { fault: fail }, "
        ),
        "a group that is skipped": TestRun.recipe.edited(
            "verify: toy-rate, ",
            to: "verify: toy-rate, options: { fault: skip }, "
        ),
        "rows that an export refuses": TestRun.withoutPairs.edited(
            "write: toy-write, from: unique",
            to: "write: toy-write, from: unique, options: { refuses: 2 }"
        ),
        "two ways, one of which refuses": TestRun.withoutPairs.edited(
            "  rated:  { verify: toy-rate, from: tested, siblings: tested.fail }",
            to:
                "  side: { verify: toy-label, from: solved }\n  rated: { verify: toy-label, from: [tested, side] }"
        ).edited("write: toy-write, from: unique", to: "write: toy-write, from: [unique, tested]"),
    ]

    private func rejects(of run: TestRun, _ filter: RejectFilter = RejectFilter()) throws -> [Reject] {
        try run.ledger().rejects { reader in
            var found: [Reject] = []
            try reader.forEach(matching: filter) { found.append(try reader.reject(at: $0)) }
            return found
        }
    }

    private func tally(_ rejects: [Reject], failed: Bool) -> [String: Int] {
        rejects.filter { $0.place.isFailure == failed }.reduce(into: [:]) {
            $0[$1.place.reason, default: 0] += 1
        }
    }

    @Test(
        "There are as many rejects as the report counts, by state and reason, and each has a story",
        arguments: recipes.keys.sorted()
    )
    func sums(name: String) async throws {
        let run = try TestRun()
        defer { run.remove() }
        let text = try #require(Self.recipes[name])
        let flaky = ToyEndpoint { _, request in
            if request.messages.last?.content.hasSuffix("task 3") == true, request.repetition == 1 {
                throw WorkFailure("endpoint-refused", "the endpoint refused the request")
            }
        }
        // The second pass tries again what failed, and only its outcomes count.
        for endpoint in [flaky, ToyEndpoint()] {
            let (end, report) = try await run.pass(text, endpoint: endpoint)
            let found = try rejects(of: run)

            #expect(end.stop == nil)
            #expect(tally(found, failed: false) == report.counts.dropped)
            #expect(tally(found, failed: true) == report.counts.failed)
            #expect(Set(found.map(\.place.key)).count == found.count)
            for reject in found {
                guard let id = reject.id else {
                    #expect(reject.place.stage.verb == "read")
                    continue
                }
                let steps = try run.ledger().story(of: id).joined().flatMap { $0.judged + [$0.made] }
                #expect(steps.contains { $0.reason == reject.place.reason }, "\(reject)")
            }
            var faults: [LedgerFault] = []
            let check = try run.ledger().verify { faults.append($0) }
            #expect(faults == [] && check.faults == 0)
        }
    }

    @Test("A run that was stopped in its middle has the rejects that its report counts so far")
    func stopped() async throws {
        let run = try TestRun()
        defer { run.remove() }
        let control = RunControl()
        let endpoint = ToyEndpoint { number, _ in if number == 20 { control.requestStop(.interrupted) } }
        let (end, report) = try await run.pass(TestRun.recipe, endpoint: endpoint, control: control)
        let found = try rejects(of: run)

        #expect(end.stop != nil)
        #expect(found.count > 0 && tally(found, failed: false) == report.counts.dropped)
        #expect(tally(found, failed: true) == report.counts.failed)
    }

    @Test("Filters of one kind widen each other, and those of different kinds narrow")
    func filters() async throws {
        let run = try TestRun()
        defer { run.remove() }
        _ = try await run.pass(TestRun.recipe.edited("count: 12", to: "count: 12, label: easy, refused: 1"))
        let all = try rejects(of: run)
        func expect(_ change: (inout RejectFilter) -> Void, _ fits: (Reject) -> Bool) throws {
            var filter = RejectFilter()
            change(&filter)
            let found = try rejects(of: run, filter).map(\.place.key)
            #expect(found == all.filter(fits).map(\.place.key), "\(filter)")
        }

        try expect {
            $0.reasons = ["licence", "low-quality"]
        } _: {
            ["licence", "low-quality"].contains($0.place.reason)
        }
        try expect {
            $0.stages = ["unique"]
        } _: {
            $0.place.stage.name == "unique"
        }
        try expect {
            $0.isFailure = true
        } _: {
            $0.place.reason == "unreadable-row"
        }
        try expect {
            $0.isFailure = false
            $0.stages = ["tasks"]
        } _: {
            $0.place.reason == "licence"
        }
        try expect {
            $0.sources = ["tasks"]
        } _: { _ in
            true
        }
        try expect {
            $0.sources = ["other"]
        } _: { _ in
            false
        }
        try expect {
            $0.labels = [.init(name: "kind", value: "easy")]
        } _: {
            $0.id != nil
        }
        try expect {
            $0.labels = [.init(name: "kind", value: "hard")]
        } _: { _ in
            false
        }
        try expect {
            $0.labels = [.init(name: "even", value: "true")]
        } _: {
            $0.labels["even"] == true
        }
        try expect {
            $0.text = "half 3"
        } _: {
            $0.texts.contains { $0.text.contains("half 3") }
        }
        try expect {
            $0.text = "not JSON"
        } _: {
            $0.place.reason == "unreadable-row"
        }
        #expect(all.contains { $0.labels["even"] == true && $0.place.reason == "exact-duplicate" })
    }

    @Test("A reject says what it lost to, where it comes from, what it says and what it cost")
    func facts() async throws {
        let run = try TestRun()
        defer { run.remove() }
        let priced = ToyEndpoint(instead: { request in
            guard request.messages.last?.content == "task 3" else { return nil }
            let text = request.repetition == 0 ? "half 3" : "fine 4"
            return EndpointReply(
                reply: ModelReply(text: text),
                charge: Charge(tokens: 5, cost: 7),
                endpoint: "toy"
            )
        })
        _ = try await run.pass(TestRun.recipe, endpoint: priced)
        let all = try rejects(of: run)
        let duplicates = all.filter { $0.place.reason == "exact-duplicate" }
        let half = all.filter { $0.texts.first?.text == "half 3" && $0.cost == 7 }
        let drop = try #require(half.first { $0.texts.first?.place == "dropped" })
        let odd = try #require(half.first { $0.place.reason == "test-failed" })
        let refused = try #require(all.first { $0.place.reason == "refusal" })

        #expect(duplicates.count > 0)
        for duplicate in duplicates {
            let rival = try #require(duplicate.rival)
            #expect(try !run.ledger().story(of: rival).isEmpty)
        }
        #expect(drop.place.reason == "low-quality" && drop.calls == 1 && drop.detail == [:])
        #expect(drop.origin.description == "toy:4" && drop.licence == "MIT")
        #expect(odd.calls == 1 && odd.summary == "odd" && odd.evidence.map(\.check) == ["toy-check"])
        #expect(
            refused.texts.first?.place == "reply" && refused.texts.first?.text.hasPrefix("refused") == true
        )
        #expect(all.first?.id == nil && all.first?.origin.source == "tasks")
    }
}
