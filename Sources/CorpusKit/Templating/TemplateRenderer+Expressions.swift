extension TemplateRenderer {
    /// The value of an expression that must have one.
    ///
    /// - Throws: ``PromptProblem`` that names what is undefined.
    mutating func defined(_ expression: TemplateExpression) throws(PromptProblem) -> TemplateValue {
        let value = try passable(expression)
        guard case .omitted = value else { return value }
        throw problem(
            TemplateComplaint(
                "undefined-variable",
                "the condition does not hold and there is no `else`",
                hint: "add an `else`"
            ),
            at: expression.span
        )
    }

    /// The value of an expression that may be the nothing of an `if` without `else`, which prints as nothing.
    mutating func passable(_ expression: TemplateExpression) throws(PromptProblem) -> TemplateValue {
        let value = try evaluate(expression)
        guard case .undefined(let complaint, let span) = value else { return value }
        throw problem(complaint, at: span)
    }

    /// The value of an expression, which may be undefined.
    mutating func evaluate(_ expression: TemplateExpression) throws(PromptProblem) -> TemplateValue {
        let span = expression.span
        try step(at: span)
        switch expression.kind {
        case .constant(let value): return value
        case .name(let symbol): return value(of: symbol, at: span)
        case .list(let parts): return .list(try all(parts))
        case .tuple(let parts): return .tuple(try all(parts))
        case .map(let keys, let values): return try map(keys, values)
        case .element(let base, let key, _): return try element(of: base, at: key, in: expression)
        case .slice(let base, let start, let stop, let step):
            let base = try defined(base)
            let bounds = (try bound(start), try bound(stop), try bound(step))
            return try at(span) { () throws(TemplateComplaint) in
                try base.slice(from: bounds.0, to: bounds.1, by: bounds.2)
            }
        case .not(let part): return .bool(try !passable(part).isTrue)
        case .signed(let part, let isNegative): return try signed(part, isNegative, at: span)
        case .operation(let operation, let left, let right):
            let (left, right) = (try defined(left), try defined(right))
            let limit = limits.bytes
            return try at(span) { () throws(TemplateComplaint) in
                try operation.apply(left, right, limit: limit)
            }
        case .concatenation(let parts): return .string(try concatenated(parts))
        case .comparison(let first, let rest): return .bool(try compare(first, rest))
        case .all(let parts): return try decide(parts, stopsAt: false)
        case .any(let parts): return try decide(parts, stopsAt: true)
        case .conditional(let value, let condition, let otherwise):
            if try passable(condition).isTrue { return try evaluate(value) }
            if let otherwise { return try evaluate(otherwise) }
            return .omitted
        case .filter(let filter, let value, let arguments):
            return try apply(filter, to: value, arguments, at: span)
        case .test(let test, let value):
            let value = try test.asksForDefinition ? evaluate(value) : defined(value)
            return .bool(try at(span) { () throws(TemplateComplaint) in try test.holds(for: value) })
        }
    }

    private mutating func all(_ parts: [TemplateExpression]) throws(PromptProblem) -> [TemplateValue] {
        var values: [TemplateValue] = []
        values.reserveCapacity(parts.count)
        for part in parts { values.append(try defined(part)) }
        return values
    }

    private mutating func map(
        _ keys: [TemplateExpression],
        _ values: [TemplateExpression]
    ) throws(PromptProblem) -> TemplateValue {
        var map = TemplateMap()
        for (key, value) in zip(keys, values) {
            guard case .string(let name) = try defined(key) else {
                throw problem(.unfit("the keys of a mapping must be strings"), at: key.span)
            }
            map[name] = try defined(value)
        }
        return .map(map)
    }

    private mutating func bound(_ part: TemplateExpression?) throws(PromptProblem) -> TemplateValue {
        guard let part else { return .null }
        return try defined(part)
    }

    private mutating func element(
        of base: TemplateExpression,
        at key: TemplateExpression,
        in whole: TemplateExpression
    ) throws(PromptProblem) -> TemplateValue {
        let value = try defined(base)
        let index = try defined(key)
        if let element = value.element(at: index) { return element }
        let name = whole.path(program.symbols) ?? "the element"
        let complaint = TemplateComplaint(
            "undefined-variable",
            whole.path(program.symbols) == nil ? "\(name) is undefined" : "`\(name)` is undefined",
            hint: value.hint(forMissing: index)
        )
        return .undefined(complaint, whole.span)
    }

    private mutating func signed(
        _ part: TemplateExpression,
        _ isNegative: Bool,
        at span: TemplateSpan
    ) throws(PromptProblem) -> TemplateValue {
        let value = try defined(part)
        switch value.number {
        case .int(let whole):
            guard isNegative else { return .int(whole) }
            let (result, overflows) = (0).subtractingReportingOverflow(whole)
            if overflows { throw problem(.overflow, at: span) }
            return .int(result)
        case .double(let real): return .double(isNegative ? -real : real)
        case nil: throw problem(.unfit("\(value.kindName) has no sign"), at: span)
        }
    }

    private mutating func concatenated(_ parts: [TemplateExpression]) throws(PromptProblem) -> String {
        var writer = TemplateWriter(limit: limits.bytes)
        for part in parts {
            let value = try passable(part)
            do { try writer.print(value) } catch { throw problem(error, at: part.span) }
        }
        return writer.text
    }

    private mutating func compare(
        _ first: TemplateExpression,
        _ rest: [TemplateExpression.Comparand]
    ) throws(PromptProblem) -> Bool {
        var left = try defined(first)
        for comparand in rest {
            let right = try defined(comparand.value)
            guard try holds(comparand.comparison, left, right, at: comparand.span) else { return false }
            left = right
        }
        return true
    }

    /// The first operand that decides, else the last.
    private mutating func decide(
        _ parts: [TemplateExpression],
        stopsAt decisive: Bool
    ) throws(PromptProblem) -> TemplateValue {
        var value = TemplateValue.null
        for part in parts {
            value = try passable(part)
            if value.isTrue == decisive { return value }
        }
        return value
    }

    private mutating func apply(
        _ filter: TemplateFilter,
        to input: TemplateExpression,
        _ arguments: [TemplateExpression?],
        at span: TemplateSpan
    ) throws(PromptProblem) -> TemplateValue {
        if filter == .default { return try replaced(input, arguments) }
        let value = try defined(input)
        var given: [TemplateValue?] = []
        for argument in arguments {
            if let argument { given.append(try defined(argument)) } else { given.append(nil) }
        }
        let (limit, values) = (limits.bytes, given)
        let result = try at(span) { () throws(TemplateComplaint) in
            try filter.apply(to: value, values, limit: limit)
        }
        guard case .undefined(let complaint, _) = result else { return result }
        return .undefined(complaint, span)
    }

    /// The filter `default`: its first argument where there is no value, or, if asked, no true one.
    private mutating func replaced(
        _ input: TemplateExpression,
        _ arguments: [TemplateExpression?]
    ) throws(PromptProblem) -> TemplateValue {
        let value = try evaluate(input)
        // Evaluated in any case, as Jinja2 does; an undefined replacement is a fault only where it is used.
        let replacement =
            if let argument = arguments[0] { try evaluate(argument) } else { TemplateValue.string("") }
        let isFalseReplaced = if let flag = arguments[1] { try defined(flag).isTrue } else { false }
        let isKept = value.isDefined && (value.isTrue || !isFalseReplaced)
        return isKept ? value : replacement
    }
}
