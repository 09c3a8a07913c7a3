import CorpusDiagnostics
import CorpusModel

/// Renders a parsed template once.
struct TemplateRenderer {
    let program: TemplateProgram
    let limits: TemplateLimits
    private let values: [String: JSONValue]
    /// The values from outside that were used already, by symbol.
    private var globals: [TemplateValue?]
    /// What `for` and `set` have set, innermost last.
    private var locals: [(symbol: TemplateSymbol, value: TemplateValue)] = []
    /// Where the locals of the innermost scope begin.
    private var scopeStart = 0
    /// The template that is being rendered.
    private var unit = 0
    private var output = ""
    private(set) var steps = 0

    init(_ program: TemplateProgram, values: [String: JSONValue], limits: TemplateLimits) {
        self.program = program
        self.values = values
        self.limits = limits
        globals = Array(repeating: nil, count: program.symbols.names.count)
    }

    /// The rendered template.
    mutating func render() throws(PromptProblem) -> String {
        try run(program.units[0].nodes)
        return output
    }

    // MARK: - Faults and limits

    func problem(_ complaint: TemplateComplaint, at span: TemplateSpan) -> PromptProblem {
        program.units[unit].source.problem(complaint, at: span)
    }

    mutating func step(at span: TemplateSpan) throws(PromptProblem) {
        steps += 1
        if steps > limits.steps { throw problem(TemplateLimits.stepLimit(limits.steps), at: span) }
    }

    /// Does something that does not know its place and adds the place to what it complains about.
    func at<Result>(
        _ span: TemplateSpan,
        _ body: () throws(TemplateComplaint) -> Result
    ) throws(PromptProblem) -> Result {
        do { return try body() } catch { throw problem(error, at: span) }
    }

    mutating func holds(
        _ comparison: TemplateComparison,
        _ left: TemplateValue,
        _ right: TemplateValue,
        at span: TemplateSpan
    ) throws(PromptProblem) -> Bool {
        var comparer = TemplateComparer(steps: steps, limit: limits.steps)
        defer { steps = comparer.steps }
        do { return try comparer.holds(comparison, left, right) } catch { throw problem(error, at: span) }
    }

    // MARK: - Names

    /// The value of a variable, undefined when it has none.
    mutating func value(of symbol: TemplateSymbol, at span: TemplateSpan) -> TemplateValue {
        for local in locals.reversed() where local.symbol == symbol { return local.value }
        if let value = globals[symbol.index] { return value }
        let name = program.symbols.name(of: symbol)
        guard let json = values[name] else {
            let known = Array(values.keys) + locals.map { program.symbols.name(of: $0.symbol) }
            return .undefined(
                TemplateComplaint(
                    "undefined-variable",
                    "`\(name)` is undefined",
                    hint: nearestHint(for: name, among: known)
                ),
                span
            )
        }
        let value = TemplateValue(json)
        globals[symbol.index] = value
        return value
    }

    private mutating func set(_ symbol: TemplateSymbol, _ value: TemplateValue) {
        if let index = locals[scopeStart...].firstIndex(where: { $0.symbol == symbol }) {
            locals[index].value = value
        } else {
            locals.append((symbol, value))
        }
    }

    private mutating func set(
        _ target: TemplateTarget,
        _ value: TemplateValue,
        at span: TemplateSpan
    ) throws(PromptProblem) {
        switch target {
        case .name(let symbol): set(symbol, value)
        case .spread(let targets, let place):
            let elements = try at(place) { () throws(TemplateComplaint) in try value.elements() }
            guard let elements else {
                throw problem(.unfit("\(value.kindName) cannot be spread over names"), at: place)
            }
            guard elements.count == targets.count else {
                throw problem(
                    .unfit("\(targets.count) names cannot take \(elements.count) values"),
                    at: place
                )
            }
            for (target, element) in zip(targets, elements) { try set(target, element, at: span) }
        }
    }

    private mutating func scoped(
        _ body: (inout TemplateRenderer) throws(PromptProblem) -> Void
    ) throws(PromptProblem) {
        let (outerStart, outerEnd) = (scopeStart, locals.count)
        scopeStart = outerEnd
        try body(&self)
        locals.removeSubrange(outerEnd...)
        scopeStart = outerStart
    }

    // MARK: - Statements

    private mutating func run(_ nodes: [TemplateNode]) throws(PromptProblem) {
        for node in nodes {
            switch node {
            case .text(let text): try write(text, at: TemplateSpan(start: 0, end: 0))
            case .print(let expression): try print(expression)
            case .branch(let branches, let otherwise): try run(branches, else: otherwise)
            case .loop(let loop): try run(loop)
            case .assign(let target, let expression):
                try set(target, try passable(expression), at: expression.span)
            case .capture(let symbol, let body):
                let outer = output
                output = ""
                try scoped { (renderer) throws(PromptProblem) in try renderer.run(body) }
                set(symbol, .string(output))
                output = outer
            case .include(let name, let span):
                try step(at: span)
                guard let index = program.unit(included: name) else { continue }
                let outer = unit
                unit = index
                try scoped { (renderer) throws(PromptProblem) in
                    try renderer.run(renderer.program.units[index].nodes)
                }
                unit = outer
            }
        }
    }

    private mutating func write(_ text: String, at span: TemplateSpan) throws(PromptProblem) {
        output += text
        if output.utf8.count > limits.bytes {
            throw problem(TemplateLimits.outputLimit(limits.bytes), at: span)
        }
    }

    private mutating func print(_ expression: TemplateExpression) throws(PromptProblem) {
        let value = try passable(expression)
        if case .string(let text) = value { return try write(text, at: expression.span) }
        try write(try text(of: value, at: expression.span), at: expression.span)
    }

    /// `str(value)`.
    func text(of value: TemplateValue, at span: TemplateSpan) throws(PromptProblem) -> String {
        if case .string(let text) = value { return text }
        var writer = TemplateWriter(limit: limits.bytes)
        do { try writer.print(value) } catch { throw problem(error, at: span) }
        return writer.text
    }

    private mutating func run(
        _ branches: [TemplateNode.Branch],
        else otherwise: [TemplateNode]
    ) throws(PromptProblem) {
        for branch in branches where try passable(branch.condition).isTrue { return try run(branch.body) }
        try run(otherwise)
    }

    private mutating func run(_ loop: TemplateNode.Loop) throws(PromptProblem) {
        let sequence = try defined(loop.sequence)
        let walked = try at(loop.sequence.span) { () throws(TemplateComplaint) in try sequence.elements() }
        guard var elements = walked else {
            throw problem(.unfit("`for` cannot walk through \(sequence.kindName)"), at: loop.sequence.span)
        }
        if let condition = loop.condition {
            var kept: [TemplateValue] = []
            for element in elements {
                try scoped { (renderer) throws(PromptProblem) in
                    try renderer.set(loop.target, element, at: loop.sequence.span)
                    if try renderer.passable(condition).isTrue { kept.append(element) }
                }
            }
            elements = kept
        }
        guard !elements.isEmpty else {
            return try scoped { (renderer) throws(PromptProblem) in try renderer.run(loop.otherwise) }
        }
        for (index, element) in elements.enumerated() {
            try step(at: loop.sequence.span)
            try scoped { (renderer) throws(PromptProblem) in
                let state = TemplateValue.LoopState(index: index, count: elements.count)
                renderer.set(renderer.program.symbols.loop, .loop(state))
                try renderer.set(loop.target, element, at: loop.sequence.span)
                try renderer.run(loop.body)
            }
        }
    }
}
