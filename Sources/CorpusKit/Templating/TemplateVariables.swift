import CorpusDiagnostics

/// Finds the variables that a template takes from outside, before anything is rendered.
///
/// A variable is *needed* where it is used without being set before, by a `for` or a `set`, and without a
/// question that guards it: `is defined`, `default`, or a condition that holds only where it is defined.
struct TemplateVariables {
    /// The first use of a variable from outside.
    struct Use: Sendable, Hashable {
        let symbol: TemplateSymbol
        let unit: Int
        let span: TemplateSpan
        /// Whether rendering fails without it.
        var isNeeded: Bool
        /// Whether a `set` that may not have run could have set it.
        var isPerhapsSet: Bool
    }

    /// What is known at one place of the template.
    private struct Scope {
        /// Names that are set.
        var bound: Set<TemplateSymbol> = []
        /// Names that are set on some of the ways here.
        var perhapsBound: Set<TemplateSymbol> = []
        /// Names from outside that are known to be defined.
        var known: Set<TemplateSymbol> = []
    }

    private let program: TemplateProgram
    private var unit = 0
    private var uses: [Use] = []
    private var finished: [Int: [Use]] = [:]

    private init(_ program: TemplateProgram) { self.program = program }

    /// Every variable from outside, in the order of first use.
    ///
    /// - Throws: ``PromptProblem`` when a field of `loop` does not exist.
    static func uses(in program: TemplateProgram) throws(PromptProblem) -> [Use] {
        var finder = TemplateVariables(program)
        return try finder.uses(ofUnit: 0)
    }

    private mutating func uses(ofUnit index: Int) throws(PromptProblem) -> [Use] {
        if let uses = finished[index] { return uses }
        let outer = (unit, uses)
        (unit, uses) = (index, [])
        var scope = Scope()
        try walk(program.units[index].nodes, &scope)
        let found = uses
        (unit, uses) = outer
        finished[index] = found
        return found
    }

    private mutating func add(_ use: Use, _ scope: Scope) {
        guard !scope.bound.contains(use.symbol) else { return }
        var use = use
        use.isPerhapsSet = use.isPerhapsSet || scope.perhapsBound.contains(use.symbol)
        if scope.known.contains(use.symbol) || use.isPerhapsSet { use.isNeeded = false }
        guard let index = uses.firstIndex(where: { $0.symbol == use.symbol }) else { return uses.append(use) }
        if uses[index].isPerhapsSet, !use.isPerhapsSet {
            uses[index] = use
        } else {
            uses[index].isNeeded = uses[index].isNeeded || use.isNeeded
        }
    }

    // MARK: - Statements

    private mutating func walk(_ nodes: [TemplateNode], _ scope: inout Scope) throws(PromptProblem) {
        for node in nodes {
            switch node {
            case .text: break
            case .print(let value): try need(value, scope)
            case .assign(let target, let value):
                try need(value, scope)
                bind(target.symbols, in: &scope)
            case .capture(let symbol, let body):
                var inner = scope
                try walk(body, &inner)
                bind([symbol], in: &scope)
            case .branch(let branches, let otherwise): try walk(branches, otherwise, &scope)
            case .loop(let loop): try walk(loop, scope)
            case .include(let name, _):
                guard let index = program.unit(included: name) else { break }
                for use in try uses(ofUnit: index) { add(use, scope) }
            }
        }
    }

    private func bind(_ symbols: [TemplateSymbol], in scope: inout Scope) {
        scope.bound.formUnion(symbols)
        scope.perhapsBound.subtract(symbols)
    }

    private mutating func walk(
        _ branches: [TemplateNode.Branch],
        _ otherwise: [TemplateNode],
        _ scope: inout Scope
    ) throws(PromptProblem) {
        var ends: [Scope] = []
        var rest = scope
        for branch in branches {
            try need(branch.condition, rest)
            var inner = rest
            inner.known.formUnion(known(by: branch.condition, being: true))
            try walk(branch.body, &inner)
            ends.append(inner)
            rest.known.formUnion(known(by: branch.condition, being: false))
        }
        try walk(otherwise, &rest)
        ends.append(rest)
        let safe = ends.map { $0.bound.union($0.known) }.reduce(rest.bound.union(rest.known)) {
            $0.intersection($1)
        }
        let bound = ends.map(\.bound).reduce(rest.bound) { $0.intersection($1) }
        for end in ends {
            scope.perhapsBound.formUnion(end.bound.subtracting(bound))
            scope.perhapsBound.formUnion(end.perhapsBound.subtracting(bound))
        }
        scope.bound = bound
        scope.known = safe.subtracting(bound)
    }

    private mutating func walk(_ loop: TemplateNode.Loop, _ scope: Scope) throws(PromptProblem) {
        try need(loop.sequence, scope)
        var inner = scope
        bind(loop.target.symbols, in: &inner)
        if let condition = loop.condition {
            try need(condition, inner)
            inner.known.formUnion(known(by: condition, being: true))
        }
        bind([program.symbols.loop], in: &inner)
        try walk(loop.body, &inner)
        var otherwise = scope
        try walk(loop.otherwise, &otherwise)
    }

    // MARK: - Expressions

    /// Walks an expression whose value must be defined.
    private mutating func need(_ expression: TemplateExpression, _ scope: Scope) throws(PromptProblem) {
        try walk(expression, scope, isNeeded: true)
    }

    private mutating func walk(
        _ expression: TemplateExpression,
        _ scope: Scope,
        isNeeded: Bool
    ) throws(PromptProblem) {
        switch expression.kind {
        case .name(let symbol):
            add(
                Use(
                    symbol: symbol,
                    unit: unit,
                    span: expression.span,
                    isNeeded: isNeeded,
                    isPerhapsSet: false
                ),
                scope
            )
        case .test(let test, let value): try walk(value, scope, isNeeded: !test.asksForDefinition)
        case .filter(.default, let value, let arguments):
            try walk(value, scope, isNeeded: false)
            for case let argument? in arguments { try walk(argument, scope, isNeeded: isNeeded) }
        case .conditional(let value, let condition, let otherwise):
            try need(condition, scope)
            var inner = scope
            inner.known.formUnion(known(by: condition, being: true))
            try walk(value, inner, isNeeded: isNeeded)
            guard let otherwise else { return }
            inner = scope
            inner.known.formUnion(known(by: condition, being: false))
            try walk(otherwise, inner, isNeeded: isNeeded)
        case .all(let parts): try walk(parts, scope, stopsAt: false)
        case .any(let parts): try walk(parts, scope, stopsAt: true)
        case .element(let base, let key, _):
            try checkLoop(base, key, scope)
            try need(base, scope)
            try need(key, scope)
        default:
            for part in expression.parts { try need(part, scope) }
        }
    }

    /// Walks operands of which each is only looked at when those before it were not decisive.
    private mutating func walk(
        _ parts: [TemplateExpression],
        _ scope: Scope,
        stopsAt decisive: Bool
    ) throws(PromptProblem) {
        var scope = scope
        for part in parts {
            try need(part, scope)
            scope.known.formUnion(known(by: part, being: !decisive))
        }
    }

    private func checkLoop(
        _ base: TemplateExpression,
        _ key: TemplateExpression,
        _ scope: Scope
    ) throws(PromptProblem) {
        guard case .name(program.symbols.loop) = base.kind, scope.bound.contains(program.symbols.loop),
            case .constant(.string(let field)) = key.kind, !TemplateValue.LoopState.fields.contains(field)
        else { return }
        throw program.units[unit].source.problem(
            "undefined-variable",
            "`loop.\(field)` is undefined",
            at: key.span,
            hint: nearestHint(for: field, among: TemplateValue.LoopState.fields)
        )
    }

    /// The names that are certainly defined where a condition came out as given.
    private func known(by condition: TemplateExpression, being outcome: Bool) -> Set<TemplateSymbol> {
        switch condition.kind {
        case .not(let part): return known(by: part, being: !outcome)
        case .test(.defined, let value) where outcome: return Self.name(value)
        case .test(.undefined, let value) where !outcome: return Self.name(value)
        case .all(let parts) where outcome, .any(let parts) where !outcome:
            return parts.reduce(into: []) { $0.formUnion(known(by: $1, being: outcome)) }
        default: return []
        }
    }

    private static func name(_ expression: TemplateExpression) -> Set<TemplateSymbol> {
        guard case .name(let symbol) = expression.kind else { return [] }
        return [symbol]
    }
}
