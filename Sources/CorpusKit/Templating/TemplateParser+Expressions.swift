extension TemplateParser {
    /// Words that are no names of variables.
    static let reserved: Set<String> = [
        "and", "or", "not", "in", "is", "if", "elif", "else", "true", "false", "none", "True", "False",
        "None",
    ]

    /// Reads an expression, or several with commas between them as a tuple.
    mutating func tuple(allowsConditional: Bool = true) throws(PromptProblem) -> TemplateExpression {
        let start = current.span
        let (parts, isTuple) = try tupleParts(allowsConditional: allowsConditional)
        if !isTuple, let first = parts.first { return first }
        guard isTuple else { throw unexpected("an expression") }
        return try checked(.tuple(parts), at: start)
    }

    private mutating func tupleParts(
        allowsConditional: Bool
    ) throws(PromptProblem) -> ([TemplateExpression], isTuple: Bool) {
        var parts: [TemplateExpression] = []
        var isTuple = false
        while current.kind != .printEnd, current.kind != .blockEnd, !isAt(.parenthesisClose) {
            parts.append(allowsConditional ? try expression() : try either())
            guard skip(.comma) else { break }
            isTuple = true
        }
        return (parts, isTuple)
    }

    /// Reads one expression.
    mutating func expression() throws(PromptProblem) -> TemplateExpression {
        try deeper { (parser) throws(PromptProblem) in try parser.conditional() }
    }

    func checked(
        _ kind: TemplateExpression.Kind,
        at span: TemplateSpan
    ) throws(PromptProblem) -> TemplateExpression {
        let expression = TemplateExpression(kind, at: span)
        guard expression.depth <= TemplateLimits.nesting else {
            throw fault(
                "the expression nests deeper than \(TemplateLimits.nesting)",
                at: span,
                code: "nesting",
                hint: "`set` parts of it first"
            )
        }
        return expression
    }

    private mutating func conditional() throws(PromptProblem) -> TemplateExpression {
        var value = try either()
        while isAt(word: "if") {
            let span = current.span
            advance()
            let condition = try either()
            let otherwise = skip(word: "else") ? try expression() : nil
            value = try checked(.conditional(value, if: condition, else: otherwise), at: span)
        }
        return value
    }

    private mutating func either() throws(PromptProblem) -> TemplateExpression {
        let span = current.span
        var parts = [try both()]
        while skip(word: "or") { parts.append(try both()) }
        return parts.count == 1 ? parts[0] : try checked(.any(parts), at: span)
    }

    private mutating func both() throws(PromptProblem) -> TemplateExpression {
        let span = current.span
        var parts = [try negation()]
        while skip(word: "and") { parts.append(try negation()) }
        return parts.count == 1 ? parts[0] : try checked(.all(parts), at: span)
    }

    private mutating func negation() throws(PromptProblem) -> TemplateExpression {
        let span = current.span
        guard skip(word: "not") else { return try comparison() }
        let part = try deeper { (parser) throws(PromptProblem) in try parser.negation() }
        return try checked(.not(part), at: span)
    }

    private mutating func comparison() throws(PromptProblem) -> TemplateExpression {
        let first = try sum()
        var rest: [TemplateExpression.Comparand] = []
        while true {
            let span = current.span
            let comparison: TemplateComparison
            if case .mark(let mark) = current.kind, let ordered = TemplateComparison(rawValue: mark.rawValue)
            {
                comparison = ordered
            } else if isAt(word: "in") {
                comparison = .isIn
            } else if isAt(word: "not"), next.kind == .name("in") {
                advance()
                comparison = .isNotIn
            } else {
                break
            }
            advance()
            rest.append(TemplateExpression.Comparand(comparison: comparison, value: try sum(), span: span))
        }
        return rest.isEmpty ? first : try checked(.comparison(first, rest), at: rest[0].span)
    }

    private mutating func sum() throws(PromptProblem) -> TemplateExpression {
        var left = try concatenation()
        while isAt(.plus) || isAt(.minus) {
            let span = current.span
            let operation: TemplateOperator = isAt(.plus) ? .add : .subtract
            advance()
            left = try checked(.operation(operation, left, try concatenation()), at: span)
        }
        return left
    }

    private mutating func concatenation() throws(PromptProblem) -> TemplateExpression {
        var parts = [try product()]
        let span = current.span
        while skip(.tilde) { parts.append(try product()) }
        return parts.count == 1 ? parts[0] : try checked(.concatenation(parts), at: span)
    }

    private mutating func product() throws(PromptProblem) -> TemplateExpression {
        var left = try signed()
        while case .mark(let mark) = current.kind, let operation = TemplateOperator(rawValue: mark.rawValue),
            operation != .add, operation != .subtract
        {
            let span = current.span
            advance()
            left = try checked(.operation(operation, left, try signed()), at: span)
        }
        if isAt(.power) { throw fault("`**` is not supported", code: "unsupported") }
        return left
    }

    /// Reads signs and what they stand before; filters bind more loosely than a sign, members more tightly.
    private mutating func signed(takesFilters: Bool = true) throws(PromptProblem) -> TemplateExpression {
        let span = current.span
        var value: TemplateExpression
        if isAt(.minus) || isAt(.plus) {
            let isNegative = isAt(.minus)
            advance()
            let part = try deeper { (parser) throws(PromptProblem) in try parser.signed(takesFilters: false) }
            value = try checked(.signed(part, isNegative: isNegative), at: span)
        } else {
            value = try primary()
        }
        value = try members(of: value)
        return takesFilters ? try filtersAndTests(of: value) : value
    }

    private mutating func primary() throws(PromptProblem) -> TemplateExpression {
        let token = current
        switch token.kind {
        case .name(let name):
            return try nameOrWord(name, at: token.span)
        case .string(var text):
            advance()
            while case .string(let more) = current.kind {
                text += more
                advance()
            }
            return try checked(.constant(.string(text)), at: token.span)
        case .int(let value):
            advance()
            return try checked(.constant(.int(value)), at: token.span)
        case .double(let value):
            advance()
            return try checked(.constant(.double(value)), at: token.span)
        case .mark(.parenthesisOpen):
            advance()
            let (parts, isTuple) = try tupleParts(allowsConditional: true)
            try expect(.parenthesisClose)
            if !isTuple, let first = parts.first { return first }
            return try checked(.tuple(parts), at: token.span)
        case .mark(.bracketOpen):
            advance()
            return try checked(.list(try list(upTo: .bracketClose)), at: token.span)
        case .mark(.braceOpen):
            advance()
            return try map(at: token.span)
        default: throw unexpected("an expression")
        }
    }

    private mutating func nameOrWord(_ name: String, at span: TemplateSpan) throws(PromptProblem)
        -> TemplateExpression
    {
        switch name {
        case "true", "True":
            advance()
            return try checked(.constant(.bool(true)), at: span)
        case "false", "False":
            advance()
            return try checked(.constant(.bool(false)), at: span)
        case "none", "None":
            advance()
            return try checked(.constant(.null), at: span)
        case _ where Self.reserved.contains(name): throw unexpected("an expression")
        default:
            advance()
            return try checked(.name(symbols.symbol(of: name)), at: span)
        }
    }

    private mutating func list(upTo close: TemplateToken.Mark) throws(PromptProblem) -> [TemplateExpression] {
        var elements: [TemplateExpression] = []
        while !isAt(close) {
            elements.append(try expression())
            guard skip(.comma) else { break }
        }
        guard skip(close) else { throw unexpected("`,` or `\(close.rawValue)`") }
        return elements
    }

    private mutating func map(at span: TemplateSpan) throws(PromptProblem) -> TemplateExpression {
        var keys: [TemplateExpression] = []
        var values: [TemplateExpression] = []
        while !isAt(.braceClose) {
            keys.append(try expression())
            try expect(.colon)
            values.append(try expression())
            guard skip(.comma) else { break }
        }
        guard skip(.braceClose) else { throw unexpected("`,` or `}`") }
        return try checked(.map(keys: keys, values: values), at: span)
    }
}
