import CorpusModel

/// A value while a template is rendered: what Python would hold in its place.
enum TemplateValue: Sendable {
    case null
    case bool(Bool)
    case int(Int)
    /// A whole number beyond 64 bits, which is printed and not calculated with.
    case largeInt(LargeInteger)
    case double(Double)
    case string(String)
    case list([TemplateValue])
    case tuple([TemplateValue])
    case map(TemplateMap)
    /// The variable `loop` of the innermost `for`.
    case loop(LoopState)
    /// What `x if false` gives: prints as nothing, and counts as undefined.
    case omitted
    /// Nothing: may only be asked about and replaced by a default.
    case undefined(TemplateComplaint, TemplateSpan)

    /// Where a loop stands.
    struct LoopState: Sendable, Hashable {
        var index: Int
        var count: Int

        static let fields = ["index", "index0", "revindex", "revindex0", "first", "last", "length"]

        func value(of field: String) -> TemplateValue? {
            switch field {
            case "index": .int(index + 1)
            case "index0": .int(index)
            case "revindex": .int(count - index)
            case "revindex0": .int(count - index - 1)
            case "first": .bool(index == 0)
            case "last": .bool(index == count - 1)
            case "length": .int(count)
            default: nil
            }
        }
    }

    /// Takes over a JSON value; the members of objects are put in the order of their names.
    init(_ json: JSONValue) {
        switch json {
        case .null: self = .null
        case .bool(let value): self = .bool(value)
        case .int(let value): self = .int(value)
        case .largeInt(let value): self = .largeInt(value)
        case .double(let value): self = .double(value)
        case .string(let value): self = .string(value)
        case .array(let elements): self = .list(elements.map { TemplateValue($0) })
        case .object(let members):
            var map = TemplateMap()
            for (name, value) in members.sorted(by: { PythonText.precedes($0.key, $1.key) }) {
                map.append(name, TemplateValue(value))
            }
            self = .map(map)
        }
    }

    /// What kind of value this is, for messages.
    var kindName: String {
        switch self {
        case .null: "none"
        case .bool: "a Boolean"
        case .int, .double: "a number"
        case .largeInt: "a number beyond 64 bits"
        case .string: "a string"
        case .list: "a list"
        case .tuple: "a tuple"
        case .map: "a mapping"
        case .loop: "`loop`"
        case .omitted, .undefined: "an undefined value"
        }
    }

    /// Whether Python holds the value for true.
    var isTrue: Bool {
        switch self {
        case .null, .omitted, .undefined: false
        case .bool(let value): value
        case .int(let value): value != 0
        case .double(let value): value != 0
        case .string(let value): !value.isEmpty
        case .list(let elements), .tuple(let elements): !elements.isEmpty
        case .map(let map): !map.keys.isEmpty
        case .largeInt, .loop: true
        }
    }

    /// The number, where Python takes Booleans for 0 and 1.
    var number: TemplateNumber? {
        switch self {
        case .bool(let value): .int(value ? 1 : 0)
        case .int(let value): .int(value)
        case .double(let value): .double(value)
        default: nil
        }
    }

    /// The whole number, where Python takes Booleans for 0 and 1.
    var whole: Int? {
        guard case .int(let value)? = number else { return nil }
        return value
    }

    /// Whether there is something to walk through.
    var isIterable: Bool {
        switch self {
        case .list, .tuple, .string, .map: true
        default: false
        }
    }

    /// What a `for` walks through: elements, the keys of a mapping, the characters of a string; nil when nothing.
    ///
    /// - Throws: ``TemplateComplaint`` when a string is too long to be walked through.
    func elements() throws(TemplateComplaint) -> [TemplateValue]? {
        switch self {
        case .list(let elements), .tuple(let elements): return elements
        case .string(let text):
            try TemplateLimits.check(elements: text.unicodeScalars.count)
            return text.unicodeScalars.map { .string(String($0)) }
        case .map(let map): return map.keys.map { .string($0) }
        default: return nil
        }
    }
}

/// A mapping with string keys in the order in which they were first written.
struct TemplateMap: Sendable {
    private(set) var keys: [String] = []
    private(set) var values: [TemplateValue] = []

    /// Adds a member whose key is known to be new.
    mutating func append(_ key: String, _ value: TemplateValue) {
        keys.append(key)
        values.append(value)
    }

    /// The member under a key.
    ///
    /// The search is linear: prompts are given mappings of a few fields.
    subscript(key: String) -> TemplateValue? {
        get { keys.firstIndex { PythonText.areEqual($0, key) }.map { values[$0] } }
        set {
            guard let newValue else { return }
            if let index = keys.firstIndex(where: { PythonText.areEqual($0, key) }) {
                values[index] = newValue
            } else {
                append(key, newValue)
            }
        }
    }
}

/// A whole or a floating-point number.
enum TemplateNumber: Sendable {
    case int(Int)
    case double(Double)

    var real: Double {
        switch self {
        case .int(let value): Double(value)
        case .double(let value): value
        }
    }

    /// How the numbers compare, exactly; nil when one is not a number.
    func compared(with other: TemplateNumber) -> Int? {
        switch (self, other) {
        case (.int(let left), .int(let right)): left < right ? -1 : left > right ? 1 : 0
        case (.int(let left), .double(let right)): Self.compared(left, with: right)
        case (.double(let left), .int(let right)): Self.compared(right, with: left).map { -$0 }
        case (.double(let left), .double(let right)):
            left.isNaN || right.isNaN ? nil : left < right ? -1 : left > right ? 1 : 0
        }
    }

    private static func compared(_ left: Int, with right: Double) -> Int? {
        if right.isNaN { return nil }
        if right >= 0x1p63 { return -1 }
        if right < -0x1p63 { return 1 }
        let whole = Int(right.rounded(.down))
        if left != whole { return left < whole ? -1 : 1 }
        return right > right.rounded(.down) ? -1 : 0
    }
}
