import ArgumentParser
import CorpusKit
import CorpusLedger

/// `corpusmith ledger vacuum RUN`: makes a ledger's file smaller.
struct LedgerVacuumCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vacuum",
        abstract: "Make a ledger's file smaller",
        discussion: """
            Writes the file anew without the room that nothing fills, and loses nothing; needs as much room again on the disk \
            while it works. Refused while a run is at work with it.

            --drop-bodies puts a digest in place of what was asked and answered (`calls`), of programs and what came of them \
            (`executions`), or both (`all`). Keys, costs, tokens, samples, evidence and outcomes stay, and so does the report. \
            A pass that needs a reply which was dropped stops with `body-dropped`, since it would have to be bought again; \
            `ledger import` and `run --cassette` bring replies back from a cassette, so write one with `ledger export` before. \
            Executions that were dropped are done again where they are needed, at no cost.

            With --json: `bytes_before`, `bytes_after`, and how many calls and executions were `dropped`.

            Exit codes: 0 done, 2 there is no such run, or --yes is missing, 64 bad command line, 75 the disk is full.

            Example: corpusmith ledger vacuum output/quickstart
            """
    )

    @Argument(help: "The run's folder, or the file of a shared ledger", completion: .file())
    var run: String

    @Option(
        help: "Drop texts for good: calls, executions or all; says what it would lose unless --yes is given"
    )
    var dropBodies: DroppableBodies?

    @Flag(help: "Do drop them")
    var yes = false

    @Flag(help: "Print what was won as JSON on standard output")
    var json = false

    func run() async throws {
        try await reporting {
            try await LedgerPlace(run).maintaining { ledger in
                var dropped = 0
                let before = ledger.fileBytes
                if let dropBodies {
                    try confirm(dropBodies, ledger)
                    dropped = try ledger.drop(dropBodies)
                }
                try ledger.compact()
                let after = ledger.fileBytes
                if json {
                    Terminal.print([
                        "schema": 1, "bytes_before": .int(before), "bytes_after": .int(after),
                        "dropped": .int(dropped),
                    ])
                } else {
                    Terminal.print("\(Amount.bytes(before)) before, \(Amount.bytes(after)) now")
                }
            }
        }
    }

    /// Says what would be lost and won.
    ///
    /// - Throws: ``CommandProblem`` when nobody has agreed to it.
    private func confirm(_ bodies: DroppableBodies, _ ledger: Ledger) throws {
        for kind in bodies == .all ? [DroppableBodies.calls, .executions] : [bodies] {
            let (rows, bytes) = try ledger.droppable(kind)
            Terminal.tell(
                "\(Amount.count(rows)) \(kind.rawValue) have bodies, \(Amount.bytes(bytes)) of them"
            )
            guard rows > 0 else { continue }
            switch kind {
            case .calls, .all:
                Terminal.tell(
                    "  without them: no `run --replay`, no cassette; a pass that needs such a reply stops, as it would have to buy it "
                        + "again; `explain` shows no prompt and no reply"
                )
            case .executions:
                Terminal.tell(
                    "  without them: what a later pass needs runs in the sandbox again; `explain` shows no result of a program"
                )
            }
        }
        guard yes else {
            throw CommandProblem(
                "needs-yes",
                "nothing was dropped: it cannot be undone",
                hint:
                    "write a cassette with `corpusmith ledger export \(run) --to FILE`, then give the same command with `--yes`"
            )
        }
    }
}

extension DroppableBodies: ExpressibleByArgument {}
