/// Comparisons, which Python chains: `a < b < c`.
enum TemplateComparison: String, Sendable {
    case equal = "=="
    case notEqual = "!="
    case less = "<"
    case lessOrEqual = "<="
    case greater = ">"
    case greaterOrEqual = ">="
    case isIn = "in"
    case isNotIn = "not in"
}

/// Compares values by Python's rules, counting its steps.
struct TemplateComparer {
    /// Steps taken so far.
    private(set) var steps: Int
    private let limit: Int
    private var depth = 0

    /// Goes on counting from a number of steps; at the limit it throws.
    init(steps: Int, limit: Int) {
        self.steps = steps
        self.limit = limit
    }

    /// Whether the comparison holds.
    ///
    /// - Throws: ``TemplateComplaint`` when the values cannot be compared so.
    mutating func holds(
        _ comparison: TemplateComparison,
        _ left: TemplateValue,
        _ right: TemplateValue
    ) throws(TemplateComplaint) -> Bool {
        switch comparison {
        case .equal: return try areEqual(left, right)
        case .notEqual: return try !areEqual(left, right)
        case .isIn: return try isIn(left, right)
        case .isNotIn: return try !isIn(left, right)
        case .less, .lessOrEqual, .greater, .greaterOrEqual: return try isOrdered(comparison, left, right)
        }
    }

    private mutating func step() throws(TemplateComplaint) {
        steps += 1
        if steps > limit { throw TemplateLimits.stepLimit(limit) }
    }

    private mutating func areEqual(_ left: TemplateValue, _ right: TemplateValue) throws(TemplateComplaint)
        -> Bool
    {
        try step()
        if let first = left.number, let second = right.number { return first.compared(with: second) == 0 }
        switch (left, right) {
        case (.null, .null): return true
        case (.largeInt(let first), .largeInt(let second)): return first == second
        case (.string(let first), .string(let second)): return PythonText.areEqual(first, second)
        case (.list(let first), .list(let second)), (.tuple(let first), .tuple(let second)):
            guard first.count == second.count else { return false }
            return try firstDifference(first, second) == nil
        case (.map(let first), .map(let second)):
            guard first.keys.count == second.keys.count else { return false }
            try nest()
            defer { depth -= 1 }
            for (key, value) in zip(first.keys, first.values) {
                guard let other = second[key], try areEqual(value, other) else { return false }
            }
            return true
        default: return false
        }
    }

    private mutating func firstDifference(
        _ left: [TemplateValue],
        _ right: [TemplateValue]
    ) throws(TemplateComplaint) -> Int? {
        try nest()
        defer { depth -= 1 }
        for index in 0..<min(left.count, right.count) where try !areEqual(left[index], right[index]) {
            return index
        }
        return nil
    }

    private mutating func nest() throws(TemplateComplaint) {
        depth += 1
        guard depth <= TemplateLimits.valueNesting else { throw TemplateLimits.valueTooDeep }
    }

    private mutating func isIn(_ element: TemplateValue, _ container: TemplateValue) throws(TemplateComplaint)
        -> Bool
    {
        switch (element, container) {
        case (.string(let needle), .string(let text)): return PythonText.contains(text, needle)
        case (_, .list(let elements)), (_, .tuple(let elements)):
            for candidate in elements where try areEqual(candidate, element) { return true }
            return false
        case (.string(let key), .map(let map)): return map[key] != nil
        case (.null, .map), (.bool, .map), (.int, .map), (.largeInt, .map), (.double, .map): return false
        case (_, .string):
            throw .unfit("`in` looks for a string in a string, not for \(element.kindName)")
        case (_, .map): throw .unfit("\(element.kindName) cannot be a key of a mapping")
        default: throw .unfit("`in` does not work on \(container.kindName)")
        }
    }

    private mutating func isOrdered(
        _ comparison: TemplateComparison,
        _ left: TemplateValue,
        _ right: TemplateValue
    ) throws(TemplateComplaint) -> Bool {
        try step()
        if let first = left.number, let second = right.number {
            return first.compared(with: second).map { comparison.accepts($0) } ?? false
        }
        switch (left, right) {
        case (.string(let first), .string(let second)):
            if PythonText.areEqual(first, second) { return comparison.accepts(0) }
            return comparison.accepts(PythonText.precedes(first, second) ? -1 : 1)
        case (.list(let first), .list(let second)), (.tuple(let first), .tuple(let second)):
            guard let index = try firstDifference(first, second) else {
                return comparison.accepts((first.count - second.count).signum())
            }
            try nest()
            defer { depth -= 1 }
            return try isOrdered(comparison, first[index], second[index])
        default:
            throw .unfit(
                "`\(comparison.rawValue)` does not compare \(left.kindName) with \(right.kindName)"
            )
        }
    }
}

extension TemplateComparison {
    /// Whether the comparison holds for values whose order is negative, zero or positive.
    fileprivate func accepts(_ order: Int) -> Bool {
        switch self {
        case .less: order < 0
        case .lessOrEqual: order <= 0
        case .greater: order > 0
        case .greaterOrEqual: order >= 0
        case .equal, .notEqual, .isIn, .isNotIn: order == 0
        }
    }
}
