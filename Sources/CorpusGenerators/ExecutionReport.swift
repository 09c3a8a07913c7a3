import CorpusKit

/// What somebody who ran the code would tell its author: which shown tests failed, and how.
struct ExecutionReport: Sendable {
    /// The most failing tests that are told about.
    static let mostTests = 3
    /// Longer values are cut in the middle.
    static let mostCharacters = 400
    /// Lines kept from the start and from the end of what the program wrote.
    static let edgeLines = 20
    /// Lines kept of what a compiler wrote.
    static let compilerLines = 5

    let text: String

    init(_ result: ExecutionResult, of suite: TestSuite) {
        var parts = [Self.headline(result)]
        let failing = result.tests.enumerated().filter { $0.element.verdict != .ok }
        for (index, test) in failing.prefix(Self.mostTests) where index < suite.count {
            parts.append(Self.described(test, index, of: suite))
        }
        if failing.count > Self.mostTests {
            parts.append("\(failing.count - Self.mostTests) more tests fail.")
        }
        let trace = Self.trace(result)
        if !trace.isEmpty { parts.append("Standard error:\n\(trace)") }
        text = parts.joined(separator: "\n\n")
    }

    private static func headline(_ result: ExecutionResult) -> String {
        switch result.verdict {
        case .compileError: "The code does not compile."
        case .timeout, .cpuLimit:
            "The code is too slow: \(result.passed) of \(result.total) tests pass in time."
        case .memoryLimit: "The code needs too much memory: \(result.passed) of \(result.total) tests pass."
        default: "\(result.passed) of \(result.total) tests pass."
        }
    }

    private static func described(_ test: ExecutionResult.Test, _ index: Int, of suite: TestSuite) -> String {
        let question: String
        let expected: String
        switch suite {
        case .call(let entryPoint, let cases, _):
            let arguments = cases[index].arguments.map(\.canonical).joined(separator: ", ")
            question = "\(entryPoint)(\(cut(arguments)))"
            expected = cut(cases[index].expected.canonical)
        case .io(let cases, _):
            question = "with the input \(cut(JSONValue.string(cases[index].input).canonical))"
            expected = cut(JSONValue.string(cases[index].expected).canonical)
        }
        let got: String
        switch test.verdict {
        case .wrongAnswer: got = "got \(cut(test.got ?? "something else"))"
        case .timeout, .cpuLimit: got = "ran out of time"
        case .memoryLimit: got = "ran out of memory"
        case .outputLimit: got = "printed too much"
        case .earlyExit: got = "the program ended before it answered"
        default: got = "it crashed" + (test.got.map { ": \(cut($0))" } ?? "")
        }
        return "Test \(index + 1): \(question)\nexpected \(expected)\n\(got)"
    }

    private static func trace(_ result: ExecutionResult) -> String {
        let lines = result.diagnostics.trimmed.textLines.map { line in
            String(line).replacing(/(?:\/[\w.+-]+)+\/([\w.+-]+)/) { String($0.1) }
        }
        if result.verdict == .compileError { return lines.prefix(compilerLines).joined(separator: "\n") }
        guard lines.count > 2 * edgeLines else { return lines.joined(separator: "\n") }
        let left = lines.count - 2 * edgeLines
        return (lines.prefix(edgeLines) + ["… \(left) lines left out …"] + lines.suffix(edgeLines)).joined(
            separator: "\n"
        )
    }

    private static func cut(_ text: String) -> String {
        guard text.count > mostCharacters else { return text }
        return "\(text.prefix(mostCharacters / 2)) … \(text.suffix(mostCharacters / 2))"
    }
}
