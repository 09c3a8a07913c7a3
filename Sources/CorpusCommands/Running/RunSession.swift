import ArgumentParser
import CorpusConfig
import CorpusDashboard
import CorpusEndpoint
import CorpusExporters
import CorpusKit
import CorpusLedger
import CorpusPipeline
import CorpusSandbox
import CorpusText
import Foundation
import Synchronization

/// One pass of a run: wires the rooms to the engine, follows it, and writes what came of it.
struct RunSession {
    let workshop: Workshop
    let folder: RunFolder
    let isQuiet: Bool
    let allowsNoSandbox: Bool
    let tape: Tape
    let metricsPort: UInt16?
    /// Whether to wait for another process that works in the folder or with the shared ledger.
    let waits: Bool

    private var plan: Plan { workshop.plan }

    /// Runs the plan until it is done or stopped.
    ///
    /// - Returns: The report after the pass.
    /// - Throws: An exit code after telling why, or a problem.
    func run() async throws -> RunReport {
        let cassette = try await tape.checkedCassette()
        let sandbox = plan.needs.contains(.sandbox) ? try await openSandbox() : nil
        try makeFolder(folder.path, "the run's folder", option: "--output")
        if let target = tape.record { try makeFolder(target, "the cassette's folder", option: "--record") }
        let lock = try await taking(waiting: waits) { [folder] in try RunLock(folder: folder.path) }
        defer { withExtendedLifetime(lock) {} }
        RehearsalFolder.sweep(folder.path)
        // For people and the ledger; what takes time is measured by a clock that nobody sets.
        let now: @Sendable () -> Double = { Date().timeIntervalSince1970 }
        let shared = try await openShared(now)
        // What is not emptied into the file stands in its log as well.
        defer { try? shared?.end(now: now()) }
        let ledger = try Ledger.begin(
            path: folder.ledger,
            name: plan.recipe.name,
            recipe: plan.recipe.text,
            plan: plan.json,
            product: Product.version,
            now: now(),
            sharing: shared
        )
        if !isQuiet {
            let text = PlanText(plan: plan)
            let limit = tape.isReplay ? "replay, no call is made" : "limit \(text.limit)\(text.stop)"
            Terminal.tell("\(plan.recipe.name): up to \(text.inFull); \(limit)")
        }
        if let cassette { try await ledger.load(cassette) }
        let place = try workplace(ledger, sandbox)
        let server = serveControl(place.desk)
        defer { server?.stop() }
        let end = try await work(at: place)
        let report: RunReport
        do {
            report = try await conclude(end, ledger, now, budgetHint: place.desk.budgetHint)
        } catch {
            // What was paid for so far is worth carrying too; that it cannot be does not hide why the run stopped.
            try? recordCassette(ledger)
            throw error
        }
        try recordCassette(ledger)
        return report
    }

    // MARK: - Before

    /// Opens the ledger that the recipe shares with others, if it does.
    private func openShared(_ now: @escaping @Sendable () -> Double) async throws -> SharedLedger? {
        guard let path = plan.recipe.sharedLedger else { return nil }
        guard path.resolved != folder.ledger.resolved else {
            throw CommandProblem(
                "own-ledger",
                "the recipe's `ledger: \(plan.recipe.ledger?.value ?? path)` is the run's own ledger",
                hint: "name another file: the run keeps its own ledger beside it"
            )
        }
        if !isQuiet, !FileManager.default.fileExists(atPath: path) {
            Terminal.tell("note: the shared ledger `\(path)` is new")
        }
        let name = plan.recipe.name
        return try await taking(waiting: waits) {
            try SharedLedger(path, name: name, product: Product.version, now: now())
        }
    }

    private func openSandbox() async throws -> any Sandbox {
        try await SandboxDoor.open(minimum: plan.recipe.sandbox.minimum, allowsNone: allowsNoSandbox)
    }

    private func makeFolder(_ path: String, _ what: String, option: String) throws {
        do {
            try FileAccess.makeFolder(path, called: what)
        } catch {
            if error.isFull { throw error }
            throw CommandProblem(
                "no-folder",
                error.description,
                hint: "name another place with `\(option)`"
            )
        }
    }

    // MARK: - During

    /// Puts together what a pass needs; nothing is called.
    private func workplace(_ ledger: Ledger, _ sandbox: (any Sandbox)?) throws -> Workplace {
        let unsure = try ledger.spent().unsure
        if unsure.calls > 0, !tape.isReplay {
            Terminal.tell(
                "note: an earlier pass was killed, and endpoints may charge for what was in flight then: "
                    + "\(Amount.count(unsure.calls, "call")) and \(Amount.count(unsure.tokens, "token")) count as paid, the "
                    + "most that was in flight at once and up to half as much again"
            )
        }
        let budget = try Budget(of: plan.recipe, on: ledger) {
            if !tape.isReplay { Self.warn($0.description) }
        }
        let gate = LocalModelGate(isQuiet: isQuiet)
        let door = EndpointDoor(
            plan: plan,
            budget: budget,
            local: gate,
            batches: LedgerBatches(ledger),
            answered: try ledger.writers()
        )
        let clock = ContinuousClock()
        let start = clock.now
        let services = RunServices(
            endpoint: tape.isReplay ? ReplayEndpoint() : door,
            sandbox: sandbox,
            now: { start.duration(to: clock.now) / .seconds(1) },
            drain: door.drain
        )
        let control = RunControl()
        let engine = Engine(plan: plan, ledger: ledger, services: services, control: control)
        let desk = ControlDesk(plan: plan, pass: ledger.pass, control: control, budget: budget, door: door) {
            if !isQuiet { Self.note("control: \($0)") }
        }
        return Workplace(
            gate: gate,
            door: door,
            control: control,
            engine: engine,
            desk: desk,
            elapsed: services.now
        )
    }

    private func work(at place: Workplace) async throws -> PassEnd {
        let progress = Progress(isQuiet: isQuiet, seeds: plan.estimate.seeds, now: place.elapsed)
        let watch = WallWatch()
        let end = try await follow(place) { figures in
            progress.update(figures)
            let standing = place.control.standing
            if let warning = watch.warning(after: standing.elapsed, of: standing.wall) { Self.warn(warning) }
        }
        progress.finish()
        await place.door.shut()
        return end
    }

    /// Runs the engine and the bundled model beside it, and listens to signals.
    private func follow(_ place: Workplace, progress: (Figures) -> Void) async throws -> PassEnd {
        let (door, gate, control) = (place.door, place.gate, place.control)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await gate.keep() }
            // The server of the counts ends with the run.
            defer {
                gate.close()
                group.cancelAll()
            }
            if let metricsPort { try await serveMetrics(of: door, on: metricsPort, in: &group) }
            let end = try await withSignals { count in
                if count == 1 {
                    Terminal.tell("\nfinishing what is in work; interrupt again to stop at once")
                    control.requestStop(.interrupted)
                    door.drain()
                } else {
                    // Everything committed is safe; what is in flight would only be waited for.
                    Terminal.tell(Self.farewell(inFlight: tape.isReplay ? 0 : door.snapshot.total.inFlight))
                    _exit(CommandExit.interrupted.rawValue)
                }
            } _: {
                try await place.engine.run(progress: progress)
            }
            // The bundled model may be starting still.
            switch end.stop {
            case .interrupted, .drained: group.cancelAll()
            default: break
            }
            return end
        }
    }

    /// The last words of a run that is stopped at once.
    static func farewell(inFlight: Int) -> String {
        let lost =
            inFlight == 0
            ? "no call was in flight"
            : "\(Amount.count(inFlight, "call")) in flight \(inFlight == 1 ? "is" : "are") given up, and the next "
                + "pass counts \(inFlight == 1 ? "it" : "them") as paid, since an endpoint may charge for such calls"
        return
            "\nstopped at once: \(lost); everything else that was paid for is on the ledger: "
            + "run the same command again to continue"
    }

    /// Opens the page before anything is called, so that a port that is taken costs nothing.
    private func serveMetrics(
        of door: EndpointDoor,
        on port: UInt16,
        in group: inout ThrowingTaskGroup<Void, any Error>
    ) async throws {
        let trouble = Mutex<(any Error)?>(nil)
        do {
            let server = try MetricsServer(port: port) { door.snapshot.prometheusText }
            let opening = Task { try await server.address() }
            group.addTask {
                do {
                    try await server.run()
                } catch {
                    trouble.withLock { $0 = error }
                    opening.cancel()
                }
            }
            Terminal.tell("metrics: \(try await opening.value)")
        } catch {
            throw CommandProblem(
                "no-metrics",
                "the counts cannot be served: \(trouble.withLock { $0 } ?? error)",
                hint: "name another port with `--metrics`, or 0 for any that is free"
            )
        }
    }

    private static func warn(_ sentence: String) { note("warning[budget]: \(sentence)") }

    /// Tells something while the run works.
    static func note(_ sentence: String) {
        // A redrawn line may stand there.
        if Terminal.isInteractive { Terminal.tellRaw("\r\u{1B}[K") }
        Terminal.tell(sentence)
    }

    // MARK: - After

    private func conclude(
        _ end: PassEnd,
        _ ledger: Ledger,
        _ now: @Sendable () -> Double,
        budgetHint: String
    ) async throws -> RunReport {
        guard let stop = end.stop else {
            do {
                return try await export(ledger, now)
            } catch {
                try? ledger.end(state: "stopped: export", now: now())
                try? write(ledger.report())
                throw error
            }
        }
        let (state, exit) = tell(stop, ledger, budgetHint: budgetHint)
        // A ledger that cannot be written cannot take this note either; the pass then counts as killed.
        try? ledger.end(state: state, now: now())
        // The account of what there is so far; that it is missing is no reason to hide why the run stopped.
        if let report = try? ledger.report() {
            try? write(report)
            let counts = report.counts
            let dropped = counts.dropped.values.reduce(0, +)
            let failed = counts.failed.values.reduce(0, +)
            Terminal.tell(
                "candidates so far: \(counts.exported) ready for export, \(dropped) dropped, \(failed) failed, \(counts.open) open; "
                    + "exports come when all is done; the account: corpusmith report \(folder.path)"
            )
        }
        throw exit
    }

    private func export(_ ledger: Ledger, _ now: @Sendable () -> Double) async throws -> RunReport {
        let open = try ledger.report().counts.open
        guard open == 0 else {
            throw CommandProblem(
                "internal-error",
                "\(counted(open, "candidate")) without a final state",
                hint: "this is a fault of the product: report it with the recipe"
            )
        }
        if tape.isReplay, try ledger.report().counts.failed[ReplayEndpoint.code.description] ?? 0 > 0 {
            // What is whole already is not given up for what lacks a part.
            try ledger.end(state: "replayed in part", now: now())
            let report = try ledger.report()
            try write(report)
            Terminal.tell("no exports were written, and those in \(folder.export)/ are as they were")
            return report
        }
        let written = try await ExportStep(plan: plan, ledger: ledger, folder: folder.export).run()
        try ledger.end(state: "done", now: now())
        let report = try ledger.report()
        try ExportPapers(plan: plan, report: report, written: written, folder: folder.export).write()
        try write(report)
        try tellFailures(ledger, report)
        return report
    }

    private func recordCassette(_ ledger: Ledger) throws {
        guard let target = tape.record else { return }
        let (count, dropped) = try ledger.record(to: target)
        if !isQuiet { Terminal.tell("recorded \(Amount.count(count, "reply", "replies")) in \(target)/") }
        if dropped > 0 {
            Terminal.tell(
                "warning[body-dropped]: \(Amount.count(dropped, "reply", "replies")) not on the cassette: `ledger vacuum` dropped what they said"
            )
        }
    }

    private func write(_ report: RunReport) throws {
        try AtomicFile.write(Array((report.json.pretty + "\n").utf8), to: folder.report)
    }

    private func tellFailures(_ ledger: Ledger, _ report: RunReport) throws {
        let (named, count) = try ledger.unreadableRows(limit: 10)
        for row in named { Terminal.tell("warning[unreadable-row]: \(row)") }
        if count > named.count { Terminal.tell("warning[unreadable-row]: and \(count - named.count) more") }
        // A replay tells by itself what it lacked.
        let missing = tape.isReplay ? report.counts.failed[ReplayEndpoint.code.description] ?? 0 : 0
        let failed = report.counts.failed.values.reduce(0, +) - count - missing
        if failed > 0 {
            Terminal.tell(
                "warning[failed]: \(Amount.count(failed, "candidate")) failed; the same command tries \(failed == 1 ? "it" : "them") again"
            )
        }
    }

    /// How much of what counts as spent was booked without a reply, as the end of a sentence; empty for nothing.
    private func bookedBlindly(_ ledger: Ledger) -> String {
        guard let report = try? ledger.report(), report.spending.unanswered.calls > 0 else { return "" }
        return "; booked at the worst case of attempts without a reply: "
            + ReportText.text(report.spending.unanswered)
    }

    private func tell(
        _ stop: RunStop,
        _ ledger: Ledger,
        budgetHint: String
    ) -> (state: String, exit: ExitCode) {
        let again = "run the same command again to continue"
        switch stop {
        case .interrupted:
            Terminal.tell("interrupted: everything paid for is on the ledger; \(again)")
            return ("interrupted", CommandExit.interrupted)
        case .budget(let sentence):
            CommandExit.tell(
                "budget",
                sentence + bookedBlindly(ledger),
                hint: "\(budgetHint) and \(again)"
            )
            return ("budget", CommandExit.resumable)
        case .drained:
            Terminal.tell("drained: everything paid for is on the ledger; \(again)")
            return ("drained", CommandExit.resumable)
        case .skipped(let sentence):
            CommandExit.tell("skipped", sentence, hint: again)
            return ("skipped", CommandExit.resumable)
        case .wall(let sentence):
            CommandExit.tell("budget", sentence, hint: again)
            return ("budget", CommandExit.resumable)
        case .ledger(let problem):
            CommandExit.tell(problem.code.rawValue, problem.description, hint: problem.hint)
            return ("failed", problem.code == .full ? CommandExit.resumable : CommandExit.failed)
        case .failure(let failure):
            CommandExit.tell(failure.code.description, failure.description, hint: failure.hint)
            // What time or money mends.
            let isPassing = [
                "endpoint-down", "transport", "timeout", "endpoint-loading", "quota-exhausted",
            ].contains(failure.code.description)
            if isPassing { Terminal.tell("nothing is lost: \(again)") }
            return ("stopped: \(failure.code)", isPassing ? CommandExit.resumable : CommandExit.failed)
        }
    }
}
