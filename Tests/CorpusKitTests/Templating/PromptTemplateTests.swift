import CorpusKit
import CorpusModel
import Testing

@Suite("Prompt template")
struct PromptTemplateTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let template: String
        let expected: String
        let values: [String: JSONValue]

        init(_ template: String, _ expected: String, _ values: [String: JSONValue] = [:]) {
            self.template = template
            self.expected = expected
            self.values = values
        }

        var testDescription: String { template }
    }

    @Test(
        "Values print as Python prints them",
        arguments: [
            Row("{{ x }}", "text", ["x": "text"]),
            Row("{{ x }}", "True", ["x": true]),
            Row("{{ x }}", "None", ["x": nil]),
            Row("{{ x }}", "-3", ["x": -3]),
            Row("{{ x }}", "1e+16", ["x": 1e16]),
            Row("{{ x }}", "0.0001", ["x": 0.0001]),
            Row("{{ x }}", "1e-05", ["x": 0.00001]),
            Row("{{ x }}", "['a', 1, [None]]", ["x": ["a", 1, [nil]]]),
            Row("{{ x }}", "{'a': \"it's\", 'b': '\\n'}", ["x": ["b": "\n", "a": "it's"]]),
            Row("{{ 1, }}", "(1,)"),
            Row("{{ 'ä\u{200B}' , 1 }}", "('ä\\u200b', 1)"),
        ]
    )
    func printing(_ row: Row) throws {
        #expect(try PromptTemplate(row.template).rendered(with: row.values) == row.expected)
    }

    @Test(
        "Tags take white space as trim_blocks and lstrip_blocks say",
        arguments: [
            Row("a\n", "a"),
            Row("a\n\n", "a\n"),
            Row("a\r\nb\r\n", "a\nb"),
            Row("{% if true %}\n  x\n  {% endif %}\ny", "  x\ny"),
            Row("a  {% if true %}\nb{% endif %}", "a  b"),
            Row("a \n {%- if true -%} \n b{% endif %}", "ab"),
            Row("  {%+ if true %}b{% endif +%}\nc", "  b\nc"),
            Row("  {{ 1 }}\n", "  1"),
            Row("a {{- 1 -}} b", "a1b"),
            Row("a {#- note -#} b", "ab"),
            Row("  {# note #}\nb", "b"),
            Row("{% raw %}\n{{ x }}\n  {% endraw %}\nb", "\n{{ x }}\nb"),
            Row("{%- raw -%}  {% if %}{%- endraw -%}  b", "{% if %}b"),
        ]
    )
    func whiteSpace(_ row: Row) throws {
        #expect(try PromptTemplate(row.template).rendered(with: row.values) == row.expected)
    }

    @Test(
        "Statements do what their names say",
        arguments: [
            Row("{% if x %}a{% elif y %}b{% else %}c{% endif %}", "b", ["x": 0, "y": 1]),
            Row(
                "{% for a in x %}{{ loop.index }}{{ a }}{{ ', ' if not loop.last }}{% endfor %}",
                "1p, 2q",
                ["x": ["p", "q"]]
            ),
            Row("{% for a in [] %}a{% else %}none{% endfor %}", "none"),
            Row(
                "{% for k, v in x|items %}{{ k }}={{ v }};{% endfor %}",
                "a=1;b=2;",
                ["x": ["b": 2, "a": 1]]
            ),
            Row("{% for a, (b, c) in [[1, [2, 3]]] %}{{ a }}{{ b }}{{ c }}{% endfor %}", "123"),
            Row("{% for a in [1, 2, 3] if a != 2 %}{{ a }}{{ loop.length }}{% endfor %}", "1232"),
            Row("{% set a = 1 %}{% for b in [1] %}{% set a = 2 %}{{ a }}{% endfor %}{{ a }}", "21"),
            Row("{% if true %}{% set a = 2 %}{% endif %}{{ a }}", "2"),
            Row("{% set a %}<{{ 1 }}>{% endset %}{{ a|length }}", "3"),
            Row("{% set a, b = 'xy' %}{{ b }}{{ a }}", "yx"),
            Row(
                "{% for a in [1, 2] %}{% set l = loop %}{% for b in [1] %}{{ l.index }}{{ loop.index }} {% endfor %}{% endfor %}",
                "11 21 "
            ),
        ]
    )
    func statements(_ row: Row) throws {
        #expect(try PromptTemplate(row.template).rendered(with: row.values) == row.expected)
    }

    @Test(
        "Undefined values can be asked about and replaced",
        arguments: [
            Row("{{ x is defined }}{{ x is not defined }}", "FalseTrue"),
            Row("{{ x|default('d') }}", "d"),
            Row("{{ m.a|default('d') }}", "d", ["m": [:]]),
            Row("{{ x|default('d', true) }}", "d", ["x": ""]),
            Row("{{ x|d(y)|d('z') }}", "z"),
            Row("{{ (x if true else 1)|default(2) }}", "2"),
            Row("{{ [][0] is defined }}{{ []|first is defined }}", "FalseFalse"),
            Row("{{ x if x is defined else 'no' }}", "no"),
            Row("[{{ 'x' if false }}]", "[]"),
            Row("{% set s = ', ' if false %}[{{ s ~ 'a' }}]", "[a]"),
        ]
    )
    func undefined(_ row: Row) throws {
        #expect(try PromptTemplate(row.template).rendered(with: row.values) == row.expected)
    }

    @Test("Nothing is escaped for HTML, also not by tojson")
    func noEscaping() throws {
        let template = try PromptTemplate("{{ x }} {{ x|tojson }}")
        #expect(try template.rendered(with: ["x": "<a & 'b'>"]) == "<a & 'b'> \"<a & 'b'>\"")
    }

    @Test("A parsed template can be rendered by many tasks at once")
    func concurrently() async throws {
        let template = try PromptTemplate(
            "{% for a in x %}{{ a }}{% set b = a %}{% endfor %}",
            variables: ["x"]
        )
        let texts = await withTaskGroup(of: String?.self) { group in
            for index in 0..<50 {
                group.addTask { try? template.rendered(with: ["x": [.int(index), .int(index)]]) }
            }
            return await group.reduce(into: Set<String>()) { $0.insert($1 ?? "failed") }
        }
        #expect(texts == Set((0..<50).map { "\($0)\($0)" }))
    }

    @Test("Letters that look alike but differ in their scalars are different, as in Python")
    func scalars() throws {
        let template = try PromptTemplate("{{ a == b }}{{ a|length }}{{ b|length }}{{ a in m }}")
        let values: [String: JSONValue] = ["a": "\u{E9}", "b": "e\u{301}", "m": ["e\u{301}": 1]]
        #expect(try template.rendered(with: values) == "False12False")
    }
}
