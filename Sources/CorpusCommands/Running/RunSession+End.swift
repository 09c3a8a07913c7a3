import ArgumentParser
import CorpusKit
import CorpusLedger
import CorpusPipeline
import CorpusText

extension RunSession {
    /// Ends a pass: exports what a whole run gave, or tells why it stopped.
    ///
    /// - Returns: The report after the pass.
    /// - Throws: An exit code after telling why, or a problem.
    func conclude(
        _ end: PassEnd,
        _ ledger: Ledger,
        _ now: @Sendable () -> Double,
        budgetHint: String
    ) async throws -> RunReport {
        guard let stop = end.stop else {
            do {
                return shard == nil
                    ? try await export(ledger, now) : try leave(ledger, holding: end.held, now)
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
                    + (shard == nil ? "exports come when all is done; " : "")
                    + "the account: corpusmith report \(folder.path)"
            )
        }
        throw exit
    }

    /// Ends a shard that has done its part; what waits in it the run decides about that it is merged into.
    private func leave(
        _ ledger: Ledger,
        holding held: Int,
        _ now: @Sendable () -> Double
    ) throws -> RunReport {
        let found = try ledger.report()
        try check(found, holding: held)
        try ledger.end(state: lacksReplies(found) ? Self.partly : ShardLedger.done, now: now())
        let report = try ledger.report()
        try write(report)
        try tellFailures(ledger, report)
        return report
    }

    private static let partly = "replayed in part"

    /// - Throws: ``CommandProblem`` when more candidates have no final state than are known to wait.
    private func check(_ report: RunReport, holding held: Int = 0) throws {
        guard report.counts.open > held else { return }
        throw CommandProblem(
            "internal-error",
            "\(counted(report.counts.open - held, "candidate")) without a final state",
            hint: "this is a fault of the product: report it with the recipe"
        )
    }

    private func lacksReplies(_ report: RunReport) -> Bool {
        tape.isReplay && report.counts.failed[ReplayEndpoint.code.description] ?? 0 > 0
    }

    private func export(_ ledger: Ledger, _ now: @Sendable () -> Double) async throws -> RunReport {
        let found = try ledger.report()
        try check(found)
        if lacksReplies(found) {
            // What is whole already is not given up for what lacks a part.
            try ledger.end(state: Self.partly, now: now())
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

    func recordCassette(_ ledger: Ledger) throws {
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
