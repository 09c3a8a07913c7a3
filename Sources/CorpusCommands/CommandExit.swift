import ArgumentParser
import CorpusDiagnostics
import CorpusKit
import CorpusLedger
import CorpusText

/// The exit codes; documented in `docs/reference/exit-codes.md`, never reused.
enum CommandExit {
    /// Whether labels of errors are coloured, while a command that was told so runs.
    @TaskLocal static var colour = ColourChoice.auto

    /// Done, and what was asked to be checked has findings.
    static let findings = ExitCode(1)
    /// Could not do it: bad recipe, missing file, endpoint refused.
    static let failed = ExitCode(2)
    /// Stopped early but resumable: budget reached, endpoint down, disk full.
    static let resumable = ExitCode(75)
    /// Interrupted; the ledger is consistent and the same command continues.
    static let interrupted = ExitCode(130)

    /// Tells an error to the person and gives the exit code that fits it.
    static func code(for error: any Error) -> ExitCode {
        switch error {
        case let code as ExitCode: return code
        case let report as DiagnosticReport:
            Terminal.tell(report)
            return failed
        case let problem as LedgerProblem:
            tell(problem.code.rawValue, problem.description, hint: problem.hint)
            return problem.code == .full || problem.isBusy ? resumable : failed
        case let problem as CassetteProblem:
            tell(problem.code.rawValue, problem.description, hint: problem.hint)
            return failed
        case let failure as WorkFailure:
            tell(failure.code.description, failure.description, hint: failure.hint)
            return failed
        case let problem as ResourceProblem:
            tell("missing-file", problem.description, hint: nil)
            return failed
        case let problem as CommandProblem:
            tell(problem.code, problem.description, hint: problem.hint)
            return problem.isResumable ? resumable : failed
        case let problem as FileProblem:
            tell(problem.isFull ? "disk-full" : "file-error", problem.description, hint: nil)
            return problem.isFull ? resumable : failed
        case let problem as ExportProblem:
            tell("export-error", problem.description, hint: nil)
            return failed
        case is CancellationError: return interrupted
        default:
            tell("error", "\(error)", hint: nil)
            return failed
        }
    }

    static func tell(_ code: String, _ message: String, hint: String?) {
        let label = Paint(isOn: colour.isOn(2)).red("error[\(code)]")
        Terminal.tell(": \(message)" + (hint.map { "\nhint: \($0)" } ?? ""), label: label)
    }
}

/// Something a command could not do.
struct CommandProblem: Error, Sendable {
    let code: String
    let description: String
    let hint: String?
    var isResumable = false

    init(_ code: String, _ description: String, hint: String? = nil, isResumable: Bool = false) {
        self.code = code
        self.description = description
        self.hint = hint
        self.isResumable = isResumable
    }
}

/// Runs a command's body and turns whatever it throws into words and an exit code.
///
/// - Parameters:
///   - colour: Whether the labels of errors are coloured.
///   - body: What the command does.
/// - Throws: The exit code.
func reporting(colour: ColourChoice = .auto, _ body: () async throws -> Void) async throws {
    try await CommandExit.$colour.withValue(colour) {
        do {
            try await body()
        } catch let exit as ExitCode {
            throw exit
        } catch {
            throw CommandExit.code(for: error)
        }
    }
}

/// Looks into a ledger without changing it.
///
/// - Throws: ``LedgerProblem`` in the words of somebody who only reads.
func reading<Answer>(_ path: String, _ look: (Ledger) throws -> Answer) throws -> Answer {
    do {
        return try look(Ledger.read(path: path))
    } catch let problem as LedgerProblem {
        throw problem.ofReading
    }
}

extension LedgerProblem {
    /// The same in the words of somebody who only reads.
    var ofReading: LedgerProblem {
        guard code == .denied else { return self }
        return LedgerProblem(
            .denied,
            description.replacing("cannot write the ledger", with: "cannot read the ledger"),
            hint: hint
        )
    }
}
