import CorpusConfig
import CorpusKit
package import CorpusLedger

/// How a pass ended.
package struct PassEnd: Sendable {
    /// Nil when everything was done.
    package var stop: RunStop?
    package var figures: Figures
    /// Units that were waiting when the pass stopped.
    package var left: Int
    /// Items of a shard that wait for what only the whole run can decide.
    package var held: Int
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
    /// The part of the seeds that is worked on; nil for all of them.
    let shard: Shard?

    package init(
        plan: Plan,
        ledger: Ledger,
        services: RunServices,
        control: RunControl,
        shard: Shard? = nil
    ) {
        self.shard = shard
        self.plan = plan
        self.ledger = ledger
        self.services = services
        self.control = control
        control.adopt(plan)
    }

    /// Runs all stages; exports are written by ``ExportStep`` afterwards.
    ///
    /// - Parameter progress: Called after each unit, from one task.
    /// - Returns: How the pass ended.
    /// - Throws: ``LedgerProblem`` or ``ResourceProblem`` before anything was called; later faults are in the end.
    package func run(progress: (Figures) -> Void) async throws -> PassEnd {
        let meter = Meter()
        let isFresh = try ledger.isFresh()
        control.begin(at: services.now)
        let halt: @Sendable () -> RunStop? = { [control, ledger] in
            control.request ?? ledger.shortage.map(RunStop.ledger) ?? control.lateness
        }
        // What one shard has enough of, the run may need.
        let fullCells =
            shard == nil
            ? plan.target.flatMap { $0.labels.isEmpty ? nil : FullCells(TargetIndex($0).full) } : nil
        let runner = UnitRunner(
            plan: plan,
            stages: try ledger.number(plan.nodes.map(\.stageRecord)),
            ledger: ledger,
            exchange: Exchange(
                ledger: ledger,
                services: services,
                meter: meter,
                halt: halt,
                hold: control.passPause
            ),
            isFresh: isFresh,
            successors: plan.successors,
            fullCells: fullCells,
            mustEnd: { halt().flatMap { Self.endsAll($0) ? $0 : nil } },
            isDetached: control.isDetached
        )
        var router = Router(plan: plan, fullCells: fullCells, isShard: shard != nil)
        var feed = try Feed(plan: plan, shard: shard)
        var tally = PassTally(nodes: plan.nodes.count)
        var stop: RunStop?

        await withTaskGroup(of: [(Work, UnitRunner.End)]?.self) { group in
            var working = 0
            var isWatched = false
            var isCatchingUp = false
            while true {
                let wish = control.wish
                // Units may wait for long: neither a request nor the end of the time must wait for one of them.
                if !isWatched, !Task.isCancelled {
                    group.addTask { [control, services] in
                        await control.news(since: wish.revision, sleep: services.sleep)
                        return nil
                    }
                    isWatched = true
                }
                router.obey(wish)
                if wish.isPaused, stop == nil, Task.isCancelled { stop = .interrupted }
                if let reason = halt(), stop == nil || (!Self.endsAll(stop) && Self.endsAll(reason)) {
                    stop = reason
                }
                if let stop {
                    control.end(stop)
                    router.drain(everything: Self.endsAll(stop))
                    if wish.isPaused || Self.endsCalls(stop) || Self.endsCalls(halt()) { services.drain() }
                }
                let goesOn = stop == nil && !wish.isPaused
                if !wish.isPaused { router.refill() }
                var hasTime = true
                if goesOn, !isCatchingUp {
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
                for works in control.wish.isPaused ? [] : router.nextWorks() {
                    working += 1
                    group.addTask { Array(zip(works, await runner.perform(works))) }
                }
                do {
                    let isFed = feed.isExhausted || feed.count >= router.rowLimit
                    // How far sources are read on is not known where something is lacking; see ``Rehearsal``.
                    let isExhausted = feed.isExhausted || meter.snapshot.lacks > 0
                    if goesOn, isFed, try router.decideNextSelection(isExhausted: isExhausted) {
                        continue
                    }
                } catch {
                    stop = .failure(
                        WorkFailure("plugin-error", "a selector failed: \(error)", stopsRun: true)
                    )
                    continue
                }
                if goesOn, !hasTime {
                    // All that has ended meanwhile comes before this, and rows are read on after it.
                    isCatchingUp = true
                    working += 1
                    group.addTask { [] }
                }
                control.publish(router.standing(tally), seeds: tally.seeds, exported: tally.exported)
                guard working > 0 || (stop == nil && wish.isPaused), let next = await group.next() else {
                    if stop == nil, control.wish.revision != wish.revision { continue }
                    let isFed = feed.isExhausted || feed.count >= router.rowLimit
                    if stop == nil, !isFed, halt() != nil { continue }
                    break
                }
                guard let next else {
                    isWatched = false
                    continue
                }
                working -= 1
                if next.isEmpty { isCatchingUp = false }
                for (work, end) in next {
                    switch end {
                    case .done(let steps):
                        for step in steps {
                            Self.count(step.outcome, of: plan.nodes[step.work.node], in: meter)
                            tally.count(step, at: plan.nodes[step.work.node])
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
                        let reason = reason.isInterruption ? halt() ?? reason : reason
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
        if stop == nil { stop = router.remainder }
        if let stop { control.end(stop) } else { control.finish() }
        return PassEnd(stop: stop, figures: meter.snapshot, left: router.left, held: router.held)
    }

    /// Whether not even work that needs no model may be started.
    private static func endsAll(_ stop: RunStop?) -> Bool {
        switch stop {
        case .ledger, .interrupted, .drained: true
        case .failure(let failure): failure.code == "internal-error" || failure.code == "sandbox-error"
        case .budget, .wall, .skipped, nil: false
        }
    }

    /// Whether calls that are not in flight yet must end: they would start too late, or for nothing.
    private static func endsCalls(_ stop: RunStop?) -> Bool {
        if case .wall = stop { return true }
        return endsAll(stop)
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
