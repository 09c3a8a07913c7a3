import CorpusKit
import CorpusModel
import Testing

@Suite("Prompt problem")
struct PromptProblemTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let marked: String
        let code: String
        let message: String
        let hint: String?

        init(_ marked: String, _ code: String, _ message: String, hint: String? = nil) {
            self.marked = marked
            self.code = code
            self.message = message
            self.hint = hint
        }

        var testDescription: String { marked }
    }

    private func expect(_ row: Row, _ body: (String) throws -> Void) {
        let marked = MarkedTemplate(row.marked)
        let problem = #expect(throws: PromptProblem.self) { try body(marked.text) }
        #expect(problem?.place == marked.place)
        #expect(problem?.code == row.code)
        #expect(problem?.message == row.message)
        #expect(problem?.hint == row.hint)
    }

    @Test(
        "A template that does not parse says where",
        arguments: [
            Row("a\n  1️⃣{{ x", "syntax", "`{{` is never closed", hint: "close it with `}}`"),
            Row("1️⃣{# x", "syntax", "the comment is never closed", hint: "close it with `#}`"),
            Row("é 1️⃣{% raw %} x", "syntax", "`raw` is never closed", hint: "close it with `{% endraw %}`"),
            Row("{{ 1️⃣'x }}", "syntax", "the string is never closed", hint: "close it with `'`"),
            Row("{{ x 1️⃣$ }}", "syntax", "unexpected character `$`"),
            Row("{{ (x 1️⃣] }}", "syntax", "expected `)`, found `]`"),
            Row("{{ x 1️⃣) }}", "syntax", "`)` closes nothing"),
            Row("{{ 1️⃣}}", "syntax", "expected an expression, found `}}`"),
            Row("{{ x 1️⃣y }}", "syntax", "expected `}}`, found `y`"),
            Row("{{ 1 + 1️⃣}}", "syntax", "expected an expression, found `}}`"),
            Row("{{ x.1️⃣+ }}", "syntax", "expected the name of a member, found `+`"),
            Row("{{ [1, 2 1️⃣3] }}", "syntax", "expected `,` or `]`, found a number"),
            Row("{{ {'a' 1️⃣1} }}", "syntax", "expected `:`, found a number"),
            Row("{{ 1️⃣9223372036854775808 }}", "overflow", "the number is larger than 9223372036854775807"),
            Row(
                "{{ '1️⃣\\ud800' }}",
                "syntax",
                "the escape is no character",
                hint: "4 hexadecimal digits must follow"
            ),
            Row(
                "{{ '1️⃣\\N{DASH}' }}",
                "unsupported",
                "character names are not supported",
                hint: "write the character itself or `\\uXXXX`"
            ),
            Row("a\n{% 1️⃣if x %}b", "syntax", "`if` is never closed", hint: "close it with `{% endif %}`"),
            Row(
                "{% 1️⃣for x in y %}{% else %}",
                "syntax",
                "`for` is never closed",
                hint: "close it with `{% endfor %}`"
            ),
            Row("{% if x 1️⃣y %}{% endif %}", "syntax", "expected `%}`, found `y`"),
            Row(
                "{% if x %}{% 1️⃣endfor %}",
                "syntax",
                "expected `elif` or `else` or `endif`, found `endfor`",
                hint: "`if` is still open"
            ),
            Row("{% 1️⃣endif %}", "syntax", "`endif` stands outside a block that it could belong to"),
            Row("{% 1️⃣fro x in y %}", "unknown-tag", "unknown tag `fro`", hint: "did you mean `for`?"),
            Row("{% for 1️⃣1 in y %}", "syntax", "expected a name, found a number"),
            Row("{% for x 1️⃣of y %}", "syntax", "expected `in`, found `of`"),
            Row("{% set 1️⃣loop = 1 %}", "syntax", "`loop` belongs to `for` and cannot be set"),
            Row("{% set 1️⃣true = 1 %}", "syntax", "`true` cannot be set"),
            Row(
                "{% include 1️⃣x %}",
                "syntax",
                "expected the name of a template in quotes, found `x`",
                hint: "what is included must be known before a run"
            ),
            Row(
                "{{ x is 1️⃣defnied }}",
                "unknown-test",
                "unknown test `defnied`",
                hint: "did you mean `defined`?"
            ),
            Row("{{ x|1️⃣uper }}", "unknown-filter", "unknown filter `uper`", hint: "did you mean `upper`?"),
            Row("{{ x|join(1️⃣sep='') }}", "unknown-argument", "`join` has no parameter `sep`"),
            Row(
                "{{ x|truncate(1️⃣lenght=3) }}",
                "unknown-argument",
                "`truncate` has no parameter `lenght`",
                hint: "did you mean `length`?"
            ),
            Row("{{ x|upper(1️⃣1) }}", "wrong-arguments", "`upper` takes no arguments"),
            Row("{{ x|tojson(1, 1️⃣2) }}", "wrong-arguments", "`tojson` takes at most 1 argument"),
            Row("{{ x|1️⃣replace('a') }}", "wrong-arguments", "`replace` needs `new`"),
            Row("{{ x|join(',', 1️⃣d='') }}", "wrong-arguments", "`d` is given twice"),
            Row(
                "{{ x is defined 1️⃣y }}",
                "syntax",
                "the test `defined` takes nothing after it, found `y`",
                hint: "put the test in parentheses"
            ),
        ]
    )
    func parsing(_ row: Row) {
        expect(row) { _ = try PromptTemplate($0) }
    }

    @Test(
        "What Jinja2 has and prompts do not says so",
        arguments: [
            Row(
                "{% 1️⃣macro f() %}",
                "unsupported",
                "the tag `macro` is not supported",
                hint: "prompts know `if`, `for`, `set`, `include`, `raw`"
            ),
            Row(
                "{{ x1️⃣() }}",
                "unsupported",
                "values cannot be called",
                hint: "use a filter, such as `|items` or `|upper`"
            ),
            Row("{{ 2 1️⃣** 3 }}", "unsupported", "`**` is not supported"),
            Row(
                "{% set a1️⃣.b = 1 %}",
                "unsupported",
                "only names can be set",
                hint: "there are no namespaces"
            ),
            Row("{% for x in y 1️⃣recursive %}", "unsupported", "recursive loops are not supported"),
            Row(
                "{% include 'x' 1️⃣ignore missing %}",
                "unsupported",
                "`ignore` is not supported after `include`"
            ),
        ]
    )
    func subset(_ row: Row) {
        expect(row) { _ = try PromptTemplate($0) }
    }

    @Test(
        "A name that is not given is found before rendering",
        arguments: [
            Row(
                "Hi {{ 1️⃣tilte }}",
                "undefined-variable",
                "`tilte` is undefined",
                hint: "did you mean `title`?"
            ),
            Row(
                "{% if title %}\n{{ 1️⃣x }}{% endif %}",
                "undefined-variable",
                "`x` is undefined",
                hint: "this prompt is given `rows`, `title`"
            ),
            Row(
                "{% for r in rows %}{% endfor %}{{ 1️⃣r }}",
                "undefined-variable",
                "`r` is undefined",
                hint: "this prompt is given `rows`, `title`"
            ),
            Row(
                "{{ 1️⃣x is defined }}",
                "undefined-variable",
                "`x` is undefined",
                hint: "this prompt is given `rows`, `title`"
            ),
            Row(
                "{{ 1️⃣x|default('') }}",
                "undefined-variable",
                "`x` is undefined",
                hint: "this prompt is given `rows`, `title`"
            ),
            Row(
                "{% for r in rows %}{{ loop.1️⃣indx }}{% endfor %}",
                "undefined-variable",
                "`loop.indx` is undefined",
                hint: "did you mean `index`?"
            ),
            Row(
                "{{ 1️⃣loop.index }}",
                "undefined-variable",
                "`loop` is undefined",
                hint: "this prompt is given `rows`, `title`"
            ),
        ]
    )
    func unknownNames(_ row: Row) {
        expect(row) { _ = try PromptTemplate($0, variables: ["title", "rows"]) }
    }

    private static let values: [String: JSONValue] = [
        "seed": ["title": "T", "lines": [1, 2]], "n": 1, "s": "text", "none": nil,
    ]

    @Test(
        "A fault while rendering says where and why",
        arguments: [
            Row("a\n{{ 1️⃣sede }}", "undefined-variable", "`sede` is undefined", hint: "did you mean `seed`?"),
            Row(
                "{{ seed.1️⃣titel }}",
                "undefined-variable",
                "`seed.titel` is undefined",
                hint: "did you mean `title`?"
            ),
            Row(
                "{{ seed[1️⃣'titel'] }}",
                "undefined-variable",
                "`seed[\"titel\"]` is undefined",
                hint: "did you mean `title`?"
            ),
            Row(
                "{{ seed.lines[1️⃣2] }}",
                "undefined-variable",
                "`seed.lines[2]` is undefined",
                hint: "it has 2 elements"
            ),
            Row(
                "{{ seed.lines.1️⃣title }}",
                "undefined-variable",
                "`seed.lines.title` is undefined",
                hint: "it is a list: take an element first, such as `[0]`"
            ),
            Row("{{ seed.1️⃣author.name }}", "undefined-variable", "`seed.author` is undefined"),
            Row(
                "{{ seed.1️⃣items }}",
                "undefined-variable",
                "`seed.items` is undefined",
                hint: "values have no methods: write `|items`"
            ),
            Row("{{ s.1️⃣upper }}", "undefined-variable", "`s.upper` is undefined", hint: "it is a string"),
            Row(
                "{{ [1, 1️⃣sede] }}",
                "undefined-variable",
                "`sede` is undefined",
                hint: "did you mean `seed`?"
            ),
            Row(
                "{% set x = 1️⃣sede %}",
                "undefined-variable",
                "`sede` is undefined",
                hint: "did you mean `seed`?"
            ),
            Row(
                "{{ 1️⃣sede is string }}",
                "undefined-variable",
                "`sede` is undefined",
                hint: "did you mean `seed`?"
            ),
            Row("{{ []|1️⃣first }}", "undefined-variable", "`first` finds nothing: the value is empty"),
            Row(
                "{{ ('a' 1️⃣if n > 1)|upper }}",
                "undefined-variable",
                "the condition does not hold and there is no `else`",
                hint: "add an `else`"
            ),
            Row(
                "{{ [seed]|1️⃣join(attribute='titel') }}",
                "undefined-variable",
                "`titel` of an element to join is undefined",
                hint: "did you mean `title`?"
            ),
            Row(
                "{{ s 1️⃣+ n }}",
                "unfit-value",
                "`+` does not work on a string and a number",
                hint: "`~` joins values of any kind as text"
            ),
            Row("{{ n 1️⃣< s }}", "unfit-value", "`<` does not compare a number with a string"),
            Row("{{ 1 == 1 1️⃣in s }}", "unfit-value", "`in` looks for a string in a string, not for a number"),
            Row("{{ 1️⃣-s }}", "unfit-value", "a string has no sign"),
            Row("{{ 1 1️⃣// 0 }}", "division-by-zero", "`//` divides by zero"),
            Row("{{ 9223372036854775807 1️⃣+ n }}", "overflow", "the number does not fit in 64 bits"),
            Row(
                "{{ n|1️⃣length }}",
                "unfit-value",
                "`length` needs a list, a mapping or a string, not a number"
            ),
            Row("{{ s|1️⃣truncate('3') }}", "unfit-value", "`length` of `truncate` must be a whole number"),
            Row("{% for x in 1️⃣n %}{% endfor %}", "unfit-value", "`for` cannot walk through a number"),
            Row("{% for 1️⃣a, b in [[1]] %}{% endfor %}", "unfit-value", "2 names cannot take 1 values"),
            Row(
                "{% for x in [1] %}{{ 1️⃣loop }}{% endfor %}",
                "unfit-value",
                "`loop` cannot be printed",
                hint: "print one of its fields, such as `loop.index`"
            ),
            Row("{{ {1️⃣1: 2} }}", "unfit-value", "the keys of a mapping must be strings"),
            Row("{{ s[1️⃣::0] }}", "unfit-value", "the step of a slice must not be 0"),
        ]
    )
    func rendering(_ row: Row) {
        expect(row) { _ = try PromptTemplate($0).rendered(with: Self.values) }
    }

    @Test("The description holds place and message, the length what to underline")
    func description() throws {
        let template = try PromptTemplate("é\n{{ seed.tilte }}")
        let problem = #expect(throws: PromptProblem.self) {
            try template.rendered(with: ["seed": ["title": 1]])
        }
        #expect(problem?.description == "prompt.jinja:2:9: `seed.tilte` is undefined")
        #expect(problem?.length == 5)
    }

    @Test("Bytes that are not UTF-8 are refused with their line")
    func encoding() {
        let file = PluginSetup.File(name: "p", path: "p", bytes: Array("a\nb".utf8) + [0xFF, 0x0A, 0x63])
        let problem = #expect(throws: PromptProblem.self) {
            try PromptTemplate(file: file, variables: nil) { _ in file }
        }
        #expect(problem?.code == "encoding")
        #expect(problem?.line == 2)
    }

    @Test("No message or hint shows a value")
    func privacy() throws {
        let texts = [
            "{{ x + 1 }}", "{{ x.y }}", "{{ x[0].y }}", "{{ x < 1 }}", "{{ x|tojson(x) }}",
            "{% for a, b in [x] %}{% endfor %}",
        ]
        for text in texts {
            let problem = #expect(throws: PromptProblem.self) {
                try PromptTemplate(text).rendered(with: ["x": "secret"])
            }
            #expect(problem.map { "\($0)\($0.hint ?? "")".contains("secret") } == false)
        }
    }
}
