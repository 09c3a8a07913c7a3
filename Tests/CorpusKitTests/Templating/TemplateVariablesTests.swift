import CorpusKit
import Testing

@Suite("Variables of a template")
struct TemplateVariablesTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let template: String
        let needed: [String]
        let optional: [String]

        init(_ template: String, _ needed: [String], optional: [String] = []) {
            self.template = template
            self.needed = needed
            self.optional = optional
        }

        var testDescription: String { template }
    }

    @Test(
        "Variables from outside are known before rendering",
        arguments: [
            Row("{{ b.x }}{{ a[c] }}{{ a }}", ["a", "b", "c"]),
            Row("{{ x is defined }}", [], optional: ["x"]),
            Row("{{ x|default(y) }}", ["y"], optional: ["x"]),
            Row("{{ x.y|default(1) }}", ["x"]),
            Row("{{ x|default(1) }}{{ x }}", ["x"]),
            Row("{% for a in b %}{{ a }}{{ loop.index }}{{ c }}{% endfor %}", ["b", "c"]),
            Row("{% for a in a %}{{ a }}{% endfor %}{{ a }}", ["a"]),
            Row("{% for a in [] %}{% set b = 1 %}{% else %}{{ a }}{% endfor %}{{ b }}", ["a", "b"]),
            Row("{% for a in x if a == y %}{% endfor %}", ["x", "y"]),
            Row("{% set a = a %}{{ a }}", ["a"]),
            Row("{% set a %}{{ b }}{% set c = 1 %}{% endset %}{{ a }}{{ c }}", ["b", "c"]),
            Row("{% if x is defined %}{{ x }}{% endif %}", [], optional: ["x"]),
            Row("{% if x is defined %}{% endif %}{{ x }}", ["x"]),
            Row("{% if x is not defined %}a{% else %}{{ x }}{% endif %}", [], optional: ["x"]),
            Row("{% if x is undefined or not x %}a{% else %}{{ x }}{% endif %}", [], optional: ["x"]),
            Row("{% if x is defined and x.y and z %}{{ x }}{% endif %}", ["z"], optional: ["x"]),
            Row("{% if x is defined or z %}{{ x }}{% endif %}", ["x", "z"]),
            Row("{{ x if x is defined else y }}", ["y"], optional: ["x"]),
            Row("{% if x is not defined %}{% set x = 1 %}{% endif %}{{ x }}", [], optional: ["x"]),
            Row("{% if a %}{% set x = 1 %}{% else %}{% set x = 2 %}{% endif %}{{ x }}", ["a"]),
            Row("{% if a %}{% set x = 1 %}{% endif %}{{ x }}", ["a"], optional: ["x"]),
            Row("{% raw %}{{ x }}{% endraw %}{# y #}{{ 'z' }}", []),
        ]
    )
    func uses(_ row: Row) throws {
        let template = try PromptTemplate(row.template)
        #expect(template.variables == row.needed)
        #expect(template.optionalVariables == row.optional)
    }

    @Test("A name that a set may have set is left to the rendering")
    func perhapsSet() throws {
        let template = try PromptTemplate("{% if a %}{% set x = 1 %}{% endif %}{{ x }}", variables: ["a"])
        #expect(try template.rendered(with: ["a": true]) == "1")
        #expect(throws: PromptProblem.self) { try template.rendered(with: ["a": false]) }
    }

    @Test("Included templates see what is set around them, and keep what they set to themselves")
    func includes() throws {
        let template = try PromptTemplate(
            "{% for x in xs %}{% include 'row' %}{% endfor %}{% if t is defined %}{% include 'tail' %}{% endif %}",
            includes: ["row": "{{ x }}{{ sep }}{% set sep = 1 %}", "tail": "{{ t }}"]
        )
        #expect(template.variables == ["sep", "xs"])
        #expect(template.optionalVariables == ["t"])
        #expect(try template.rendered(with: ["xs": [1, 2], "sep": ";"]) == "1;2;")
    }

    @Test("A fault in an included template names its file")
    func faultInIncluded() {
        let marked = MarkedTemplate("\n{{ 1️⃣oops }}")
        let problem = #expect(throws: PromptProblem.self) {
            try PromptTemplate("{% include 'row' %}", variables: ["x"], includes: ["row": marked.text])
        }
        #expect(problem?.path == "row")
        #expect(problem?.place == marked.place)
    }
}
