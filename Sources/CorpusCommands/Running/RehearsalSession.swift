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
    let shard: Shard?
    /// The plan, or what of it is a shard's.
    let plan: Plan
    let allowsNoSandbox: Bool

    init(workshop: Workshop, run folder: RunFolder, shard: Shard?, allowsNoSandbox: Bool) {
        (self.workshop, self.shard, self.allowsNoSandbox) = (workshop, shard, allowsNoSandbox)
        self.folder = shard.map(folder.shard) ?? folder
        plan = shard.map(workshop.plan.part) ?? workshop.plan
    }

    /// What the next pass will do; nil when there is no ledger yet.
    ///
    /// The copy of the ledger lies in the run's folder, or where temporary files lie when there is no room or no right.
    ///
    /// - Throws: What would stop the pass before its end, and ``LedgerProblem`` when the copy cannot be made.
    func forecast() async throws -> Forecast? {
        guard Ledger.isBegun(path: folder.ledger) else { return nil }
        let temporary = NSTemporaryDirectory()
        do {
            return try await forecast(in: folder.path)
        } catch let first as LedgerProblem where Self.isOfPlace(first) {
            do {
                return try await forecast(in: temporary)
            } catch let second as LedgerProblem where Self.isOfPlace(second) {
                throw Self.problem(first, folder.path, second, temporary)
            }
        }
    }

    private func forecast(in place: String) async throws -> Forecast {
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
                }
            )
        }
    }

    /// The folder once it is made; whoever ends the process waits while it is being made.
    private final class Scratch: Sendable {
        let folder = Mutex<RehearsalFolder?>(nil)
    }

    private func rehearsed(in scratch: RehearsalFolder) async throws -> Forecast {
        let now: @Sendable () -> Double = { Date().timeIntervalSince1970 }
        let ledger = try Ledger.rehearse(
            path: folder.ledger,
            in: scratch,
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
