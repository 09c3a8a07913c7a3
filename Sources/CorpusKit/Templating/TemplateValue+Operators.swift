/// Operators between two values that are neither short-circuited nor comparisons.
enum TemplateOperator: String, Sendable {
    case add = "+"
    case subtract = "-"
    case multiply = "*"
    case divide = "/"
    case floorDivide = "//"
    case modulo = "%"

    /// The result by Python's rules, of at most `limit` bytes when it is a text.
    ///
    /// - Throws: ``TemplateComplaint`` when the values do not fit the operator.
    func apply(
        _ left: TemplateValue,
        _ right: TemplateValue,
        limit: Int
    ) throws(TemplateComplaint) -> TemplateValue {
        if let first = left.number, let second = right.number { return try calculate(first, second) }
        switch (self, left, right) {
        case (.add, .string(let first), .string(let second)):
            if first.utf8.count + second.utf8.count > limit { throw TemplateLimits.outputLimit(limit) }
            return .string(first + second)
        case (.add, .list(let first), .list(let second)):
            try TemplateLimits.check(elements: first.count + second.count)
            return .list(first + second)
        case (.add, .tuple(let first), .tuple(let second)):
            try TemplateLimits.check(elements: first.count + second.count)
            return .tuple(first + second)
        case (.multiply, _, _):
            if let count = right.whole, let result = try Self.repeated(left, count, limit) { return result }
            if let count = left.whole, let result = try Self.repeated(right, count, limit) { return result }
        default: break
        }
        let isText = if case .string = left { true } else if case .string = right { true } else { false }
        throw .unfit(
            "`\(rawValue)` does not work on \(left.kindName) and \(right.kindName)",
            hint: self == .add && isText ? "`~` joins values of any kind as text" : nil
        )
    }

    private static func repeated(
        _ value: TemplateValue,
        _ count: Int,
        _ limit: Int
    ) throws(TemplateComplaint) -> TemplateValue? {
        let count = max(0, count)
        switch value {
        case .string(let text):
            let (bytes, overflows) = text.utf8.count.multipliedReportingOverflow(by: count)
            if overflows || bytes > limit { throw TemplateLimits.outputLimit(limit) }
            return .string(text.isEmpty ? "" : String(repeating: text, count: count))
        case .list(let elements): return .list(try repeated(elements, count))
        case .tuple(let elements): return .tuple(try repeated(elements, count))
        default: return nil
        }
    }

    private static func repeated(
        _ elements: [TemplateValue],
        _ count: Int
    ) throws(TemplateComplaint) -> [TemplateValue] {
        guard !elements.isEmpty else { return [] }
        let (total, overflows) = elements.count.multipliedReportingOverflow(by: count)
        try TemplateLimits.check(elements: overflows ? .max : total)
        return Array(repeatElement(elements, count: count).joined())
    }

    private func calculate(
        _ left: TemplateNumber,
        _ right: TemplateNumber
    ) throws(TemplateComplaint) -> TemplateValue {
        if self == .divide || self == .floorDivide || self == .modulo, right.real == 0 {
            throw TemplateComplaint("division-by-zero", "`\(rawValue)` divides by zero")
        }
        if self == .divide { return .double(left.real / right.real) }
        guard case (.int(let first), .int(let second)) = (left, right) else {
            return .double(calculate(left.real, right.real))
        }
        let (value, overflows) =
            switch self {
            case .add: first.addingReportingOverflow(second)
            case .subtract: first.subtractingReportingOverflow(second)
            case .multiply: first.multipliedReportingOverflow(by: second)
            case .floorDivide, .divide: Self.floorDivided(first, second)
            case .modulo: (Self.floorRemainder(first, second), false)
            }
        if overflows { throw .overflow }
        return .int(value)
    }

    private static func floorDivided(_ left: Int, _ right: Int) -> (Int, Bool) {
        let (quotient, overflows) = left.dividedReportingOverflow(by: right)
        if overflows { return (0, true) }
        let isBelow = left % right != 0 && (left < 0) != (right < 0)
        return (isBelow ? quotient - 1 : quotient, false)
    }

    private static func floorRemainder(_ left: Int, _ right: Int) -> Int {
        let remainder = left.remainderReportingOverflow(dividingBy: right).partialValue
        return remainder != 0 && (remainder < 0) != (right < 0) ? remainder + right : remainder
    }

    private func calculate(_ left: Double, _ right: Double) -> Double {
        switch self {
        case .add: return left + right
        case .subtract: return left - right
        case .multiply: return left * right
        case .divide: return left / right
        case .floorDivide, .modulo: break
        }
        // Python takes the remainder first and derives the quotient from it, so that both fit each other.
        var remainder = left.truncatingRemainder(dividingBy: right)
        var quotient = (left - remainder) / right
        if remainder == 0 {
            remainder = Double(signOf: right, magnitudeOf: 0)
        } else if (right < 0) != (remainder < 0) {
            remainder += right
            quotient -= 1
        }
        if self == .modulo { return remainder }
        guard quotient != 0 else { return Double(signOf: left / right, magnitudeOf: 0) }
        let whole = quotient.rounded(.down)
        return quotient - whole > 0.5 ? whole + 1 : whole
    }
}
