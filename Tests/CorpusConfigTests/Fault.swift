import CorpusConfig
import CorpusDiagnostics
import Testing

/// Recipes with the place of the fault marked by `1️⃣`, what is said about it, and the hint.
struct Fault: Sendable, CustomTestStringConvertible {
    var name: String
    var code: String
    var message: String
    var hint: String?
    var text: String
    var testDescription: String { name }
}

let skeleton = (
    sources: "sources: { tasks: { read: jsonl, path: a.jsonl } }\n",
    stages: "stages: { s: { generate: solve, from: tasks } }\n",
    exports: "exports: { sft: { write: sft-messages, from: s } }\n"
)

func recipe(_ extra: String) -> String {
    "version: 1\nname: x\n" + skeleton.sources + skeleton.stages + skeleton.exports + extra
}

func read(_ text: String) throws -> Recipe {
    do {
        let reading = RecipeReading(try ConfigDocument(file: "r.yaml", text: text))
        guard let recipe = reading.recipe, reading.faults.isEmpty else {
            throw DiagnosticReport(reading.faults, sources: ["r.yaml": text])
        }
        return recipe
    } catch let fault as Diagnostic {
        throw DiagnosticReport([fault], sources: ["r.yaml": text])
    }
}

extension Fault {
    /// Reads the recipe and compares what is said about it.
    func check() throws {
        let (text, line, column) = place(in: text)
        let report = try #require(throws: DiagnosticReport.self) { try read(text) }

        #expect(report.diagnostics.map(\.code) == [code])
        let found = try #require(report.diagnostics.first)
        #expect(found.message == message)
        if let hint { #expect(found.hint == hint) }
        #expect(found.location?.line == line)
        #expect(found.location?.column == column)
    }

    private func place(in marked: String) -> (text: String, line: Int, column: Int) {
        let lines = marked.split(separator: "\n", omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            guard let mark = line.firstRange(of: "1️⃣") else { continue }
            let column = line.distance(from: line.startIndex, to: mark.lowerBound) + 1
            return (marked.replacing("1️⃣", with: ""), index + 1, column)
        }
        return (marked, 0, 0)
    }
}
