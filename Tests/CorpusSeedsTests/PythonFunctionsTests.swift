import CorpusKit
import Foundation
import TestSupport
import Testing

/// The shipped tasks against solutions that are right and solutions that are plausible and wrong.
@Suite("Python functions")
struct PythonFunctionsTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
    private static let folder = root.appending(path: "Tests/Fixtures/python-functions")
    private static let seeds = root.appending(path: "Seeds/python-functions.jsonl")

    private static func checked() async throws -> JSONValue {
        let script = folder.appending(path: "check.py").path
        return try JSONValue(
            parsing: try await Child.output(of: "python3", script, seeds.path, folder.path)
        )
    }

    @Test("Every reference passes its task's tests, every wrong solution fails them, and the papers say so")
    func suites() async throws {
        let result = try await Self.checked()
        let papers = try String(
            contentsOf: Self.root.appending(path: "Seeds/python-functions.md"),
            encoding: .utf8
        )

        #expect(result["findings"]?.elements?.compactMap(\.text) == [])
        func count(_ name: String) throws -> Int { try #require(result["counts"]?[name]?.whole) }
        #expect(papers.contains("`python-functions.jsonl`, \(try count("tasks")) rows"))
        for difficulty in ["easy", "medium", "hard"] {
            let cases = try count("cases \(difficulty)")
            #expect(papers.contains(try Regex("\\| \(difficulty) \\| \\d+ \\| \(cases) \\|")))
        }
        #expect(papers.contains("\(try count("wrong")) plausible wrong solutions"))
        #expect(papers.contains("Of \(try count("changes")) small changes"))
        #expect(papers.contains("the tests catch \(try count("caught"))."))
    }
}
