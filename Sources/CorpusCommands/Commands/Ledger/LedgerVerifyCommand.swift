import ArgumentParser
import CorpusKit
import CorpusLedger

/// `corpusmith ledger verify RUN`: looks for everything on a ledger that cannot be so.
struct LedgerVerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check that a ledger is sound",
        discussion: """
            Changes nothing. Checks the pages of the file; that what rows refer to is there; that requests and contents have \
            the digests under which they are kept, and every body can be unpacked and read; that everything dropped inside a \
            unit is there; and that candidates = exported + dropped + failed. What is wrong is named by table and key. Keys of \
            executions cannot be checked: they depend on versions that are not kept. Of a dropped body only its digest is left.

            While a run is at work, what was there at one moment is checked; the file's log grows meanwhile.

            With --json, one object a line: faults with `table`, `key` and `what`, then one with `schema`, `faults`, `rows` by table, \
            `dropped_bodies` and `is_unfinished`.

            Exit codes: 0 sound, 1 faults found, 2 there is no such run or its file cannot be read at all, 64 bad command line.

            Example: corpusmith ledger verify output/quickstart
            """
    )

    @Argument(help: "The run's folder, or the file of a shared ledger", completion: .file())
    var run: String

    @Flag(help: "Print one JSON object a line on standard output")
    var json = false

    func run() async throws {
        try await reporting {
            let check = try reading(LedgerPlace(run).path) { ledger in
                try ledger.verify { fault in
                    if json {
                        Terminal.print(line: [
                            "table": .string(fault.table), "key": .string(fault.key),
                            "what": .string(fault.what),
                        ])
                    } else {
                        let place = fault.key.isEmpty ? fault.table : "\(fault.table) \(fault.key)"
                        Terminal.print("\(place): \(fault.what)")
                    }
                }
            }
            if json {
                Terminal.print(line: [
                    "schema": 1, "faults": .int(check.faults),
                    "rows": .object(check.rows.mapValues(JSONValue.int)),
                    "dropped_bodies": .int(check.droppedBodies), "is_unfinished": .bool(check.isUnfinished),
                ])
            } else {
                tell(check)
            }
            if check.faults > 0 { throw CommandExit.findings }
        }
    }

    private func tell(_ check: LedgerCheck) {
        let rows = Amount.count(check.rows.values.reduce(0, +))
        if check.faults == 0 {
            Terminal.print("sound: \(rows) rows in \(check.rows.count) tables")
        } else {
            Terminal.print("\(Amount.count(check.faults)) faults in \(rows) rows")
            Terminal.tell(
                "hint: put the ledger back from a copy, or save the replies with `corpusmith ledger export \(run) --to FILE` and run "
                    + "the recipe with `--cassette` into another folder"
            )
        }
        if check.droppedBodies > 0 {
            Terminal.print("\(Amount.count(check.droppedBodies)) bodies were dropped by `ledger vacuum`")
        }
        if check.isUnfinished { Terminal.tell("note: the last pass is at work, or was killed") }
    }
}
