import ArgumentParser
import CorpusKit
import Foundation

/// `corpusmith ctl status RUN`: tells how a run stands.
struct CtlStatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Tell how a run stands, also when no process works on it",
        discussion: """
            Asks the process that works on the run; where there is none, or it does not answer, the ledger tells. Counts are those \
            of this pass, what is spent is that of all passes, time that of this one. A stage's width is how many units it works \
            on at once; of those that are done, some were dropped or failed.

            States: `running`, `paused`, `draining` (what is in work ends, and then the run does), `exporting`; without a process \
            `done`, `interrupted`, `drained`, `budget`, `skipped`, `killed` and others that say why it stopped.

            With --json: `run`, `process` (its number, or null), `pass`, `state`, `since` (seconds since 1970), `reason` (why it \
            ends, or null), `stages` (`name`, `verb`, `plugin`, `width`, `waiting` (null without a process), `in_work`, `done`, \
            `dropped`, `failed`, `skipped`), `calls` (`in_flight`, `waiting`), `budget` (`calls`, `tokens`, `usd`, `wall` in seconds, \
            each with `spent` and `cap`, null where unknown or without a cap), `seeds` and `exported` (what was read, and what \
            has come to an export).

            Exit codes: 0 done, 2 there is no such run, 64 bad command line.

            Example: corpusmith ctl status output/quickstart
            """
    )

    @Argument(help: "The run's folder", completion: .directory)
    var run: String

    @Flag(help: "Print the status as JSON on standard output")
    var json = false

    @Option(help: "Colour: auto, always or never")
    var color = ColourChoice.auto

    func run() async throws {
        try await reporting(colour: color) {
            let (status, note) = try ControlClient(folder: RunFolder(path: run)).status()
            if let note { Terminal.tell("note: \(note)") }
            if json {
                Terminal.print(status.json)
            } else {
                RunStatusText(
                    status: status,
                    paint: Paint(isOn: color.isOn(1)),
                    now: Date().timeIntervalSince1970
                ).lines.forEach { Terminal.print(painted: $0) }
            }
        }
    }
}
