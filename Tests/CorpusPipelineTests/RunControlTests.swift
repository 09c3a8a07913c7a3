import CorpusKit
import CorpusLedger
import Synchronization
import TestSupport
import Testing

@testable import CorpusPipeline

@Suite("Control of a pass while it runs", .timeLimit(.minutes(5)))
struct RunControlTests {
    private static func node(_ name: String, in text: String = TestRun.recipe) throws -> Int {
        try #require(try TestRun.plan(text).nodes.firstIndex { $0.name == name })
    }

    /// Waits until a paused pass has nothing in work but units that wait for their next call.
    private static func quiet(_ control: RunControl) async {
        await until {
            let standing = control.standing
            guard case .paused = standing.phase, standing.stages.contains(where: { $0.done > 0 }) else {
                return false
            }
            return standing.stages.reduce(0) { $0 + $1.inWork } == standing.heldCalls
        }
    }

    private static func isLate(_ change: RunControl.Change) -> Bool {
        if case .late = change { true } else { false }
    }

    private static func isMade(_ change: RunControl.Change) -> Bool {
        if case .made = change { true } else { false }
    }

    // MARK: - Holding

    @Test("A paused pass calls nobody and starts nothing, and goes on to the same bytes", arguments: 1...4)
    func pause(step: Int) async throws {
        let reference = try TestRun()
        defer { reference.remove() }
        _ = try await reference.pass()
        let run = try TestRun()
        defer { run.remove() }
        let control = RunControl()
        let endpoint = ToyEndpoint(shuffle: step) { number, _ in
            if number == step * 7 { _ = control.pause() }
        }
        async let pass = run.pass(endpoint: endpoint, control: control)
        await Self.quiet(control)
        let (calls, done) = (endpoint.calls, control.standing.stages.map(\.done))
        // Whatever else is asked for wakes the pass, and it starts nothing all the same.
        let tested = try Self.node("tested")
        for width in 1...5 {
            #expect(Self.isMade(control.setWidth(width, of: tested).change))
            await until { control.standing.stages[tested].width == width }
        }
        #expect(endpoint.calls == calls && calls < 48)
        #expect(control.standing.stages.map(\.done) == done)
        #expect(Self.isMade(control.resume()))
        let (end, report) = try await pass

        #expect(end.stop == nil && report.counts.open == 0)
        #expect(endpoint.calls == 48 && endpoint.boughtTwice == 0)
        #expect(try run.exports() == reference.exports())
    }

    @Test("A paused pass starts no work that calls nobody either")
    func pauseOfLocalWork() async throws {
        let text = TestRun.recipe.edited(
            "solved: { generate: toy-solve, from: tasks",
            to:
                "marked: { filter: toy-mark, from: tasks, width: 1 }\n  solved: { generate: toy-solve, from: marked"
        )
        let run = try TestRun()
        defer { run.remove() }
        let control = RunControl()
        let endpoint = ToyEndpoint()
        let isFirst = Mutex(true)
        async let pass = run.pass(
            text,
            endpoint: endpoint,
            control: control,
            progress: { _ in
                isFirst.withLock { isFirst in
                    if isFirst { _ = control.pause() }
                    isFirst = false
                }
            }
        )
        await Self.quiet(control)
        let node = try Self.node("marked", in: text)
        let marked = control.standing.stages[node]
        #expect(marked.waiting > 0 && marked.inWork == 0 && endpoint.calls == 0)
        _ = control.resume()
        let (end, report) = try await pass

        #expect(end.stop == nil && report.counts.open == 0)
    }

    @Test("A unit of several calls waits between two of them, and buys none of them twice")
    func pauseWithin() async throws {
        let text = TestRun.recipe.edited(
            "from: tasks, model: m",
            to: "from: tasks, model: m, options: { again: true }"
        )
        let run = try TestRun()
        defer { run.remove() }
        let control = RunControl()
        let endpoint = ToyEndpoint { number, request in
            // Whoever says so has a second question to ask.
            if request.messages.last?.content.hasPrefix("again") == false, number > 20 { _ = control.pause() }
        }
        async let pass = run.pass(text, endpoint: endpoint, control: control)
        await Self.quiet(control)
        #expect(control.standing.heldCalls > 0 && endpoint.calls < 96)
        _ = control.resume()
        await Self.quiet(control)
        let held = control.standing.heldCalls
        control.requestStop(.interrupted)
        let (end, _) = try await pass
        let second = ToyEndpoint()
        let (done, report) = try await run.pass(text, endpoint: second)

        guard case .interrupted = end.stop else {
            Issue.record("stopped by \(String(describing: end.stop))")
            return
        }
        #expect(held > 0)
        #expect(done.stop == nil && report.counts.open == 0)
        #expect(endpoint.calls + second.calls == 96 && endpoint.boughtTwice == 0)
    }

    @Test("Asking twice changes nothing, and nothing can be changed after the end")
    func idempotence() async throws {
        let control = RunControl()
        #expect(Self.isMade(control.pause()) && !Self.isMade(control.pause()))
        #expect(Self.isMade(control.resume()) && !Self.isMade(control.resume()))
        #expect(Self.isMade(control.setSkipped(true, at: 1)) && !Self.isMade(control.setSkipped(true, at: 1)))
        #expect(Self.isMade(control.setSkipped(false, at: 1)))
        #expect(Self.isMade(control.setWall(9)) && !Self.isMade(control.setWall(9)))

        let run = try TestRun()
        defer { run.remove() }
        let (end, _) = try await run.pass(control: control)
        #expect(end.stop == nil)
        guard case .over = control.standing.phase else {
            Issue.record("\(control.standing.phase)")
            return
        }
        #expect(Self.isLate(control.pause()) && Self.isLate(control.setWall(1)))
        #expect(Self.isLate(control.requestStop(.drained)))
    }

    @Test("A pass that ends can be neither held nor changed, and says why it ends")
    func ending() {
        let control = RunControl()
        control.requestStop(.drained)
        guard case .late(.drained?) = control.pause(), case .draining(.drained) = control.standing.phase
        else {
            Issue.record("\(control.standing.phase)")
            return
        }
        // A second reason changes nothing.
        #expect(!Self.isMade(control.requestStop(.interrupted)))
    }

    @Test(
        "A pass that is stopped while it is paused ends at once, and the next one ends the rest",
        arguments: [RunStop.interrupted, .drained]
    )
    func stopped(reason: RunStop) async throws {
        let reference = try TestRun()
        defer { reference.remove() }
        _ = try await reference.pass()
        let run = try TestRun()
        defer { run.remove() }
        let control = RunControl()
        let endpoint = ToyEndpoint { number, _ in if number == 20 { _ = control.pause() } }
        async let pass = run.pass(endpoint: endpoint, control: control)
        await Self.quiet(control)
        control.requestStop(reason)
        let (end, _) = try await pass
        let second = ToyEndpoint()
        let (done, report) = try await run.pass(endpoint: second)

        switch (end.stop, reason) {
        case (.interrupted, .interrupted), (.drained, .drained): break
        default: Issue.record("stopped by \(String(describing: end.stop))")
        }
        #expect(done.stop == nil && report.counts.open == 0)
        #expect(endpoint.calls + second.calls == 48)
        #expect(try run.exports() == reference.exports())
    }

    @Test("The time of a pass goes on while it is paused, and its end ends the pass")
    func pausedTime() async throws {
        let run = try TestRun()
        defer { run.remove() }
        let text = TestRun.recipe.edited("tokens: 1000000 }", to: "tokens: 1000000, wall: 2d }")
        let clock = Mutex(0.0)
        let control = RunControl()
        let endpoint = ToyEndpoint { number, _ in if number == 20 { _ = control.pause() } }
        async let pass = run.pass(text, endpoint: endpoint, control: control, now: { clock.withLock { $0 } })
        await Self.quiet(control)
        clock.withLock { $0 = 11 }
        #expect(control.standing.elapsed == 11 && control.standing.wall == 172_800)
        _ = control.setWall(10)
        let (end, _) = try await pass
        let (done, report) = try await run.pass(text)

        guard case .wall("the time budget of 10 s is used up") = end.stop else {
            Issue.record("stopped by \(String(describing: end.stop))")
            return
        }
        #expect(endpoint.calls < 48)
        #expect(done.stop == nil && report.counts.open == 0)
    }

    // MARK: - Changing

    @Test("More time lets a pass go on beyond what its recipe says, and none at all as long as it takes")
    func moreTime() async throws {
        for limit in [100, nil] {
            let run = try TestRun()
            defer { run.remove() }
            let text = TestRun.recipe.edited("tokens: 1000000 }", to: "tokens: 1000000, wall: 10s }")
            let clock = Mutex(0.0)
            let control = RunControl()
            let endpoint = ToyEndpoint { number, _ in
                if number == 10 { _ = control.setWall(limit) }
                if number == 20 { clock.withLock { $0 = 50 } }
            }
            let (end, _) = try await run.pass(
                text,
                endpoint: endpoint,
                control: control,
                now: { clock.withLock { $0 } }
            )
            #expect(end.stop == nil && endpoint.calls == 48)
        }
    }

    @Test("A lower width holds from then on: what is in work above it ends first")
    func width() async throws {
        let run = try TestRun()
        defer { run.remove() }
        let solved = try Self.node("solved")
        let control = RunControl()
        let endpoint = CountingEndpoint(from: 26)
        endpoint.calls { if $0 == 10 { _ = control.setWidth(2, of: solved) } }
        let (end, _) = try await run.pass(endpoint: endpoint, control: control)

        #expect(end.stop == nil)
        // Sixteen at once were in work at most when it was set.
        #expect((1...2).contains(endpoint.most))
    }

    /// The toy recipe with filters that follow at once, before the model and after it, and what it comes to.
    private struct Course: Sendable {
        let text: String
        let calls: Int
        let exports: Task<[String: String], any Error>

        init(seeds: Int) {
            let text = TestRun.recipe.edited("count: 12", to: "count: \(seeds)")
                .edited(
                    "solved: { generate: toy-solve, from: tasks",
                    to:
                        "before: { filter: toy-mark, from: tasks }\n  solved: { generate: toy-solve, from: before"
                )
                .edited(
                    "  tested: { verify: toy-check, from: solved }",
                    to:
                        "  after: { filter: toy-mark, from: solved }\n  tested: { verify: toy-check, from: after }"
                )
            (self.text, calls) = (text, 4 * seeds)
            exports = Task {
                let run = try TestRun()
                defer { run.remove() }
                _ = try await run.pass(text)
                return try run.exports()
            }
        }

        static let short = Course(seeds: 12)
        /// More answers than may stand before a stage.
        static let long = Course(seeds: 40)

        static func to(_ stage: String) -> Course { stage == "tested" ? long : short }
    }

    @Test(
        "What waits at a skipped stage stays open while all else is done, and the next pass ends with the same bytes",
        arguments: ["before", "solved", "after", "tested", "rated", "unique", "pairs"]
    )
    func skipped(name: String) async throws {
        let course = Course.to(name)
        let run = try TestRun()
        defer { run.remove() }
        let control = RunControl()
        #expect(Self.isMade(control.setSkipped(true, at: try Self.node(name, in: course.text))))
        let first = ToyEndpoint(shuffle: 3)
        let (end, report) = try await run.pass(course.text, endpoint: first, control: control)
        let second = ToyEndpoint()
        let (done, whole) = try await run.pass(course.text, endpoint: second)

        guard case .skipped(let sentence) = end.stop else {
            Issue.record("stopped by \(String(describing: end.stop))")
            return
        }
        #expect(sentence.hasPrefix("everything is done but what was skipped: "))
        #expect(sentence.hasSuffix(" at `\(name)`") && end.left > 0)
        // Whatever comes before the stage is done for all seeds, however many wait there.
        #expect(first.calls == (["before", "solved"].contains(name) ? 0 : course.calls))
        #expect(report.counts.open > 0 || name == "pairs")
        #expect(report.seeds * 4 == course.calls && control.standing.seeds == report.seeds)
        #expect(first.calls + second.calls == course.calls)
        #expect(done.stop == nil && whole.counts.open == 0)
        #expect(try await run.exports() == course.exports.value)
    }

    @Test(
        "A stage that is no longer skipped does what waited there, in the same pass and to the same bytes",
        arguments: ["after", "tested", "rated", "unique", "pairs"]
    )
    func undone(name: String) async throws {
        let course = Course.to(name)
        let run = try TestRun()
        defer { run.remove() }
        let control = RunControl()
        let node = try Self.node(name, in: course.text)
        _ = control.setSkipped(true, at: node)
        let endpoint = ToyEndpoint(shuffle: 5) { number, _ in
            if number == course.calls * 3 / 4 { _ = control.setSkipped(false, at: node) }
        }
        let (end, report) = try await run.pass(course.text, endpoint: endpoint, control: control)

        #expect(end.stop == nil && report.counts.open == 0)
        #expect(endpoint.calls == course.calls)
        #expect(try await run.exports() == course.exports.value)
    }

    @Test("A skipped stage that nothing comes to holds up nothing")
    func skippedInVain() async throws {
        let run = try TestRun()
        defer { run.remove() }
        let text = TestRun.recipe.edited(
            "  rated:",
            to: "  none: { select: toy-unique, from: tested, when: { even: never } }\n  rated:"
        ).edited("write: toy-write, from: unique", to: "write: toy-write, from: [unique, none]")
        let control = RunControl()
        _ = control.setSkipped(true, at: try Self.node("none", in: text))
        let (end, report) = try await run.pass(text, control: control)

        #expect(end.stop == nil && report.counts.open == 0)
    }

    // MARK: - Looking

    @Test("What a pass says of its stages at its end is what the ledger says of them")
    func standing() async throws {
        let run = try TestRun()
        defer { run.remove() }
        let control = RunControl()
        let (end, report) = try await run.pass(control: control)
        let standing = control.standing
        let known = try run.ledger().standing()

        #expect(end.stop == nil && known.pass == 1 && known.state == "done")
        #expect(standing.stages.count == known.stages.count)
        for (stage, other) in zip(standing.stages, known.stages) {
            #expect(stage.done == other.units.values.reduce(0, +), "\(other.name)")
            #expect(
                stage.dropped
                    == [.fail, .unsure, .dropped].reduce(0) { $0 + (other.units[$1, default: 0]) },
                "\(other.name)"
            )
            #expect(stage.failed == other.units[.failed, default: 0], "\(other.name)")
            #expect(stage.width == other.width && stage.inWork == 0 && stage.waiting == 0, "\(other.name)")
        }
        #expect(standing.seeds == 12 && report.seeds == 12)
        #expect(standing.exported == report.counts.exported)
    }

    @Test("Who waits for news hears of a request at once, of the end of the time, and of nothing else")
    func news() async throws {
        let control = RunControl()
        let clock = Mutex(0.0)
        control.begin { clock.withLock { $0 } }
        let slept = Mutex<[Double]>([])
        // A request that came before is news already.
        let revision = control.wish.revision
        _ = control.pause()
        await control.news(since: revision) { _ in }

        _ = control.setWall(100)
        await control.news(since: control.wish.revision) { seconds in
            slept.withLock { $0.append(seconds) }
            // Sleeps end early.
            clock.withLock { $0 += seconds / 2 + 10 }
        }
        #expect(slept.withLock { $0 } == [100, 40, 10])
        #expect(try #require(control.timeLeft) <= 0)

        // The time is up for good: only a request is news now.
        let last = control.wish.revision
        let waiter = Task { await control.news(since: last) { _ in Issue.record("slept") } }
        _ = control.resume()
        await waiter.value
    }
}

/// A toy model that counts how many calls are with it at once, from one of them on.
final class CountingEndpoint: ModelEndpoint {
    private let base: ToyEndpoint
    private let state = Mutex((number: 0, running: 0, most: 0))
    private let told = Mutex<(@Sendable (Int) -> Void)?>(nil)
    private let first: Int

    /// Counts from the call of a number on.
    init(from first: Int) {
        self.first = first
        base = ToyEndpoint(shuffle: 2)
    }

    var most: Int { state.withLock(\.most) }

    /// Tells of each call by its number.
    func calls(_ tell: @escaping @Sendable (Int) -> Void) { told.withLock { $0 = tell } }

    func complete(
        _ request: ModelRequest,
        for role: String,
        charged: @Sendable (Charge) async throws -> Void
    ) async throws -> EndpointReply {
        let number = state.withLock { state in
            state.number += 1
            state.running += 1
            if state.number >= first { state.most = max(state.most, state.running) }
            return state.number
        }
        told.withLock(\.self)?(number)
        defer { state.withLock { $0.running -= 1 } }
        return try await base.complete(request, for: role, charged: charged)
    }
}
