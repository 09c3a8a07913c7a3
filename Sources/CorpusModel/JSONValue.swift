/// A JSON value as it travels through the factory: seed fields, options, evidence details.
///
/// Integers and doubles are kept apart, so that `1` and `1.0` survive a round trip; comparing them is the
/// business of whoever knows what the numbers mean.
///
/// Strings, and with them the keys of objects, are equal as Swift sees it: `é` in one character and in two are. Whoever
/// must tell them apart compares the bytes of ``canonical``.
public enum JSONValue: Sendable, Hashable {
    case null
    case bool(Bool)
    case int(Int)
    /// A whole number that does not fit ``int(_:)``.
    case largeInt(LargeInteger)
    /// Always finite: the parser refuses what JSON cannot say, and ``JSONValue/number(_:)`` maps the rest to null.
    case double(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])
}

extension JSONValue {
    /// A double as JSON can say it: null for a value that is not finite.
    public static func number(_ value: Double) -> JSONValue { value.isFinite ? .double(value) : .null }

    /// The text, when this is a string.
    public var text: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    /// The whole number, when this is one that fits, also when written as `3.0`.
    public var whole: Int? {
        switch self {
        case .int(let value): value
        case .double(let value): Int(exactly: value)
        default: nil
        }
    }

    /// The number as the nearest double, when this is a number in the range of doubles.
    public var real: Double? {
        switch self {
        case .int(let value): Double(value)
        case .largeInt(let value): value.real
        case .double(let value): value
        default: nil
        }
    }

    /// The truth value, when this is one.
    public var flag: Bool? {
        guard case .bool(let value) = self else { return nil }
        return value
    }

    /// The elements, when this is an array.
    public var elements: [JSONValue]? {
        guard case .array(let elements) = self else { return nil }
        return elements
    }

    /// The members, when this is an object.
    public var members: [String: JSONValue]? {
        guard case .object(let members) = self else { return nil }
        return members
    }

    /// The member under a name, or nil when this is no object or has no such member.
    public subscript(name: String) -> JSONValue? { members?[name] }

    /// What kind of value this is, in JSON's own words, for messages.
    public var kindName: String {
        switch self {
        case .null: "null"
        case .bool: "a Boolean"
        case .int, .largeInt, .double: "a number"
        case .string: "a string"
        case .array: "an array"
        case .object: "an object"
        }
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral,
    ExpressibleByNilLiteral
{
    /// Writes the value as Swift would.
    public init(stringLiteral value: String) { self = .string(value) }
    /// Writes the value as Swift would.
    public init(integerLiteral value: Int) { self = .int(value) }
    /// Writes the value as Swift would.
    public init(floatLiteral value: Double) { self = .number(value) }
    /// Writes the value as Swift would.
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// Writes the value as Swift would.
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    /// Writes the value as Swift would.
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(Dictionary(elements) { _, last in last })
    }
    /// Writes the value as Swift would.
    public init(nilLiteral: ()) { self = .null }
}
