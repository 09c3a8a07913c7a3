import CorpusModel
import Testing

@testable import CorpusKit

/// An expression with 5,000 times the same before and after it; a test's log names one of each.
private struct Nested: Sendable, CustomTestStringConvertible {
    let before: String
    let core: String
    let after: String

    init(_ before: String, _ core: String, _ after: String) {
        self.before = before
        self.core = core
        self.after = after
    }

    var text: String { String(repeating: before, count: 5000) + core + String(repeating: after, count: 5000) }
    var testDescription: String { before + core + after }
}

@Suite("Limits of a template")
struct TemplateLimitsTests {
    private func problem(
        in text: String,
        steps: Int = 1_000_000,
        bytes: Int = 1000,
        values: [String: JSONValue] = [:]
    ) -> PromptProblem? {
        #expect(throws: PromptProblem.self) {
            let file = PluginSetup.File(name: "p", path: "p", bytes: Array(text.utf8))
            let limits = TemplateLimits(steps: steps, bytes: bytes)
            let template = try PromptTemplate(file: file, variables: nil, limits: limits) { _ in file }
            _ = try template.rendered(with: values)
        }
    }

    @Test(
        "Endless work ends at the step limit",
        arguments: [
            "{% for a in x %}{% for b in x %}{% for c in x %}{% endfor %}{% endfor %}{% endfor %}",
            "{% for a in x %}{{ '' if a in x }}{% endfor %}",
        ]
    )
    func steps(_ text: String) {
        let found = problem(in: text, steps: 500, values: ["x": .array((0..<40).map { .int($0) })])
        #expect(found?.code == "step-limit")
        #expect(found?.message == "the template takes more than 500 steps")
    }

    @Test("One comparison ends at the step limit as well", arguments: ["x == x", "[x] < [x]", "-1 in x"])
    func stepsOfComparison(_ expression: String) {
        let found = problem(
            in: "{{ \(expression) }}",
            steps: 500,
            bytes: 10_000,
            values: ["x": .array((0..<600).map { .int($0) })]
        )
        #expect(found?.code == "step-limit")
    }

    @Test(
        "Text cannot grow over the output limit, also not on the way",
        arguments: [
            "{% for a in x %}{{ x }}{% endfor %}",
            "{{ ('a' * 1001)|length }}",
            "{{ ('a' * 9223372036854775807)|length }}",
            "{% set a = 'aaaaaaaaaa' %}{% set a = a ~ a ~ a ~ a %}{% set a = a ~ a ~ a ~ a %}{% set a = a ~ a ~ a ~ a ~ a ~ a ~ a %}",
            "{% set a = 'a' * 900 %}{% set b = a + a %}",
            "{% set a = ('a' * 500)|replace('a', 'bbb') %}",
            "{% set a = ('a' * 500)|replace('', 'bbb') %}",
            "{% set a = ('a\n' * 200)|indent(8) %}",
            "{% set a = 'a'|indent(5000) %}",
            "{% set a = x|join('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa') %}",
            "{% set a = ('a' * 999)|tojson %}",
            "{% set a = [x, x, x, x, x, x, x, x, x, x]|string %}",
        ]
    )
    func bytes(_ text: String) {
        let found = problem(in: text, values: ["x": .array((0..<40).map { .int($0) })])
        #expect(found?.code == "output-limit")
    }

    @Test(
        "Lists cannot grow without end",
        arguments: ["[1] * 1000001", "[1] * 9223372036854775807", "[1, 2] * 9223372036854775807"]
    )
    func lists(_ expression: String) {
        #expect(problem(in: "{{ (\(expression))|length }}")?.code == "output-limit")
    }

    @Test(
        "Deep nesting is refused instead of running out of stack",
        arguments: [
            Nested("(", "1", ")"), Nested("[", "", "]"), Nested("-", "1", ""), Nested("not ", "1", ""),
            Nested("", "1", " + 1"), Nested("", "x", "|upper"), Nested("", "x", ".a"),
            Nested("1 if 1 else ", "1", ""),
            Nested("", "1", " if 1"),
        ]
    )
    fileprivate func nesting(_ expression: Nested) {
        #expect(problem(in: "{{ \(expression.text) }}")?.code == "nesting")
    }

    @Test("Blocks nest to a limit")
    func blocks() {
        let text =
            String(repeating: "{% if 1 %}", count: 5000) + String(repeating: "{% endif %}", count: 5000)
        #expect(problem(in: text)?.code == "nesting")
    }

    @Test("Long chains that need no depth are fine")
    func chains() throws {
        let text = "{{ 'a'" + String(repeating: " ~ 'a'", count: 5000) + " }}"
        #expect(try PromptTemplate(text).rendered(with: [:]).count == 5001)
        #expect(
            try PromptTemplate("{{ 1" + String(repeating: " and 1", count: 5000) + " }}").rendered(with: [:])
                == "1"
        )
    }

    @Test("A value that nests as deep as JSON allows can be printed")
    func deepValues() throws {
        let text = String(repeating: "[", count: 512) + String(repeating: "]", count: 512)
        let value = try JSONValue(parsing: text)
        #expect(
            try PromptTemplate("{{ x }}{{ x|tojson }}{{ x == x }}").rendered(with: ["x": value]) == text
                + text + "True"
        )
    }

    @Test("A template that includes itself is refused with the way it does")
    func cycle() {
        let marked = MarkedTemplate("b{% include 1️⃣'prompt.jinja' %}")
        let problem = #expect(throws: PromptProblem.self) {
            try PromptTemplate(
                "{% include 'b' %}",
                includes: ["b": marked.text, "prompt.jinja": "{% include 'b' %}"]
            )
        }
        #expect(problem?.code == "include-cycle")
        #expect(problem?.path == "b")
        #expect(problem?.place == marked.place)
        #expect(problem?.message == "`prompt.jinja` includes itself: prompt.jinja → b → prompt.jinja")
    }

    @Test("Includes go 16 deep, in whatever order they are met", arguments: [false, true])
    func includeDepth(isKnownBefore: Bool) throws {
        func includes(_ count: Int) -> [String: String] {
            Dictionary(
                uniqueKeysWithValues: (1...count).map {
                    ("\($0)", $0 == count ? "x" : "{% include '\($0 + 1)' %}")
                }
            )
        }
        let start = isKnownBefore ? "{% include '9' %}{% include '1' %}" : "{% include '1' %}"
        let deepest = try PromptTemplate(start, includes: includes(15)).rendered(with: [:])
        #expect(deepest == (isKnownBefore ? "xx" : "x"))
        let problem = #expect(throws: PromptProblem.self) {
            try PromptTemplate(start, includes: includes(16))
        }
        #expect(problem?.code == "include-depth")
    }

    @Test("What the finder of included templates throws comes through")
    func missingInclude() {
        let problem = #expect(throws: ResourceProblem.self) { try PromptTemplate("{% include 'x' %}") }
        #expect(problem?.name == "x")
    }
}
