import ArgumentParser
import CorpusConfig
import CorpusKit
import CorpusLedger
import CorpusPipeline
import Foundation
import Synchronization

/// Rehearses the next pass of a run: finds out what it reuses and buys, and leaves everything as it is.
struct RehearsalSession {
    let workshop: Workshop
    let folder: RunFolder
    /// The run's own, also for a shard.
    let runFolder: RunFolder
    let shard: Shard?
    /// The plan, or what of it is a shard's.
    let plan: Plan
    let allowsNoSandbox: Bool

    init(workshop: Workshop, run folder: RunFolder, shard: Shard?, allowsNoSandbox: Bool) {
        (self.workshop, self.shard, self.allowsNoSandbox) = (workshop, shard, allowsNoSandbox)
        runFolder = folder
        self.folder = shard.map(folder.shard) ?? folder
        plan = shard.map(workshop.plan.part) ?? workshop.plan
    }

    /// What the next pass will do; nil when there is neither a ledger yet nor another to take from.
    ///
    /// The copy of the ledger lies in the run's folder, or where temporary files lie when there is no room or no right.
    ///
    /// - Throws: What would stop the pass before its end, and ``LedgerProblem`` when the copy cannot be made.
    func forecast() async throws -> Forecast? {
        let shared = try openShared()
        guard isBegun || shared != nil else { return nil }
        let temporary = NSTemporaryDirectory()
        guard FileManager.default.fileExists(atPath: folder.path) else {
            return try await forecast(in: temporary, sharing: shared)
        }
        do {
            return try await forecast(in: folder.path, sharing: shared)
        } catch let first as LedgerProblem where Self.isOfPlace(first) {
            do {
                return try await forecast(in: temporary, sharing: shared)
            } catch let second as LedgerProblem where Self.isOfPlace(second) {
                throw Self.problem(first, folder.path, second, temporary)
            }
        }
    }

    /// The ledgers that the pass takes from and that are there, its own first.
    var ledgers: [String] {
        let other = takesFromRun ? runFolder.ledger : nil
        let shared = plan.recipe.sharedLedger.flatMap { Ledger.isBegun(path: $0) ? $0 : nil }
        return [isBegun ? folder.ledger : nil, other, shared].compactMap(\.self)
    }

    private var isBegun: Bool { Ledger.isBegun(path: folder.ledger) }

    /// Whether a shard takes what its run has bought.
    private var takesFromRun: Bool { shard != nil && Ledger.isBegun(path: runFolder.ledger) }

    /// What the pass can take from without buying: the ledger that the recipe shares, and for a shard its run's.
    private func openShared() throws -> SharedLedger? {
        let shared = try runFolder.sharedLedger(of: plan.recipe).flatMap { try SharedLedger(lookingInto: $0) }
        guard takesFromRun else { return shared }
        return try SharedLedger(ofRun: runFolder.ledger, then: shared)
    }

    private func forecast(in place: String, sharing shared: SharedLedger?) async throws -> Forecast {
        let scratch = Scratch()
        defer { scratch.folder.withLock { $0?.remove() } }
        return try await withSignals { _ in
            // Nothing is under way that anybody would miss.
            scratch.folder.withLock { $0?.remove() }
            Terminal.tell("\ninterrupted: everything is as it was")
            _exit(CommandExit.interrupted.rawValue)
        } _: {
            try await rehearsed(
                in: try scratch.folder.withLock { folder in
                    let made = try RehearsalFolder(in: place)
                    folder = made
                    return made
                },
                sharing: shared
            )
        }
    }

    /// The folder once it is made; whoever ends the process waits while it is being made.
    private final class Scratch: Sendable {
        let folder = Mutex<RehearsalFolder?>(nil)
    }

    private func rehearsed(
        in scratch: RehearsalFolder,
        sharing shared: SharedLedger?
    ) async throws -> Forecast {
        let now: @Sendable () -> Double = { Date().timeIntervalSince1970 }
        let ledger = try Ledger.rehearse(
            path: isBegun ? folder.ledger : nil,
            in: scratch,
            sharing: shared,
            name: plan.recipe.name,
            recipe: plan.recipe.text,
            plan: workshop.ledgerPlan(shard),
            product: Product.version,
            now: now()
        )
        let sandbox =
            plan.needs.contains(.sandbox)
            ? try await SandboxDoor.open(
                minimum: plan.recipe.sandbox.minimum,
                allowsNone: allowsNoSandbox
            ) : nil
        let progress = Progress(isQuiet: false, seeds: plan.estimate.seeds, now: now)
        defer { progress.finish() }
        return try await Rehearsal(plan: plan, ledger: ledger, sandbox: sandbox, shard: shard).run(
            progress: progress.update
        )
    }

    /// Whether a rehearsal may go well at another place.
    private static func isOfPlace(_ problem: LedgerProblem) -> Bool {
        [.full, .denied, .other].contains(problem.code)
    }

    private static func problem(
        _ first: LedgerProblem,
        _ place: String,
        _ second: LedgerProblem,
        _ temporary: String
    ) -> LedgerProblem {
        guard second.code == .full else {
            let words = second.description.replacing(
                "cannot write the ledger",
                with: "cannot read the ledger"
            )
            return LedgerProblem(second.code, words, hint: second.hint)
        }
        let isFull = first.code == .full
        return LedgerProblem(
            .full,
            "the disk is full: a copy of the ledger without its replies has no room in `\(temporary)`"
                + (isFull ? ", nor in `\(place)`" : ""),
            hint:
                "make room, or name another place for temporary files with TMPDIR; `--quick` shows the worst case alone"
        )
    }
}
