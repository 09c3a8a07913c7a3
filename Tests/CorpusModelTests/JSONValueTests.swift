import CorpusModel
import Foundation
import Testing

@Suite("JSON values")
struct JSONValueTests {
    @Test(
        "Canonical text is stable",
        arguments: [
            ("{\"b\":1,\"a\":[true,null,2.50]}", "{\"a\":[true,null,2.5],\"b\":1}"),
            (" [ 1 , -0.0, 1e3 ] ", "[1,0.0,1000.0]"),
            ("\"\\u00e9\\ud83d\\ude00\\/\\n\\u0001\"", "\"é😀/\\n\\u0001\""),
            ("{}", "{}"), ("[]", "[]"), ("9223372036854775807", "9223372036854775807"),
            ("12345678901234567890", "12345678901234567890"),
            ("-9223372036854775809", "-9223372036854775809"),
            ("12345678901234567890.0", "1.2345678901234567e+19"), ("-0", "0"),
        ]
    )
    func canonical(text: String, expected: String) throws {
        let value = try JSONValue(parsing: text)
        #expect(value.canonical == expected)
        #expect(try JSONValue(parsing: value.canonical) == value)
        #expect(try JSONValue(parsing: value.pretty) == value)
    }

    @Test(
        "What is not JSON is refused at its byte",
        arguments: [
            ("", 0), ("{", 1), ("[1,]", 3), ("{\"a\":1,}", 7), ("{\"a\":1,\"a\":2}", 7), ("01", 0), ("1.", 2),
            ("00000000000000000000001", 0), ("{\"\\u00e9\":1,\"e\\u0301\":2}", 12), ("nul", 0),
            ("\"\\ud800\"", 1), ("\"a", 0), ("\"\n\"", 1), ("[1] 2", 4), ("+1", 0), ("1e999", 0),
            ("'a'", 0),
        ]
    )
    func refused(text: String, offset: Int) throws {
        let error = try #require(throws: JSONError.self) { try JSONValue(parsing: text) }
        #expect(error.offset == offset, "\(error)")
    }

    @Test("Invalid UTF-8 inside a string is refused")
    func invalidUTF8() {
        #expect(throws: JSONError.self) { try JSONValue(parsing: [0x22, 0xFF, 0x22]) }
        #expect(throws: JSONError.self) { try JSONValue(parsing: [0x22, 0x5C, 0x6E, 0xC3, 0x22]) }
    }

    @Test("Whole numbers keep every digit, whatever their size")
    func largeIntegers() throws {
        let digits = "1" + String(repeating: "0", count: 400)
        let value = try JSONValue(parsing: digits)
        let power = try JSONValue(parsing: "1180591620717411303424")

        #expect(value.canonical == digits)
        #expect(value != power)
        #expect(Set([power, try JSONValue(parsing: " 1180591620717411303424 "), value]).count == 2)
        #expect(power.real == 0x1p70)
        #expect(value.real == nil)
        #expect(power.whole == nil)
        #expect(power.kindName == "a number")
        #expect(LargeInteger("9223372036854775807") == nil)
        #expect(LargeInteger("9223372036854775808")?.digitCount == 19)
        for text in [
            "", "-", "1x", "01234567890123456789012", "+12345678901234567890", "１２３４５６７８９０１２３４５６７８９０",
        ] {
            #expect(LargeInteger(text) == nil, "\(text)")
        }
    }

    @Test("Two keys that Swift holds for equal are refused with the reason")
    func equivalentKeys() throws {
        let error = try #require(throws: JSONError.self) {
            try JSONValue(parsing: "{\"\u{E9}\":1,\"e\u{301}\":2}")
        }

        #expect(error.message.contains("two spellings that count as equal"))
    }

    @Test("Nesting is bounded")
    func nesting() {
        let deep = String(repeating: "[", count: 100_000)
        #expect(throws: JSONError.self) { try JSONValue(parsing: deep) }
    }

    @Test("Random values survive, and Foundation reads the same")
    func randomRoundTrip() throws {
        var random = RandomStream(seed: 1, purpose: ["json"])
        for _ in 0..<300 {
            let value = Self.random(&random, depth: 3)
            let text = value.canonical
            #expect(try JSONValue(parsing: text) == value)
            let foundation = try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
            #expect(foundation.canonical.count > 0)
        }
    }

    private static func random(_ random: inout RandomStream, depth: Int) -> JSONValue {
        switch random.below(depth == 0 ? 5 : 7) {
        case 0: return .null
        case 1: return .bool(random.below(2) == 0)
        case 2: return .int(Int(truncatingIfNeeded: random.next()))
        case 3: return .double((random.unit() - 0.5) * 1e6)
        case 4:
            let pool: [Character] = ["a", "\"", "\\", "\n", "é", "😀", "\u{1}", "中"]
            return .string(String((0..<random.below(6)).map { _ in pool[random.below(pool.count)] }))
        case 5: return .array((0..<random.below(4)).map { _ in Self.random(&random, depth: depth - 1) })
        default:
            var members: [String: JSONValue] = [:]
            for index in 0..<random.below(4) { members["k\(index)"] = Self.random(&random, depth: depth - 1) }
            return .object(members)
        }
    }
}

@Suite("Digests, keys and streams")
struct DigestTests {
    @Test(
        "SHA-256 agrees with the standard's examples",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ]
    )
    func sha256(text: String, expected: String) {
        #expect(Digest(of: text).description == expected)
    }

    @Test("Keys keep parts apart, read back and sort as their bytes do")
    func keys() throws {
        #expect(ItemKey(deriving: ["ab", "c"]) != ItemKey(deriving: ["a", "bc"]))
        let keys = (0..<50).map { ItemKey(deriving: [String($0)]) }
        for key in keys {
            #expect(ItemKey(hex: key.description) == key)
            #expect(ItemKey(bytes: key.bytes) == key)
        }
        #expect(keys.sorted().map(\.description) == keys.map(\.description).sorted())
        #expect(ItemKey(hex: "xy") == nil)
    }

    @Test("A stream depends on its purpose alone")
    func streams() {
        var one = RandomStream(seed: 42, purpose: ["stage", "item"])
        var same = RandomStream(seed: 42, purpose: ["stage", "item"])
        var other = RandomStream(seed: 42, purpose: ["stage", "item2"])
        let drawn = (0..<8).map { _ in one.next() }
        #expect(drawn == (0..<8).map { _ in same.next() })
        #expect(drawn != (0..<8).map { _ in other.next() })
    }

    @Test("Draws stay in range and shuffles keep every element")
    func ranges() {
        var random = RandomStream(seed: 3, purpose: [])
        for bound in [1, 2, 7, 1000] {
            for _ in 0..<200 { #expect((0..<bound).contains(random.below(bound))) }
        }
        #expect(random.shuffled(Array(0..<50)).sorted() == Array(0..<50))
        #expect(random.pick([Int]()) == nil)
    }

    @Test("Labels and key order do not change an id; fields and messages do")
    func contentID() {
        let content = Content(messages: [Message(.user, "q")], fields: ["a": 1, "b": 2], labels: ["x": 1])
        #expect(content.id == Content(messages: [Message(.user, "q")], fields: ["b": 2, "a": 1]).id)
        #expect(content.id != Content(messages: [Message(.user, "q")], fields: ["a": 1, "b": 3]).id)
        #expect(content.id != Content(messages: [Message(.assistant, "q")], fields: ["a": 1, "b": 2]).id)
        #expect(content.id.hasPrefix("smp_") && content.id.count == 36)
        #expect(Content(json: content.json) == content)
    }

    @Test(
        "A reason code is kebab-case",
        arguments: [("a-b2", true), ("A", false), ("a--b", false), ("", false), ("-a", false)]
    )
    func reasons(code: String, isFine: Bool) {
        #expect(ReasonCode.isWellFormed(code) == isFine)
    }

    @Test("Test suites are read with what is wrong with them")
    func suites() throws {
        let suite = TestSuite.call(
            entryPoint: "f",
            cases: [.init(arguments: [1], expected: 2)],
            comparison: .float
        )
        #expect(try TestSuite(json: suite.json) == suite)
        #expect(throws: TestSuiteProblem.self) { try TestSuite(json: ["kind": "call", "cases": []]) }
        let error = try #require(throws: TestSuiteProblem.self) {
            try TestSuite(json: ["kind": "call", "entry_point": "f", "cases": [["args": 1]]])
        }
        #expect(error.description == "case 0 of `tests` needs `args` (an array) and `expect`")
    }

    @Test("A suite that no driver can read is refused")
    func unreadable() throws {
        func problem(_ value: JSONValue, isExpected: Bool) -> String? {
            let row: JSONValue = isExpected ? ["args": [], "expect": value] : ["args": [value], "expect": 1]
            let cases: JSONValue = [["args": [], "expect": 1], row]
            do throws(TestSuiteProblem) {
                _ = try TestSuite(json: ["kind": "call", "entry_point": "f", "cases": cases])
                return nil
            } catch { return error.description }
        }
        func digits(_ count: Int) throws -> JSONValue {
            try JSONValue(parsing: "-" + String(repeating: "9", count: count))
        }
        let arrays = (0..<TestSuite.deepestNesting).reduce(JSONValue.null) { inner, _ in [inner] }
        let objects = (0..<TestSuite.deepestNesting).reduce(JSONValue.null) { inner, _ in ["a": inner] }
        let deep = "case 1 of `tests` holds a value that nests deeper than 100"

        for isExpected in [false, true] {
            #expect(problem(arrays, isExpected: isExpected) == nil)
            #expect(problem(objects, isExpected: isExpected) == nil)
            #expect(problem([arrays], isExpected: isExpected) == deep)
            #expect(problem(["a": objects], isExpected: isExpected) == deep)
            #expect(problem(try digits(TestSuite.mostDigits), isExpected: isExpected) == nil)
            #expect(
                problem([try digits(4_301)], isExpected: isExpected)
                    == "case 1 of `tests` holds a whole number of 4301 digits; 4300 is the most"
            )
        }
    }

    @Test("An execution is known by its job, its toolchain and its harness")
    func executionKey() {
        let tests = TestSuite.io(cases: [.init(input: "", expected: "1")], comparison: .exact)
        let job = ExecutionJob(language: "python", source: "print(1)", tests: tests)
        let key = job.key(toolchain: "python 3.11.2", harness: "corpusmith 2", isolation: "oneshot")

        #expect(key == job.key(toolchain: "python 3.11.2", harness: "corpusmith 2", isolation: "oneshot"))
        #expect(key != job.key(toolchain: "python 3.12.1", harness: "corpusmith 2", isolation: "oneshot"))
        #expect(key != job.key(toolchain: "python 3.11.2", harness: "corpusmith 3", isolation: "oneshot"))
        #expect(key != job.key(toolchain: "python 3.11.2", harness: "corpusmith 2", isolation: "none"))
    }
}
