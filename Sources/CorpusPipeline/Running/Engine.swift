import CorpusConfig
import CorpusKit
package import CorpusLedger
import Synchronization

/// Lets a person or a signal stop a pass from outside.
package final class RunControl: Sendable {
    private let stop = Mutex<RunStop?>(nil)

    package init() {}

    /// Asks the pass to start nothing new and to finish what is in work; the first request counts.
    package func requestStop(_ reason: RunStop) { stop.withLock { if $0 == nil { $0 = reason } } }

    var request: RunStop? { stop.withLock { $0 } }
}

/// How a pass ended.
package struct PassEnd: Sendable {
    /// Nil when everything was done.
    package var stop: RunStop?
    package var figures: Figures
    /// Units that were waiting when the pass stopped.
    package var left: Int
}

/// Runs a plan: one pass over its graph, with the ledger as memory.
///
/// A pass always starts at the sources. What an earlier pass finished is read from the ledger instead of done again,
/// so a resumed run and an undisturbed one are the same computation.
package struct Engine: Sendable {
    let plan: Plan
    let ledger: Ledger
    let services: RunServices
    let control: RunControl

    package init(plan: Plan, ledger: Ledger, services: RunServices, control: RunControl) {
        self.plan = plan
        self.ledger = ledger
        self.services = services
        self.control = control
    }

    /// Runs all stages; exports are written by ``ExportStep`` afterwards.
    ///
    /// - Parameter progress: Called after each unit, from one task.
    /// - Returns: How the pass ended.
    /// - Throws: ``LedgerProblem`` or ``ResourceProblem`` before anything was called; later faults are in the end.
    package func run(progress: (Figures) -> Void) async throws -> PassEnd {
        let meter = Meter()
        let isFresh = try ledger.isFresh()
        let deadline = plan.recipe.budget?.wallSeconds.map { services.now() + Double($0) }
        let halt: @Sendable () -> RunStop? = { [control, ledger, services, plan] in
            control.request ?? ledger.shortage.map(RunStop.ledger)
                ?? Self.late(deadline, services.now(), plan)
        }
        let fullCells = plan.target.flatMap { $0.labels.isEmpty ? nil : FullCells(TargetIndex($0).full) }
        let runner = UnitRunner(
            plan: plan,
            stages: try ledger.number(plan.nodes.map(\.stageRecord)),
            ledger: ledger,
            exchange: Exchange(ledger: ledger, services: services, meter: meter, halt: halt),
            isFresh: isFresh,
            successors: plan.successors,
            fullCells: fullCells,
            mustEnd: { halt().flatMap { Self.endsAll($0) ? $0 : nil } }
        )
        var router = Router(plan: plan, fullCells: fullCells)
        var feed = try Feed(plan: plan)
        var stop: RunStop?

        await withTaskGroup(of: [(Work, UnitRunner.End)]?.self) { group in
            // Units may wait for long: the end of the time must not wait for one of them.
            if let deadline {
                group.addTask { [services] in
                    // Clocks are set, and sleeps end early.
                    while !Task.isCancelled, services.now() < deadline {
                        await services.sleep(max(0.01, deadline - services.now()))
                    }
                    return nil
                }
            }
            var working = 0
            while true {
                if let reason = halt(), stop == nil || (!Self.endsAll(stop) && Self.endsAll(reason)) {
                    stop = reason
                }
                if stop != nil {
                    router.drain(everything: Self.endsAll(stop))
                    if Self.endsCalls(stop) || Self.endsCalls(halt()) { services.drain() }
                }
                router.refill()
                var hasTime = true
                if stop == nil {
                    do {
                        let start = ContinuousClock.now
                        while hasTime, router.wantsSeed, !feed.isExhausted, feed.count < router.rowLimit,
                            halt() == nil
                        {
                            if let work = try await feed.next() { router.scheduler.enqueue(work) }
                            // What a slow source has given does not wait for what it has not given yet.
                            hasTime = ContinuousClock.now - start < .milliseconds(20)
                        }
                    } catch {
                        stop = .failure(
                            WorkFailure(
                                "source-error",
                                "a source could not be read on: \(error)",
                                stopsRun: true
                            )
                        )
                        continue
                    }
                }
                for works in router.nextWorks() {
                    working += 1
                    group.addTask { Array(zip(works, await runner.perform(works))) }
                }
                do {
                    let isFed = feed.isExhausted || feed.count >= router.rowLimit
                    if stop == nil, isFed, try router.decideNextSelection(isExhausted: feed.isExhausted) {
                        continue
                    }
                } catch {
                    stop = .failure(
                        WorkFailure("plugin-error", "a selector failed: \(error)", stopsRun: true)
                    )
                    continue
                }
                if stop == nil, !hasTime { continue }
                guard working > 0, let next = await group.next() else {
                    if stop == nil, !feed.isExhausted, feed.count < router.rowLimit, halt() != nil {
                        continue
                    }
                    break
                }
                guard let next else { continue }
                working -= 1
                for (work, end) in next {
                    switch end {
                    case .done(let steps):
                        for step in steps {
                            Self.count(step.outcome, of: plan.nodes[step.work.node], in: meter)
                        }
                        do {
                            try router.route(steps)
                        } catch {
                            stop = .failure(
                                WorkFailure("plugin-error", "a selector failed: \(error)", stopsRun: true)
                            )
                        }
                        if let first = steps.first { router.settle(work, first.outcome) }
                    case .stop(let reason):
                        // A wait that was ended because the pass ends says nothing new about why.
                        if stop == nil || (Self.endsAll(reason) && !reason.isInterruption) { stop = reason }
                        router.scheduler.abandon(work)
                    }
                }
                progress(meter.snapshot)
            }
            group.cancelAll()
        }
        // A deadline that passed while the last unit was in work stops nothing.
        if case .wall = stop, feed.isExhausted || feed.count >= router.rowLimit, router.isDone { stop = nil }
        return PassEnd(stop: stop, figures: meter.snapshot, left: router.left)
    }

    /// Whether not even work that needs no model may be started.
    private static func endsAll(_ stop: RunStop?) -> Bool {
        switch stop {
        case .ledger, .interrupted: true
        case .failure(let failure): failure.code == "internal-error" || failure.code == "sandbox-error"
        case .budget, .wall, nil: false
        }
    }

    /// Whether calls that are not in flight yet must end: they would start too late, or for nothing.
    private static func endsCalls(_ stop: RunStop?) -> Bool {
        if case .wall = stop { return true }
        return endsAll(stop)
    }

    private static func late(_ deadline: Double?, _ now: Double, _ plan: Plan) -> RunStop? {
        guard let deadline, now >= deadline, let wall = plan.recipe.budget?.wallSeconds else { return nil }
        return .wall("the time budget of \(wall) s is used up")
    }

    private static func count(_ outcome: Outcome, of node: PlanNode, in meter: Meter) {
        meter.count { figures in
            switch outcome.state {
            case .expanded:
                if node.kind.isSource { figures.seeds += 1 } else { figures.drafts += outcome.passages.count }
            case .fail, .unsure, .dropped:
                if let reason = outcome.reason { figures.dropped[reason, default: 0] += 1 }
            case .failed: if let reason = outcome.reason { figures.failed[reason, default: 0] += 1 }
            case .exported: figures.exported += 1
            case .passed where node.kind.isGroup:
                for passage in outcome.passages where passage.state.isDrop {
                    if let reason = passage.reason { figures.dropped[reason, default: 0] += 1 }
                }
            case .passed, .kept, .paired: break
            }
        }
    }
}
