import CorpusModel

/// Makes small templates from a grammar, the same ones for the same seed.
///
/// Most are well typed, some are not: whether both sides refuse is compared too. What this subset refuses on
/// purpose is not made.
struct RandomTemplate {
    static let values: [String: JSONValue] = [
        "n": 3, "z": 0, "g": -7, "f": 2.5, "h": -0.125, "s": "Hello wörld, it's <b>", "w": "  a-b\tC  ",
        "e": "",
        "t": true, "u": nil, "xs": [3, 1, 2.5], "ws": ["b", "a", ""], "es": [],
        "m": ["a": 1, "b": "two", "c": [1, nil]],
        "rows": [["id": 1, "name": "Ann"], ["id": 2, "name": "Bob \"B\""]],
    ]

    private var random: RandomStream

    init(seed: Int) { random = RandomStream(seed: seed, purpose: ["random template"]) }

    private mutating func one(of texts: String...) -> String { random.pick(texts) ?? "" }

    private mutating func happens(_ part: Int, of whole: Int) -> Bool { random.below(whole) < part }

    /// A template of a few statements.
    mutating func template() -> String {
        (0..<(1 + random.below(4))).map { _ in statement(depth: 2) }.joined() + one(of: "", "\n", "\n\n", " ")
    }

    // MARK: - Statements

    private mutating func tag(_ inside: String) -> String {
        one(of: "{%", "{%", "{%", "{%-", "{%+") + one(of: " ", "", "\n ") + inside + one(of: " ", "")
            + one(of: "%}", "%}", "%}", "-%}", "+%}")
    }

    private mutating func text() -> String {
        one(of: "text", " ", "\n", "\n  ", "  a\n", "\t", "}} %}", "{ x }", "é\r\n", "\n\n", "# - ", "a  ")
    }

    private mutating func statement(depth: Int) -> String {
        switch random.below(depth > 0 ? 12 : 7) {
        case 0...2: return text()
        case 3...5:
            return one(of: "{{", "{{", "{{-") + " " + printed(depth: 2) + " " + one(of: "}}", "}}", "-}}")
        case 6:
            return one(
                of: "{# note #}",
                "{#- note -#}",
                "{# a\n b #}\n",
                "{% raw %} {{ x }}\n{% endraw %}",
                "{%- raw -%} a {%- endraw %}\n"
            )
        case 7: return tag("set q = " + value(depth: 2)) + text() + "{{ q }}"
        case 8, 9:
            let rest = happens(1, of: 2) ? tag("else") + body(depth) : ""
            return tag("if " + value(depth: 2)) + body(depth) + rest + tag("endif")
        case 10:
            let rest = happens(1, of: 3) ? tag("else") + body(depth) : ""
            let target = one(
                of: "a in xs",
                "a in rows",
                "a in m",
                "a in es",
                "a in s",
                "k, a in m|items",
                "a in ws if a"
            )
            return tag("for " + target) + body(depth) + loopField() + "{{ a }}" + rest + tag("endfor")
        default: return tag("set r") + body(depth) + tag("endset") + "{{ r|length }}" + one(of: "{{ r }}", "")
        }
    }

    private mutating func body(_ depth: Int) -> String {
        (0..<random.below(3)).map { _ in statement(depth: depth - 1) }.joined()
    }

    private mutating func loopField() -> String {
        "{{ loop." + one(of: "index", "index0", "revindex", "revindex0", "first", "last", "length") + " }}"
    }

    // MARK: - Expressions

    private mutating func printed(depth: Int) -> String {
        switch random.below(8) {
        case 0: return "(" + perhaps() + ")|default(" + value(depth: 1) + ")"
        case 1: return perhaps() + " is" + one(of: "", " not") + " defined"
        case 2: return perhaps()
        case 3: return value(depth: 1) + " if " + value(depth: 1)
        default: return value(depth: depth)
        }
    }

    /// Something that may be undefined.
    private mutating func perhaps() -> String {
        one(
            of: "missing",
            "m.zz",
            "m['a']",
            "xs[1]",
            "xs[9]",
            "xs[-4]",
            "rows[1].name",
            "es|first",
            "ws|last",
            "n.x",
            "u.x",
            "s[2]",
            "rows.0.id"
        )
    }

    private mutating func value(depth: Int) -> String {
        guard depth > 0 else { return leaf() }
        switch random.below(12) {
        case 0, 1:
            return number(depth - 1) + " " + one(of: "+", "-", "*", "/", "//", "%") + " " + number(depth - 1)
        case 2: return value(depth: depth - 1) + one(of: " + ", " * ", " - ") + value(depth: depth - 1)
        case 3: return value(depth: depth - 1) + one(of: " ~ ", "~") + value(depth: depth - 1)
        case 4:
            return value(depth: depth - 1) + " " + one(of: "==", "!=", "<", "<=", ">", ">=", "in", "not in")
                + " "
                + value(depth: depth - 1)
        case 5:
            return "(" + one(of: "not ", "") + value(depth: depth - 1) + one(of: " and ", " or ")
                + value(depth: depth - 1) + ")"
        case 6:
            return "(" + value(depth: depth - 1) + " if " + value(depth: depth - 1) + " else "
                + value(depth: depth - 1) + ")"
        case 7: return "((" + value(depth: depth - 1) + ") is " + one(of: "", "not ") + test() + ")"
        case 8, 9: return "(" + value(depth: depth - 1) + ")|" + filter()
        case 10:
            return "[" + value(depth: depth - 1) + ", " + leaf() + "]"
                + one(of: "", "", "[0]", "[-1:]", "[::-1]")
        default:
            return "{'k': " + value(depth: depth - 1) + ", \"j\": " + leaf() + "}"
                + one(of: "", ".k", "['j']")
        }
    }

    private mutating func number(_ depth: Int) -> String {
        depth > 0 && happens(1, of: 3)
            ? "(" + number(depth - 1) + one(of: " + ", " - ", " * ", " // ") + number(depth - 1) + ")"
            : one(of: "n", "z", "g", "f", "h", "2", "-3", "0.5", "1e3", "t", "xs|length", "0x1f", "1_0")
    }

    private mutating func leaf() -> String {
        one(
            of: "n",
            "z",
            "g",
            "f",
            "h",
            "s",
            "w",
            "e",
            "t",
            "u",
            "xs",
            "ws",
            "es",
            "m",
            "rows",
            "1",
            "'a'",
            "\"q'\\n\"",
            "true",
            "none",
            "[]",
            "{}",
            "(1, 'b')",
            "m.b",
            "rows[0].name",
            "xs[0]",
            "s[1:3]",
            "-1",
            "1.50",
            "'ß' 'x'"
        )
    }

    private mutating func test() -> String {
        one(
            of: "none",
            "string",
            "number",
            "mapping",
            "defined",
            "boolean",
            "integer",
            "float",
            "iterable",
            "sequence",
            "odd",
            "even"
        )
    }

    private mutating func filter() -> String {
        one(
            of: "upper",
            "lower",
            "trim",
            "trim('ab ')",
            "length",
            "join(', ')",
            "join",
            "default('d', true)",
            "tojson",
            "tojson(2)",
            "tojson(indent=1)",
            "string|truncate(9)",
            "string|truncate(5, true, leeway=0)",
            "string|truncate(8, end='…')",
            "indent",
            "indent(2, true)",
            "indent('> ', blank=true)",
            "replace('a', 'xyz')",
            "replace('', '.', 2)",
            "replace(1, 2)",
            "list|length",
            "round",
            "round(1)",
            "round(2, 'floor')",
            "round(0, 'ceil')",
            "title",
            "capitalize",
            "string",
            "int",
            "int(-1)",
            "list",
            "upper|lower|title",
            "count",
            "d('x')",
            "string|length",
            "join(attribute='name')",
            "items|list"
        )
    }
}
