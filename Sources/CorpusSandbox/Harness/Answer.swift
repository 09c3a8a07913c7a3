import CorpusKit

/// What a call returned, as its driver reported it.
///
/// Wider than JSON: a program may return what no test can expect, and that must be told apart from everything
/// that one can.
enum Answer: Sendable {
    case null
    case bool(Bool)
    case int(Int)
    case largeInt(LargeInteger)
    case double(Double)
    /// `nan`, `inf` or `-inf`.
    case nonFinite(String)
    case string(String)
    case array([Answer])
    /// By the UTF-8 of their names: names that Swift holds for equal are two to the tested languages.
    case object([[UInt8]: Answer])

    /// A value as tests expect it.
    init(_ value: JSONValue) {
        switch value {
        case .null: self = .null
        case .bool(let value): self = .bool(value)
        case .int(let value): self = .int(value)
        case .largeInt(let value): self = .largeInt(value)
        case .double(let value): self = .double(value)
        case .string(let value): self = .string(value)
        case .array(let elements): self = .array(elements.map(Answer.init))
        case .object(let members):
            let pairs = members.map { (Array($0.key.utf8), Answer($0.value)) }
            self = .object(Dictionary(pairs) { first, _ in first })
        }
    }

    /// Reads a driver's encoding: JSON, in which an object is a mapping (`{"map": [key, value, …]}`) or a float that is
    /// not finite (`{"float": "nan"}`); nil when it is none.
    init?(encoded value: JSONValue) {
        switch value {
        case .array(let elements):
            let answers = elements.compactMap(Answer.init(encoded:))
            guard answers.count == elements.count else { return nil }
            self = .array(answers)
        case .object(let members):
            guard let answer = Self.decoded(members) else { return nil }
            self = answer
        case .null, .bool, .int, .largeInt, .double, .string: self.init(value)
        }
    }

    private static func decoded(_ members: [String: JSONValue]) -> Answer? {
        guard members.count == 1 else { return nil }
        if let word = members["float"]?.text { return .nonFinite(word) }
        guard let row = members["map"]?.elements, row.count.isMultiple(of: 2) else { return nil }
        var object: [[UInt8]: Answer] = [:]
        for index in stride(from: 0, to: row.count, by: 2) {
            guard let key = row[index].text, let value = Answer(encoded: row[index + 1]),
                object.updateValue(value, forKey: Array(key.utf8)) == nil
            else { return nil }
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
        case .largeInt(let value): value.description
        case .double(let value): JSONValue.double(value).canonical
        case .nonFinite(let word): word
        case .string(let text): JSONValue.string(text).canonical
        case .array(let elements): "[" + elements.map(\.canonical).joined(separator: ",") + "]"
        case .object(let members):
            "{"
                + members.sorted { $0.key.lexicographicallyPrecedes($1.key) }
                .map { key, value in
                    JSONValue.string(String(decoding: key, as: UTF8.self)).canonical + ":" + value.canonical
                }
                .joined(separator: ",")
                + "}"
        }
    }

    /// The number as the nearest double, when this is a number in the range of doubles.
    private var real: Double? {
        switch self {
        case .int(let value): Double(value)
        case .largeInt(let value): value.real
        case .double(let value): value
        default: nil
        }
    }
}

extension Answer: Equatable {
    /// Whether type and value are the same, strings byte by byte.
    static func == (left: Answer, right: Answer) -> Bool { left.equals(right, closely: false) }

    /// Whether this is what a test expects.
    func matches(_ expected: JSONValue, by comparison: TestSuite.Comparison) -> Bool {
        let expected = Answer(expected)
        switch comparison {
        case .exact: return self == expected
        case .float: return equals(expected, closely: true)
        case .unordered:
            guard case .array(let mine) = self, case .array(let theirs) = expected else {
                return self == expected
            }
            return Self.isReordering(mine, theirs)
        }
    }

    private static func isReordering(_ mine: [Answer], _ theirs: [Answer]) -> Bool {
        let texts = [mine, theirs].map { elements in
            elements.map { Array($0.canonical.utf8) }.sorted { $0.lexicographicallyPrecedes($1) }
        }
        return texts[0] == texts[1]
    }

    /// Whether a number is near enough to the expected one, both of them finite.
    ///
    /// Nearness is relative, however small the expected number is, so that no fixed answer passes for all small ones.
    /// Only 0 has no scale: there, rounding noise of the size that sums of ordinary numbers leave is let pass.
    static func isClose(_ number: Double, to expected: Double) -> Bool {
        guard number.isFinite, expected.isFinite else { return false }

        return number == expected || abs(number - expected) <= (expected == 0 ? 1e-9 : 1e-6 * abs(expected))
    }

    private func equals(_ expected: Answer, closely: Bool) -> Bool {
        if closely, let mine = real, let theirs = expected.real { return Self.isClose(mine, to: theirs) }
        switch (self, expected) {
        case (.null, .null): return true
        case (.bool(let mine), .bool(let theirs)): return mine == theirs
        case (.int(let mine), .int(let theirs)): return mine == theirs
        case (.largeInt(let mine), .largeInt(let theirs)): return mine == theirs
        case (.double(let mine), .double(let theirs)): return mine == theirs
        case (.nonFinite(let mine), .nonFinite(let theirs)): return mine == theirs
        case (.string(let mine), .string(let theirs)):
            // Canonically equivalent strings are equal to Swift and not to the tested languages.
            return mine.utf8.elementsEqual(theirs.utf8)
        case (.array(let mine), .array(let theirs)):
            return mine.count == theirs.count
                && zip(mine, theirs).allSatisfy { $0.equals($1, closely: closely) }
        case (.object(let mine), .object(let theirs)):
            return mine.count == theirs.count
                && mine.allSatisfy { key, value in
                    theirs[key].map { value.equals($0, closely: closely) } ?? false
                }
        default: return false
        }
    }
}
