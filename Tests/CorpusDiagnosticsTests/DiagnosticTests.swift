import CorpusDiagnostics
import Testing

@Suite("Diagnostic")
struct DiagnosticTests {
    @Test("A fault shows its line, a caret under it and a hint")
    func rendering() {
        let source = "version: 1\nstages:\n  tested: { verify: tets }\n"
        let fault = Diagnostic(
            "unknown-plugin",
            "unknown plug-in `tets` for `verify:`",
            at: .init(file: "recipe.yaml", line: 3, column: 21, length: 4),
            hint: "did you mean `tests`?"
        )

        #expect(
            fault.rendered(with: source) == """
                error[unknown-plugin]: unknown plug-in `tets` for `verify:`
                 --> recipe.yaml:3:21
                  |
                3 |   tested: { verify: tets }
                  |                     ^^^^
                hint: did you mean `tests`?
                """
        )
    }

    @Test("A fault without its source still says where it is")
    func withoutSource() {
        let fault = Diagnostic("missing-file", "no such file", at: .init(file: "a.yaml", line: 12, column: 1))
        #expect(fault.rendered(with: nil) == "error[missing-file]: no such file\n  --> a.yaml:12:1")
    }

    @Test("A caret never runs past its line, and tabs keep it in place")
    func caretBounds() {
        let fault = Diagnostic("x", "y", at: .init(file: "f", line: 1, column: 2, length: 50))
        #expect(fault.rendered(with: "\tab").hasSuffix("1 | \tab\n  | \t^^"))
    }

    @Test("A report sorts by place and counts what forbids a run")
    func report() {
        let report = DiagnosticReport(
            [
                Diagnostic("b", "second", at: .init(file: "f", line: 9, column: 1)),
                Diagnostic("a", "first", at: .init(file: "f", line: 2, column: 5), severity: .warning),
            ],
            sources: [:]
        )
        #expect(report.diagnostics.map(\.code) == ["a", "b"])
        #expect(report.rendered().hasSuffix("1 fault; nothing was called and nothing was written"))
    }

    @Test(
        "The nearest name is found for slips of the finger, and none for other words",
        arguments: [
            ("temprature", "temperature"), ("tests", "tests"), ("tset", "test"), ("Form", "from"),
            ("zzz", nil), ("", nil), ("a", nil), ("nmae", "name"), ("nam", "name"), ("Name", "name"),
        ] as [(String, String?)]
    )
    func nearest(written: String, expected: String?) {
        let known = ["temperature", "tests", "test", "from", "name", "b"]
        #expect(nearestName(to: written, among: known) == expected)
    }

    @Test("A key in a fault's line is shown as dots, under the same carets")
    func masks() {
        let line = "    key: sk-abcdef1234567890abcdef"
        let fault = Diagnostic(
            "key-in-recipe",
            "a key must never stand in a recipe",
            at: Diagnostic.Location(file: "r.yaml", line: 1, column: 5, length: 3)
        )
        let text = fault.rendered(with: line)
        #expect(!text.contains("abcdef12"))
        #expect(text.contains("1 |     key: " + String(repeating: "•", count: 25)))
        #expect(
            Diagnostic.masked("https://models.example.org/v1?api_key=abcd1234efgh")
                == "https://models.example.org/v1?api_key=••••••••••••"
        )
    }
}
