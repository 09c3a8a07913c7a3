import CorpusKit
import Testing

@testable import CorpusSandbox

/// Random JSON that a test may hold, small enough that equal pairs occur.
private func randomValue(_ random: inout RandomStream, depth: Int = 3) -> JSONValue {
    switch random.below(depth == 0 ? 5 : 7) {
    case 0: .null
    case 1: .bool(random.below(2) == 0)
    case 2: .int(random.below(3) - 1)
    case 3: .double(Double(random.below(5) - 2) / 2)
    case 4: .string(["", "a", ":a", "int", "é", "e\u{301}", "\u{0}\n\"\\"][random.below(7)])
    case 5: .array((0..<random.below(4)).map { _ in randomValue(&random, depth: depth - 1) })
    default:
        .object(
            Dictionary(
                (0..<random.below(3)).map { _ in
                    (["map", "float", ":", "é", "e\u{301}", "\u{301}"][random.below(6)], 0)
                }
            ) { l, _ in l }
            .mapValues { _ in randomValue(&random, depth: depth - 1) }
        )
    }
}

/// The driver's encoding of a value, written the slow way.
private func encoded(_ value: JSONValue) -> JSONValue {
    switch value {
    case .array(let elements): .array(elements.map(encoded))
    case .object(let members):
        ["map": .array(members.flatMap { [.string($0.key), encoded($0.value)] })]
    default: value
    }
}

/// Equality of tests, step by step, without the product's types.
private func naivelyEqual(_ left: JSONValue, _ right: JSONValue, close: Bool) -> Bool {
    switch (left, right) {
    case (.null, .null): return true
    case (.bool(let l), .bool(let r)): return l == r
    case (.string(let l), .string(let r)): return Array(l.utf8) == Array(r.utf8)
    case (.array(let l), .array(let r)):
        return l.count == r.count && l.indices.allSatisfy { naivelyEqual(l[$0], r[$0], close: close) }
    case (.object(let l), .object(let r)):
        return Set(l.keys.map { Array($0.utf8) }) == Set(r.keys.map { Array($0.utf8) })
            && l.keys.allSatisfy { naivelyEqual(l[$0] ?? .null, r[$0] ?? .null, close: close) }
    case (.int(let l), .int(let r)): return l == r
    case (.double(let l), .double(let r)): return l == r
    case (.int(let l), .double(let r)): return close && Double(l) == r
    case (.double(let l), .int(let r)): return close && l == Double(r)
    default: return false
    }
}

/// Whether some order of the left elements equals the right ones, by trying.
private func isReordering(_ left: [JSONValue], _ right: [JSONValue]) -> Bool {
    guard let first = left.first else { return right.isEmpty }
    return right.indices.contains { index in
        guard naivelyEqual(first, right[index], close: false) else { return false }
        var rest = right
        rest.remove(at: index)
        return isReordering(Array(left.dropFirst()), rest)
    }
}

@Suite("Answers")
struct AnswerTests {
    @Test("Comparison agrees with a naive oracle", arguments: TestSuite.Comparison.allCases)
    func oracle(_ comparison: TestSuite.Comparison) throws {
        var random = RandomStream(seed: 7, purpose: ["answers", comparison.rawValue])
        var equal = 0
        for _ in 0..<4000 {
            let (mine, theirs) = (randomValue(&random, depth: 2), randomValue(&random, depth: 2))
            let answer = try #require(Answer(encoded: encoded(mine)))

            let expected =
                if comparison == .unordered, case .array(let l) = mine, case .array(let r) = theirs {
                    isReordering(l, r)
                } else {
                    naivelyEqual(mine, theirs, close: comparison == .float)
                }
            #expect(answer.matches(theirs, by: comparison) == expected, "\(mine) \(theirs)")
            #expect(answer.matches(mine, by: comparison))
            equal += expected ? 1 : 0
        }
        #expect(equal > 100)
    }

    @Test(
        "Type and value must agree",
        arguments: [
            ("1", "1", true), ("1", "1.0", false), ("1.0", "1", false), ("1", "true", false),
            ("true", "1", false),
            ("0", "false", false), ("null", "false", false), ("\"1\"", "1", false), ("[1,2]", "[1,2]", true),
            ("[1,2]", "[2,1]", false), ("[]", "{}", false), ("0.0", "-0.0", true),
            ("0.30000000000000004", "0.3", false),
            (#"{"map":["a",1]}"#, #"{"a":1}"#, true), (#"{"map":["a",1,"b",2]}"#, #"{"a":1}"#, false),
            (#"{"map":["e\u0301",1]}"#, #"{"\u00e9":1}"#, false),
            (#"{"map":["e\u0301",1]}"#, #"{"e\u0301":1}"#, true),
            (#"{"map":["e\u0301",1,"\u00e9",1]}"#, #"{"\u00e9":1}"#, false),
            (#""e\u0301""#, #""\u00e9""#, false),
            ("18446744073709551616", "18446744073709551616", true),
            ("18446744073709551616", "18446744073709551617", false),
            ("18446744073709551616", "18446744073709551616.0", false),
            ("-9223372036854775809", "9223372036854775809", false),
            (#"{"float":"nan"}"#, "null", false), (#"{"float":"nan"}"#, "\"nan\"", false),
            (#"{"float":"inf"}"#, "1e308", false),
        ]
    )
    func exact(answer: String, expected: String, isRight: Bool) throws {
        let answer = try #require(Answer(encoded: JSONValue(parsing: answer)))

        #expect(answer.matches(try JSONValue(parsing: expected), by: .exact) == isRight)
    }

    @Test(
        "Numbers within a millionth are close",
        arguments: [
            ("1", "1.0", true), ("1", "true", false), ("1.0000009", "1", true), ("1.000002", "1", false),
            ("1000000.5", "1000000", true), ("[1,[2.0000001]]", "[1.0,[2]]", true),
            ("0", "0.0000001", false), ("0", "6.62607015e-34", false),
            ("6.62607e-34", "6.62607015e-34", true), ("-0.0000001", "0.0000001", false),
            ("0.000000000000001", "0", true), ("0.000001", "0", false), ("-0.0", "0", true),
            ("18446744073709551616", "18446744073709551616", true),
            ("1180591620717411303424", "1.1805916207174113e21", true),
            ("1" + String(repeating: "0", count: 400), "3.14159", false),
            ("1" + String(repeating: "0", count: 400), "1" + String(repeating: "0", count: 400), true),
            ("1" + String(repeating: "0", count: 400), "2" + String(repeating: "0", count: 400), false),
            ("3.14159", "1" + String(repeating: "0", count: 400), false),
            (#"{"float":"nan"}"#, "0", false), (#"{"float":"-inf"}"#, "0.5", false),
            (#"{"float":"inf"}"#, "1e308", false), ("\"a\"", "\"a\"", true),
        ]
    )
    func close(answer: String, expected: String, isRight: Bool) throws {
        let answer = try #require(Answer(encoded: JSONValue(parsing: answer)))

        #expect(answer.matches(try JSONValue(parsing: expected), by: .float) == isRight)
    }

    @Test(
        "What no driver writes is no answer",
        arguments: [
            #"{"a":1}"#, #"{"float":1}"#, #"{"map":[],"float":"nan"}"#, #"[{"x":2}]"#,
            #"{"map":["a",{"b":1}]}"#, #"{"map":["a"]}"#, #"{"map":[1,2]}"#, #"{"map":{"a":1}}"#,
            #"{"map":["a",1,"a",1]}"#, "{}",
        ]
    )
    func foreignEncoding(_ text: String) throws {
        #expect(Answer(encoded: try JSONValue(parsing: text)) == nil)
    }

    @Test("Arrays in any order are compared byte by byte")
    func unordered() throws {
        let answer = try #require(Answer(encoded: ["b", "e\u{301}"]))

        #expect(answer.matches(["e\u{301}", "b"], by: .unordered))
        #expect(!answer.matches(["\u{E9}", "b"], by: .unordered))
    }

    @Test(
        "Outputs are compared without the white space at ends",
        arguments: [
            ("a\nb\n", "a\nb", TestSuite.Comparison.exact, true), ("a  \nb\t\r\n\n\n", "a\nb", .exact, true),
            (" a", "a", .exact, false), ("a\n\nb", "a\nb", .exact, false), ("", "\n \n", .exact, true),
            ("a", "", .exact, false), ("b\na", "a\nb", .exact, false), ("b\na", "a\nb", .unordered, true),
            ("a\na\nb", "a\nb\nb", .unordered, false), ("x 1.0000001\n", "x 1", .float, true),
            ("x 1.1", "x 1", .float, false), ("nan", "nan", .float, true), ("inf", "Infinity", .float, false),
            ("0x10", "16", .float, false), ("1 2\n3", "1\n2 3", .float, false),
            ("1e999", "3.14159", .float, false), ("3.14159", "1e999", .float, false),
            ("1" + String(repeating: "0", count: 400), "3.14159", .float, false),
            ("1e999", "1e999", .float, true), ("-1e999", "1e999", .float, false),
            ("0", "1e-7", .float, false), ("1e-12", "0", .float, true),
            ("é", "e\u{301}", .exact, false),
        ]
    )
    func outputs(output: String, expected: String, comparison: TestSuite.Comparison, isRight: Bool) {
        #expect(OutputComparison.matches(Array(output.utf8), expected, by: comparison) == isRight)
    }

    @Test("Text for records is bounded and holds no addresses")
    func plainText() {
        let long = PlainText.diagnostics(Array(repeating: UInt8(ascii: "a"), count: 20_000) + [0xFF])

        #expect(PlainText.brief("<f at 0x7f3a5c0012b0>") == "<f at 0x…>")
        #expect(PlainText.brief("0x1F") == "0x1F")
        #expect(PlainText.brief(String(repeating: "é", count: 500)).count == 201)
        #expect(long.contains("\n[11809 bytes left out]\n"))
        #expect(long.hasSuffix("a\u{FFFD}"))
        #expect(long.utf8.count < 8_300)
    }
}
