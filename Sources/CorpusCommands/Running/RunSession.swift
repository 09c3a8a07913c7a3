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
    /// The part of the seeds to work on; nil for all of them.
    let shard: Shard?
    /// The plan, or what of it is a shard's.
    let plan: Plan

    /// Where the run is, of which this may be a shard.
    private let runFolder: RunFolder

    init(
        workshop: Workshop,
        run folder: RunFolder,
        shard: Shard?,
        isQuiet: Bool,
        allowsNoSandbox: Bool,
        tape: Tape,
        metricsPort: UInt16?,
        waits: Bool
    ) {
        (self.workshop, self.shard, runFolder) = (workshop, shard, folder)
        self.folder = shard.map(folder.shard) ?? folder
        plan = shard.map(workshop.plan.part) ?? workshop.plan
        (self.isQuiet, self.allowsNoSandbox, self.tape) = (isQuiet, allowsNoSandbox, tape)
        (self.metricsPort, self.waits) = (metricsPort, waits)
    }

    /// Runs the plan until it is done or stopped.
    ///
    /// - Returns: The report after the pass.
    /// - Throws: An exit code after telling why, or a problem.
    func run() async throws -> RunReport {
        let cassette = try await tape.checkedCassette()
        let sandbox = plan.needs.contains(.sandbox) ? try await openSandbox() : nil
        try makeFolder(folder.path, "the run's folder", option: "--output")
        if let target = tape.record { try makeFolder(target, "the cassette's folder", option: "--record") }
        let locks = try await lock()
        defer { withExtendedLifetime(locks) {} }
        RehearsalFolder.sweep(folder.path)
        if shard == nil, !tape.isReplay { try ShardFolders(runFolder).refuseUnmerged() }
        // For people and the ledger; what takes time is measured by a clock that nobody sets.
        let now: @Sendable () -> Double = { Date().timeIntervalSince1970 }
        let shared = try await openShared(now)
        // What is not emptied into the file stands in its log as well.
        defer { try? shared?.end(now: now()) }
        let ledger = try Ledger.begin(
            path: folder.ledger,
            name: plan.recipe.name,
            recipe: plan.recipe.text,
            plan: workshop.ledgerPlan(shard),
            product: Product.version,
            now: now(),
            sharing: shared
        )
        if !isQuiet {
            let text = PlanText(plan: plan)
            let limit = tape.isReplay ? "replay, no call is made" : "limit \(text.limit)\(text.stop)"
            let part = shard.map { ", shard \($0): about" } ?? ": up to"
            Terminal.tell("\(plan.recipe.name)\(part) \(text.inFull); \(limit)")
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

    /// Keeps others out of the folder; shards of one run keep each other's company, and the run itself out.
    private func lock() async throws -> [RunLock] {
        try await taking(waiting: waits) { [folder, runFolder, shard] in
            guard shard != nil else { return [try RunLock(folder: folder.path)] }
            // Who finds the shard taken leaves no trace in the run's folder.
            return [try RunLock(folder: folder.path), try RunLock(folder: runFolder.path, .together)]
        }
    }

    /// Opens the ledger that the recipe shares with others, if it does.
    ///
    /// Shards only take from it, several at a time: what they buy comes there by the run that they are merged into.
    private func openShared(_ now: @escaping @Sendable () -> Double) async throws -> SharedLedger? {
        let shared = try await openCampaign(now)
        guard shard != nil, Ledger.isBegun(path: runFolder.ledger) else { return shared }
        // Nobody writes to it while shards work.
        return try SharedLedger(ofRun: runFolder.ledger, then: shared)
    }

    private func openCampaign(_ now: @escaping @Sendable () -> Double) async throws -> SharedLedger? {
        guard let path = try runFolder.sharedLedger(of: plan.recipe) else { return nil }
        let isThere = FileManager.default.fileExists(atPath: path)
        if shard != nil {
            do {
                if isThere { return try await taking(waiting: waits) { try SharedLedger(reading: path) } }
            } catch let problem as LedgerProblem where problem.isBlank {}
            Terminal.tell("note: there is no shared ledger `\(path)` here, and the shard goes without it")
            return nil
        }
        if !isQuiet, !isThere { Terminal.tell("note: the shared ledger `\(path)` is new") }
        let name = plan.recipe.name
        return try await taking(waiting: waits) {
            try SharedLedger(path, name: name, product: Product.version, now: now())
        }
    }

    /// What of the run's own spending counts as a shard's: what the run has left is divided.
    private func partOfSpent() throws -> (total: Spent, perRole: [String: Spent]) {
        guard let shard, Ledger.isBegun(path: runFolder.ledger) else { return (Spent(), [:]) }
        let spent = try Ledger.read(path: runFolder.ledger).spentByRun()
        func part(_ spent: Spent) -> Spent {
            Spent(
                calls: shard.part(ofWanted: spent.calls),
                tokens: shard.part(ofWanted: spent.tokens),
                nanoDollars: shard.part(ofWanted: spent.nanoDollars)
            )
        }
        return (part(spent.total), spent.perRole.mapValues(part))
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
        let budget = try Budget(of: plan.recipe, on: ledger, besides: partOfSpent()) {
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
        let engine = Engine(
            plan: plan,
            ledger: ledger,
            services: services,
            control: control,
            shard: shard
        )
        let desk = ControlDesk(
            plan: plan,
            shard: shard,
            pass: ledger.pass,
            control: control,
            budget: budget,
            door: door
        ) {
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
}
