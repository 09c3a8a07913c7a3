import CorpusKit

/// What a call returned, as its driver reported it.
///
/// Wider than JSON: a program may return what no test can expect, and that must be told apart from everything
/// that one can.
enum Answer: Sendable, Hashable {
    case null
    case bool(Bool)
    case int(Int)
    /// A whole number beyond 64 bits: its digits.
    case largeInt(String)
    case double(Double)
    /// `nan`, `inf` or `-inf`.
    case nonFinite(String)
    case string(String)
    case array([Answer])
    case object([String: Answer])
    /// Not plain data; what it is instead.
    case opaque(String)

    /// A value as tests expect it.
    init(_ value: JSONValue) {
        switch value {
        case .null: self = .null
        case .bool(let value): self = .bool(value)
        case .int(let value): self = .int(value)
        case .double(let value): self = .double(value)
        case .string(let value): self = .string(value)
        case .array(let elements): self = .array(elements.map(Answer.init))
        case .object(let members): self = .object(members.mapValues(Answer.init))
        }
    }

    /// Reads a driver's encoding, in which keys of mappings start with a colon; nil when it is none.
    init?(encoded value: JSONValue) {
        switch value {
        case .array(let elements):
            let answers = elements.compactMap(Answer.init(encoded:))
            guard answers.count == elements.count else { return nil }
            self = .array(answers)
        case .object(let members):
            guard let answer = Self.decoded(members) else { return nil }
            self = answer
        case .null, .bool, .int, .double, .string: self.init(value)
        }
    }

    private static func decoded(_ members: [String: JSONValue]) -> Answer? {
        if members.count == 1, let digits = members["int"]?.text {
            return Int(digits).map(Answer.int) ?? .largeInt(digits)
        }
        if members.count == 1, let word = members["float"]?.text { return .nonFinite(word) }
        var object: [String: Answer] = [:]
        for (key, value) in members {
            guard key.utf8.first == UInt8(ascii: ":"), let answer = Answer(encoded: value) else { return nil }
            object[String(key.unicodeScalars.dropFirst())] = answer
        }
        return .object(object)
    }
}

extension Answer {
    /// Canonical text, different for different answers; JSON wherever JSON can say it.
    var canonical: String {
        switch self {
        case .null: "null"
        case .bool(let value): value ? "true" : "false"
        case .int(let value): String(value)
        case .largeInt(let digits): digits
        case .double(let value): JSONValue.double(value).canonical
        case .nonFinite(let word): word
        case .string(let text): JSONValue.string(text).canonical
        case .array(let elements): "[" + elements.map(\.canonical).joined(separator: ",") + "]"
        case .object(let members):
            "{"
                + members.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
                .map { JSONValue.string($0.key).canonical + ":" + $0.value.canonical }.joined(separator: ",")
                + "}"
        case .opaque(let what): "<" + what + ">"
        }
    }

    /// The number as a double, when this is one.
    private var real: Double? {
        switch self {
        case .int(let value): Double(value)
        case .largeInt(let digits): Double(digits)
        case .double(let value): value
        default: nil
        }
    }
}

extension Answer {
    /// Whether this is what a test expects.
    func matches(_ expected: JSONValue, by comparison: TestSuite.Comparison) -> Bool {
        let expected = Answer(expected)
        switch comparison {
        case .exact: return equals(expected, within: nil)
        case .float: return equals(expected, within: Self.tolerance)
        case .unordered:
            guard case .array(let mine) = self, case .array(let theirs) = expected else {
                return equals(expected, within: nil)
            }
            return mine.map(\.canonical).sorted() == theirs.map(\.canonical).sorted()
        }
    }

    /// Relative or absolute, whichever allows more.
    static let tolerance = 1e-6

    static func isClose(_ left: Double, _ right: Double) -> Bool {
        left == right || abs(left - right) <= tolerance * max(1, abs(left), abs(right))
    }

    private func equals(_ other: Answer, within tolerance: Double?) -> Bool {
        switch (self, other) {
        case (.array(let mine), .array(let theirs)):
            return mine.count == theirs.count
                && zip(mine, theirs).allSatisfy { $0.equals($1, within: tolerance) }
        case (.object(let mine), .object(let theirs)):
            return mine.count == theirs.count
                && mine.allSatisfy { key, value in
                    theirs[key].map { value.equals($0, within: tolerance) } ?? false
                }
        case (.string(let mine), .string(let theirs)):
            // Canonically equivalent strings are equal to Swift and not to the tested languages.
            return mine.utf8.elementsEqual(theirs.utf8)
        default:
            if tolerance != nil, let mine = real, let theirs = other.real {
                return Self.isClose(mine, theirs)
            }
            return self == other
        }
    }
}
