/// The tests that can follow `is`.
enum TemplateTest: String, Sendable, CaseIterable {
    case boolean
    case defined
    case even
    case float
    case integer
    case iterable
    case mapping
    case null = "none"
    case number
    case odd
    case sequence
    case string
    case undefined

    /// Whether the test asks only if there is a value.
    var asksForDefinition: Bool { self == .defined || self == .undefined }

    /// Whether a value passes.
    ///
    /// - Throws: ``TemplateComplaint`` when the value cannot be tested so.
    func holds(for value: TemplateValue) throws(TemplateComplaint) -> Bool {
        switch self {
        case .boolean: if case .bool = value { true } else { false }
        case .defined: value.isDefined
        case .undefined: !value.isDefined
        case .even: try remainder(of: value) == 0
        case .odd: try remainder(of: value) == 1
        case .float: if case .double = value { true } else { false }
        case .integer: value.isInteger
        case .iterable: value.isIterable
        case .mapping: if case .map = value { true } else { false }
        case .null: if case .null = value { true } else { false }
        case .number: value.number != nil || value.isInteger
        case .sequence: value.isIterable
        case .string: if case .string = value { true } else { false }
        }
    }

    private func remainder(of value: TemplateValue) throws(TemplateComplaint) -> Double {
        guard let number = value.number else {
            throw .unfit("`is \(rawValue)` needs a number, not \(value.kindName)")
        }
        let remainder = number.real.truncatingRemainder(dividingBy: 2)
        return remainder < 0 ? remainder + 2 : remainder
    }
}

extension TemplateValue {
    /// Whether this is a whole number, which a Boolean is not.
    var isInteger: Bool {
        switch self {
        case .int, .largeInt: true
        default: false
        }
    }

    /// Whether there is a value at all.
    var isDefined: Bool {
        switch self {
        case .undefined, .omitted: false
        default: true
        }
    }
}
