import ArgumentParser
import CorpusDiagnostics
import CorpusKit

/// `corpusmith check RECIPE`: reads a recipe and reports every fault, without calling a model.
struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check a recipe without calling a model",
        discussion: """
            Prints nothing and exits 0 when the recipe is sound. Faults go to standard error with file, line and \
            column; with --json they go to standard output as one document.

            Exit codes: 0 sound, 1 faults found, 2 the recipe could not be read, 64 bad command line.

            Example: corpusmith check Templates/Recipes/quickstart.yaml
            """
    )

    @Argument(help: "The recipe to check", completion: .file(extensions: ["yaml", "yml"]))
    var recipe: String

    @Flag(help: "Print faults as JSON on standard output")
    var json = false

    @Option(help: "Colour: auto, always or never")
    var color = ColourChoice.auto

    func run() async throws {
        try await reporting(colour: color) {
            do {
                _ = try Workshop(recipe: recipe)
                if json { Terminal.print(document([])) }
            } catch let report as DiagnosticReport {
                if json {
                    Terminal.print(document(report.diagnostics))
                } else {
                    Terminal.tell(report)
                }
                throw CommandExit.findings
            }
        }
    }

    private func document(_ faults: [Diagnostic]) -> JSONValue {
        let rows = faults.map { fault -> JSONValue in
            [
                "code": .string(fault.code), "severity": .string(fault.severity.rawValue),
                "message": .string(fault.message), "hint": fault.hint.map(JSONValue.string) ?? .null,
                "file": fault.location.map { .string($0.file) } ?? .null,
                "line": fault.location.map { .int($0.line) } ?? .null,
                "column": fault.location.map { .int($0.column) } ?? .null,
                "length": fault.location.map { .int($0.length) } ?? .null,
            ]
        }
        return ["schema": 1, "faults": .array(rows)]
    }
}
