import CorpusKit

/// Tells code that answers the tests it was shown one by one instead of solving the task.
enum HardCoding {
    /// Whether at least half of the code's branches ask for an argument of a test, two of them or more, and they cover at
    /// least half of the tests.
    ///
    /// Arguments that any program asks for (0, 1, truth values, empty texts and lists) do not count.
    static func isLikely(in code: String, of suite: TestSuite) -> Bool {
        guard case .call(_, let cases, _) = suite else { return false }
        let branches = code.textLines.map(\.trimmed).filter { line in
            line.contains(/^(?:\}?\s*(?:else\s+)?if|elif|case)\b|\breturn\b.*\bif\b/)
        }
        let literals = cases.map { arguments in
            arguments.arguments.filter(saysSomething).map { form($0.canonical) }
        }
        let asked = branches.filter { line in
            line.contains("==") || line.hasPrefix("case")
        }.map(form)
        let hits = asked.filter { line in literals.joined().contains { holds(line, $0) } }
        guard hits.count >= 2, hits.count * 2 >= branches.count else { return false }
        let covered = literals.count { own in own.contains { literal in hits.contains { holds($0, literal) } }
        }
        return covered * 2 >= cases.count
    }

    private static func saysSomething(_ value: JSONValue) -> Bool {
        switch value {
        case .null, .bool: false
        case .int(let number): !(-1...1).contains(number)
        case .double, .largeInt: true
        case .string(let text): !text.isEmpty
        case .array(let elements): !elements.isEmpty
        case .object(let members): !members.isEmpty
        }
    }

    /// Without white space, and with one sort of quotes.
    private static func form(_ text: String) -> String {
        TextLikeness.whitespaceFree(text).replacing("'", with: "\"")
    }

    /// Whether a literal stands in a line by itself: 3 is not in 30.
    private static func holds(_ line: String, _ literal: String) -> Bool {
        line.ranges(of: literal).contains { range in
            let before = range.lowerBound > line.startIndex ? line[line.index(before: range.lowerBound)] : " "
            let after = range.upperBound < line.endIndex ? line[range.upperBound] : " "
            return ![before, after].contains { $0.isNumber || $0 == "." || $0 == "_" }
        }
    }
}
