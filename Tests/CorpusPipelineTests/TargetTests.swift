import CorpusConfig
import CorpusKit
import CorpusLedger
import Foundation
import TestSupport
import Testing

@testable import CorpusPipeline

@Suite("Targets", .timeLimit(.minutes(5)))
struct TargetTests {
    /// The toy recipe with a target over many tasks of some kinds; the fewer words, the more answers are equal.
    private static func recipe(_ target: String, tasks: Int = 300, kinds: Int = 3) -> String {
        TestRun.recipe.edited("count: 12, broken: 1", to: "count: \(tasks), kinds: \(kinds)")
            .edited("budget:", to: "target: \(target)\nbudget:")
    }

    private static let strata = "{ accepted: 30, strata: { kind: { k0: 0.5, k1: 0.3, k2: 0.2 } } }"

    private static func endpoint(shuffle: Int = 0, words: Int = 5_000) -> ToyEndpoint {
        ToyEndpoint(
            shuffle: shuffle,
            instead: { request in
                var random = RandomStream(
                    seed: 9,
                    purpose: [request.messages.last?.content ?? "", String(request.repetition)]
                )
                return EndpointReply(
                    reply: ModelReply(
                        text: "fine \(random.below(words))",
                        usage: TokenUsage(input: 3, output: 2)
                    ),
                    charge: Charge(tokens: 5),
                    endpoint: "toy"
                )
            }
        )
    }

    @Test(
        "A run gives exactly as many samples as its target asks for, and accounts for all others",
        arguments: [1, 7, 40, 150]
    )
    func exact(accepted: Int) async throws {
        let run = try TestRun()
        defer { run.remove() }
        let endpoint = Self.endpoint()
        let (end, report) = try await run.pass(Self.recipe("{ accepted: \(accepted) }"), endpoint: endpoint)
        let rows = report.files.filter { $0.export == "sft" }.reduce(0) { $0 + $1.rows }
        let target = try #require(report.target)

        #expect(end.stop == nil && report.counts.open == 0)
        #expect(rows == accepted && report.counts.exported == accepted)
        #expect(target.at == "unique" && target.chosen == accepted && target.cells.map(\.name) == ["all"])
        #expect(report.counts.dropped["beyond-target"] == target.cells[0].surplus)
        #expect(target.rows < 300 && endpoint.calls == 4 * target.rows)
        #expect(try run.ledger().faults() == [])
        var faults: [LedgerFault] = []
        _ = try run.ledger().verify { faults.append($0) }
        #expect(faults == [])
    }

    @Test(
        "Each cell gets its share, and the order of arrival and the width change no byte",
        arguments: [(1, 1), (7, 2), (64, 3)]
    )
    func sameBytes(width: Int, shuffle: Int) async throws {
        let (reference, run) = (try TestRun(), try TestRun())
        defer {
            reference.remove()
            run.remove()
        }
        let first = Self.endpoint(words: 400)
        let (_, before) = try await reference.pass(Self.recipe(Self.strata), endpoint: first)
        let text = Self.recipe(Self.strata).edited("concurrency: 8", to: "concurrency: \(width)")
        let second = Self.endpoint(shuffle: shuffle, words: 400)
        let (end, report) = try await run.pass(text, endpoint: second)
        let target = try #require(report.target)

        #expect(end.stop == nil)
        #expect(target.cells.map(\.chosen) == [15, 9, 6] && target.cells.map(\.quota) == [15, 9, 6])
        #expect(report.counts.dropped["exact-duplicate"] ?? 0 > 0)
        #expect(try run.exports() == reference.exports())
        #expect(report.counts == before.counts && report.target == before.target)
        #expect(first.calls == second.calls)
    }

    @Test(
        "A run that is stopped anywhere and started again ends with the same samples and buys nothing twice",
        arguments: 0..<8
    )
    func stopped(number: Int) async throws {
        let (reference, run) = (try TestRun(), try TestRun())
        defer {
            reference.remove()
            run.remove()
        }
        let text = Self.recipe(Self.strata)
        let undisturbed = Self.endpoint()
        _ = try await reference.pass(text, endpoint: undisturbed)
        var calls = 0
        var stops = 0
        while true {
            let control = RunControl()
            let endpoint = Self.endpoint(shuffle: number + stops)
            let most = 10 + 11 * number
            let (end, _) = try await run.pass(
                text,
                endpoint: endpoint,
                control: control,
                progress: { _ in if endpoint.calls >= most { control.requestStop(.interrupted) } }
            )
            calls += endpoint.calls
            guard end.stop != nil else { break }
            stops += 1
            try #require(stops < 100)
        }

        #expect(stops > 0)
        #expect(calls == undisturbed.calls)
        #expect(try run.exports() == reference.exports())
    }

    @Test("What belongs to a full cell is not paid for, and an open cell says what it lost")
    func openCell() async throws {
        let (run, plain) = (try TestRun(), try TestRun())
        defer {
            run.remove()
            plain.remove()
        }
        let target = "{ accepted: 20, strata: { kind: { k0: 0.5, k7: 0.5 } } }"
        // One task in a hundred is of the other kind.
        let text = Self.recipe(target, tasks: 200, kinds: 100)
        let endpoint = Self.endpoint()
        let (end, report) = try await run.pass(text, endpoint: endpoint)
        let result = try #require(report.target)
        let cells = result.cells

        #expect(end.stop == nil && report.counts.open == 0)
        #expect(result.rows == 200)
        #expect(cells.map(\.name) == ["k0", "k7"] && cells.map(\.quota) == [10, 10])
        #expect(cells.allSatisfy { $0.chosen < 10 && $0.chosen > 0 && $0.surplus == 0 })
        #expect(cells[1].losses["test-failed"] ?? 0 > 0)
        // 98 of a hundred kinds are of no use, and nobody was asked about them.
        #expect(result.outside == 4 * 196 && report.counts.dropped["outside-strata"] == result.outside)
        #expect(endpoint.calls == 4 * 4)

        // All of one kind, and the other never comes.
        let other = "{ accepted: 20, strata: { kind: { k0: 0.5, k9: 0.5 } } }"
        let spared = Self.endpoint()
        let (_, second) = try await plain.pass(Self.recipe(other, tasks: 200, kinds: 1), endpoint: spared)
        let full = try #require(second.target?.cells.first)
        #expect(full.chosen == 10 && full.spared > 0)
        #expect(second.counts.dropped["cell-full"] == full.spared)
        #expect(spared.calls + full.spared == 4 * 200)
        #expect(second.target?.cells[1].losses == [:])
    }

    @Test(
        "Whatever a run was before, with a target it gives what a new run would, and what was spared is taken up again",
        arguments: ["{ accepted: 10, strata: { kind: { k0: 0.1, k2: 0.9 } } }", "none"]
    )
    func changedTarget(before: String) async throws {
        let (reference, run) = (try TestRun(), try TestRun())
        defer {
            reference.remove()
            run.remove()
        }
        let target = "{ accepted: 30, strata: { kind: { k0: 0.1, k1: 0.9 } } }"
        let text = Self.recipe(target)
        let first = before == "none" ? text.edited("target: \(target)\n", to: "") : Self.recipe(before)
        let undisturbed = Self.endpoint()
        let (_, expected) = try await reference.pass(text, endpoint: undisturbed)
        let endpoint = Self.endpoint()
        let (one, _) = try await run.pass(first, endpoint: endpoint)
        let (two, report) = try await run.pass(text, endpoint: endpoint)

        #expect(one.stop == nil && two.stop == nil && report.counts.open == 0)
        #expect(report.counts == expected.counts && report.target == expected.target)
        #expect(expected.counts.dropped["cell-full"] ?? 0 > 0)
        #expect(try run.exports() == reference.exports())
        // Nothing that the first one bought is bought again.
        #expect(before != "none" || endpoint.calls == 1200)
    }

    @Test("A cell that a later stage may still change spares nothing")
    func unsettled() async throws {
        let run = try TestRun()
        defer { run.remove() }
        let target = "{ accepted: 20, strata: { even: { \"true\": 0.5, \"false\": 0.5 } } }"
        let endpoint = Self.endpoint()
        let (_, report) = try await run.pass(Self.recipe(target, tasks: 60), endpoint: endpoint)

        #expect(endpoint.calls == 240)
        #expect(report.counts.dropped["cell-full"] == nil)
        #expect(report.target?.cells.map(\.chosen) == [10, 0])
    }

    @Test("A plug-in that sets a label of the target without saying so in its manifest stops the run")
    func undeclared() async throws {
        let run = try TestRun()
        defer { run.remove() }
        let text = Self.recipe("{ accepted: 20, strata: { kind: { k0: 1 } } }", kinds: 1)
            .edited(
                "  rated:",
                to: "  marked: { verify: toy-label, from: tested, options: { label: kind } }\n  rated:"
            )
            .edited("from: tested, siblings", to: "from: marked, siblings")
        let (end, _) = try await run.pass(text, endpoint: Self.endpoint())
        guard case .failure(let failure) = end.stop else {
            Issue.record("it went on: \(String(describing: end.stop))")
            return
        }
        #expect(
            failure.code == "plugin-error"
                && failure.description.contains("`toy-label` set the label `kind`")
        )
    }

    @Test("A target changes no digest of what stands behind it, so that adding one buys nothing again")
    func added() async throws {
        let run = try TestRun()
        defer { run.remove() }
        let text = Self.recipe("{ accepted: 7 }", tasks: 40)
        let without = text.edited("target: { accepted: 7 }\n", to: "")
        _ = try await run.pass(without, endpoint: Self.endpoint())
        let endpoint = Self.endpoint()
        let (end, report) = try await run.pass(text, endpoint: endpoint)

        #expect(end.stop == nil && endpoint.calls == 0)
        #expect(report.counts.exported == 7)
        #expect(
            try TestRun.plan(without).nodes.map(\.digest)
                == TestRun.plan(text).nodes.filter { !$0.isTarget }.map(\.digest)
        )
    }

    @Test("Quotas are whole, add up, and are less than one sample off their share", arguments: 0..<50)
    func quotas(number: Int) throws {
        var random = RandomStream(seed: number, purpose: ["quotas"])
        let sizes = (0..<1 + random.below(3)).map { _ in 1 + random.below(5) }
        let strata = sizes.enumerated().map { index, size in
            let weights = (0..<size).map { _ in random.unit() + 0.01 }
            let sum = weights.reduce(0, +)
            let shares = weights.enumerated().map { "v\($0): \($1 / sum)" }
            return "l\(index): { \(shares.joined(separator: ", ")) }"
        }
        let accepted = 1 + random.below(500)
        let text = Self.recipe("{ accepted: \(accepted), strata: { \(strata.joined(separator: ", ")) } }")
        let plan = try TestRun.plan(text)
        let target = try #require(plan.target)
        let shares = plan.recipe.target?.strata.map { $0.shares } ?? []

        #expect(target.cells.count == sizes.reduce(1, *))
        #expect(target.cells.reduce(0) { $0 + $1.quota } == accepted)
        for cell in target.cells {
            let share = zip(cell.values, shares).map { value, shares in
                shares.first { $0.value == value }?.share ?? 0
            }
            let exact = share.reduce(Double(accepted), *)
            #expect(abs(Double(cell.quota) - exact) < 1)
        }
    }

    @Test("Waves and choice depend on what came, not on the order", arguments: 0..<20)
    func order(number: Int) throws {
        var random = RandomStream(seed: number, purpose: ["order"])
        let target = try #require(TestRun.plan(Self.recipe(Self.strata)).target)
        var indexes = [TargetIndex(target), TargetIndex(target)]
        var keys: [ItemKey] = []
        var row = 0
        while !indexes[0].isFull {
            var items: [FlowItem] = []
            while row < indexes[0].limit {
                for attempt in 0..<random.below(3) {
                    items.append(item(row: row, attempt: attempt, kind: random.below(4)))
                }
                row += 1
            }
            for item in items { indexes[0].observe(item) }
            for item in random.shuffled(items) { indexes[1].observe(item) }
            keys += items.map(\.key)
            #expect(indexes[0].full == indexes[1].full)
            for index in indexes.indices { indexes[index].extend() }
            #expect(indexes[0].limit == indexes[1].limit)
        }
        for index in indexes.indices { indexes[index].seal() }
        let choices = indexes.map { index in keys.map { isKept(index.selection(for: $0)) } }
        #expect(choices[0] == choices[1])
        #expect(choices[0].count { $0 } == 30)
    }

    private func isKept(_ selection: Selection) -> Bool {
        guard case .keep = selection else { return false }
        return true
    }

    private func item(row: Int, attempt: Int, kind: Int) -> FlowItem {
        let key = ItemKey(deriving: ["item", String(row), String(attempt)])
        let draft = DraftRecord(
            key: key,
            parent: nil,
            content: Content(labels: ["kind": .string("k\(kind)")]),
            note: nil,
            task: key,
            group: key,
            origin: Origin(source: "toy"),
            licence: nil
        )
        return FlowItem(draft: draft, row: row)
    }
}
