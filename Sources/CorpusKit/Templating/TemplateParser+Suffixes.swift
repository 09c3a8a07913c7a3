import CorpusDiagnostics

extension TemplateParser {
    /// Reads `.name`, `[index]` and `[from:to]` behind a value.
    mutating func members(of value: TemplateExpression) throws(PromptProblem) -> TemplateExpression {
        var value = value
        while true {
            if isAt(.dot) {
                advance()
                value = try member(of: value)
            } else if isAt(.bracketOpen) {
                advance()
                value = try element(of: value)
                try expect(.bracketClose)
            } else if isAt(.parenthesisOpen) {
                throw fault(
                    "values cannot be called",
                    code: "unsupported",
                    hint: "use a filter, such as `|items` or `|upper`"
                )
            } else {
                return value
            }
        }
    }

    private mutating func member(of value: TemplateExpression) throws(PromptProblem) -> TemplateExpression {
        let token = current
        let key: TemplateValue
        switch token.kind {
        case .name(let name): key = .string(name)
        case .int(let index): key = .int(index)
        default: throw unexpected("the name of a member")
        }
        advance()
        let constant = TemplateExpression(.constant(key), at: token.span)
        return try checked(.element(value, at: constant, isMember: true), at: token.span)
    }

    private mutating func element(of value: TemplateExpression) throws(PromptProblem) -> TemplateExpression {
        let span = current.span
        let start = isAt(.colon) ? nil : try expression()
        guard isAt(.colon) else {
            guard let start else { throw unexpected("an index") }
            return try checked(.element(value, at: start, isMember: false), at: span)
        }
        var bounds: [TemplateExpression?] = []
        while bounds.count < 2, skip(.colon) {
            bounds.append(isAt(.colon) || isAt(.bracketClose) ? nil : try expression())
        }
        let step = bounds.count > 1 ? bounds[1] : nil
        return try checked(.slice(value, from: start, to: bounds[0], by: step), at: span)
    }

    /// Reads `|filter` and `is test` behind a value.
    mutating func filtersAndTests(of value: TemplateExpression) throws(PromptProblem) -> TemplateExpression {
        var value = value
        while true {
            if skip(.pipe) {
                value = try filter(of: value)
            } else if skip(word: "is") {
                value = try test(of: value)
            } else if isAt(.parenthesisOpen) {
                throw fault("values cannot be called", code: "unsupported", hint: "use a filter")
            } else {
                return value
            }
        }
    }

    private mutating func test(of value: TemplateExpression) throws(PromptProblem) -> TemplateExpression {
        let isNegated = skip(word: "not")
        let token = current
        guard case .name(let name) = token.kind else { throw unexpected("the name of a test") }
        guard let test = TemplateTest(rawValue: name) else {
            throw fault(
                "unknown test `\(name)`",
                code: "unknown-test",
                hint: nearestHint(for: name, among: TemplateTest.allCases.map(\.rawValue))
                    ?? "the tests are \(Self.listed(TemplateTest.allCases.map(\.rawValue)))"
            )
        }
        advance()
        // Jinja2 reads whatever follows as the test's argument, so that it must be refused here as well.
        switch current.kind {
        case .name("else"), .name("or"), .name("and"), .mark, .printEnd, .blockEnd, .end: break
        default:
            throw fault(
                "the test `\(name)` takes nothing after it, found \(current.label)",
                hint: "put the test in parentheses"
            )
        }
        guard !isAt(.bracketOpen), !isAt(.braceOpen), !isAt(.parenthesisOpen) else {
            throw fault("the test `\(name)` takes nothing after it, found \(current.label)")
        }
        let tested = try checked(.test(test, value), at: token.span)
        return isNegated ? try checked(.not(tested), at: token.span) : tested
    }

    private mutating func filter(of value: TemplateExpression) throws(PromptProblem) -> TemplateExpression {
        let token = current
        guard case .name(let name) = token.kind else { throw unexpected("the name of a filter") }
        guard let filter = TemplateFilter(name: name) else {
            throw fault(
                "unknown filter `\(name)`",
                code: "unknown-filter",
                hint: nearestHint(for: name, among: TemplateFilter.names)
                    ?? "the filters are \(Self.listed(TemplateFilter.allCases.map(\.rawValue)))"
            )
        }
        advance()
        let arguments = try arguments(of: filter, at: token.span)
        return try checked(.filter(filter, value, arguments), at: token.span)
    }

    private static func listed(_ names: [String]) -> String {
        names.map { "`\($0)`" }.joined(separator: ", ")
    }

    /// Reads what stands in parentheses behind a filter, one value or nil for each of its parameters.
    private mutating func arguments(
        of filter: TemplateFilter,
        at span: TemplateSpan
    ) throws(PromptProblem) -> [TemplateExpression?] {
        let parameters = filter.parameters
        var arguments = [TemplateExpression?](repeating: nil, count: parameters.count)
        var isNamed = false
        var position = 0
        if skip(.parenthesisOpen) {
            while !isAt(.parenthesisClose) {
                let start = current.span
                if case .name(let name) = current.kind, next.kind == .mark(.assign) {
                    isNamed = true
                    guard let index = parameters.firstIndex(where: { $0.name == name }) else {
                        throw fault(
                            "`\(filter.rawValue)` has no parameter `\(name)`",
                            code: "unknown-argument",
                            hint: nearestHint(for: name, among: parameters.map(\.name))
                        )
                    }
                    position = index
                    advance()
                    advance()
                } else if isNamed {
                    throw fault("an argument without a name must stand before those with names")
                }
                guard position < parameters.count else {
                    throw fault(
                        "`\(filter.rawValue)` takes \(parameters.isEmpty ? "no" : "at most \(parameters.count)")"
                            + " argument\(parameters.count == 1 ? "" : "s")",
                        code: "wrong-arguments"
                    )
                }
                guard arguments[position] == nil else {
                    throw fault(
                        "`\(parameters[position].name)` is given twice",
                        at: start,
                        code: "wrong-arguments"
                    )
                }
                arguments[position] = try expression()
                position += 1
                guard skip(.comma) else { break }
            }
            guard skip(.parenthesisClose) else { throw unexpected("`,` or `)`") }
        }
        for (index, parameter) in parameters.enumerated()
        where parameter.isRequired && arguments[index] == nil {
            throw fault("`\(filter.rawValue)` needs `\(parameter.name)`", at: span, code: "wrong-arguments")
        }
        return arguments
    }
}
