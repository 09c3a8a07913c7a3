import CorpusDiagnostics
import CorpusPipeline
import TestSupport
import Testing

@Suite("Recipes that could be read in part")
struct PartialRecipeTests {
    /// A change to the toy recipe that hides something from the plan, and the only faults that it is.
    struct Slip: Sendable, CustomTestStringConvertible {
        var old: String
        var new: String
        var codes: [String]
        var testDescription: String { new }
    }

    @Test(
        "What could not be read is one fault, and what seems to be missing because of it is none",
        arguments: [
            Slip(old: "models: {", new: "model: {", codes: ["unknown-key"]),
            Slip(old: "models: { m:", new: "models: { m: 5, n:", codes: ["wrong-type"]),
            Slip(old: "toy, limits", new: "toy, limit", codes: ["unknown-key"]),
            Slip(
                old: "budget: { tokens: 1000000 }",
                new: "budgets: { tokens: 1000000 }",
                codes: ["unknown-key"]
            ),
            Slip(
                old: "budget: { tokens: 1000000 }",
                new: "budget: { tokens: many, per_role: { m: { calls: 5 } } }",
                codes: ["wrong-type"]
            ),
            Slip(old: "sources: {", new: "source: {", codes: ["unknown-key"]),
            Slip(old: "tasks: { read: toy", new: "tasks: { reed: toy", codes: ["missing-field"]),
            Slip(old: "tasks: { read: toy, count: 12, broken: 1 }", new: "tasks: toy", codes: ["wrong-type"]),
            Slip(old: "model: m }", new: "modle: m }", codes: ["unknown-key"]),
            Slip(old: "model: m }", new: "model: [m] }", codes: ["wrong-type"]),
            Slip(
                old: "from: tasks, model: m",
                new: "form: tasks, model: m",
                codes: ["unknown-key"]
            ),
            Slip(old: "from: solved", new: "from: solved.fial", codes: ["unknown-outcome"]),
            Slip(
                old: "generate: toy-solve",
                new: "genrate: toy-solve",
                codes: ["unknown-key"]
            ),
            Slip(old: "version: 1", new: "version: 2", codes: ["unknown-version"]),
            Slip(
                old: "sft: { write: toy-write",
                new: "sft: { writ: toy-write",
                codes: ["unknown-key"]
            ),
        ]
    )
    func noNoise(slip: Slip) throws {
        let text = TestRun.recipe.edited(slip.old, to: slip.new)
        let report = try #require(throws: DiagnosticReport.self) { try TestRun.plan(text) }

        #expect(report.diagnostics.map(\.code).sorted() == slip.codes, "\(report.rendered())")
    }

    @Test("A stage with a fault of its own is held against the plug-ins all the same")
    func partial() throws {
        let text = TestRun.recipe.edited("toy-solve, from: tasks", to: "toy-sole, widht: 4, from: tasks")
            .edited("verify: toy-check", to: "width: none, verify: toy-chek")
        let report = try #require(throws: DiagnosticReport.self) { try TestRun.plan(text) }

        #expect(
            report.diagnostics.map(\.code) == [
                "unknown-plugin", "unknown-key", "wrong-type", "unknown-plugin",
            ]
        )
    }

    @Test("Faults of what is nowhere point at the key that it belongs to, or at the beginning")
    func places() throws {
        func place(_ text: String) throws -> [Int?] {
            let report = try #require(throws: DiagnosticReport.self) { try TestRun.plan(text) }
            return report.diagnostics.map { $0.location?.line }
        }
        #expect(try place(TestRun.recipe.edited("budget: { tokens: 1000000 }\n", to: "")) == [4])
        let lines = TestRun.recipe.split(separator: "\n").filter { !$0.contains("write:") }
        let text = lines.joined(separator: "\n").edited("exports:", to: "exports: {}")
        #expect(try place(text).contains(lines.firstIndex(of: "exports:").map { $0 + 1 }))
    }
}
