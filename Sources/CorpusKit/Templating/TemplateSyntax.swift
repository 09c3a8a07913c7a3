/// A variable's name as a number, so that rendering compares no strings.
struct TemplateSymbol: Sendable, Hashable {
    let index: Int
}

/// The names that a template and what it includes use.
struct TemplateSymbols: Sendable {
    private(set) var names: [String] = []
    private var indices: [String: Int] = [:]

    /// The variable `loop`, which every `for` sets.
    let loop: TemplateSymbol

    init() {
        loop = TemplateSymbol(index: 0)
        names = ["loop"]
        indices = ["loop": 0]
    }

    mutating func symbol(of name: String) -> TemplateSymbol {
        if let index = indices[name] { return TemplateSymbol(index: index) }
        indices[name] = names.count
        names.append(name)
        return TemplateSymbol(index: names.count - 1)
    }

    func name(of symbol: TemplateSymbol) -> String { names[symbol.index] }
}

/// Part of a template that has a value.
struct TemplateExpression: Sendable {
    indirect enum Kind: Sendable {
        case constant(TemplateValue)
        case name(TemplateSymbol)
        case list([TemplateExpression])
        case tuple([TemplateExpression])
        case map(keys: [TemplateExpression], values: [TemplateExpression])
        case element(TemplateExpression, at: TemplateExpression, isMember: Bool)
        case slice(
            TemplateExpression,
            from: TemplateExpression?,
            to: TemplateExpression?,
            by: TemplateExpression?
        )
        case not(TemplateExpression)
        case signed(TemplateExpression, isNegative: Bool)
        case operation(TemplateOperator, TemplateExpression, TemplateExpression)
        /// `~`
        case concatenation([TemplateExpression])
        case comparison(TemplateExpression, [Comparand])
        case all([TemplateExpression])
        case any([TemplateExpression])
        case conditional(TemplateExpression, if: TemplateExpression, else: TemplateExpression?)
        case filter(TemplateFilter, TemplateExpression, [TemplateExpression?])
        case test(TemplateTest, TemplateExpression)
    }

    /// What a chained comparison compares with next.
    struct Comparand: Sendable {
        let comparison: TemplateComparison
        let value: TemplateExpression
        /// Where the operator stands.
        let span: TemplateSpan
    }

    let kind: Kind
    /// Where a fault of this part is reported: a name or the mark of an operator, not all that belongs to it.
    let span: TemplateSpan
    /// How many levels of parts lie here, at least 1.
    let depth: Int

    init(_ kind: Kind, at span: TemplateSpan) {
        self.kind = kind
        self.span = span
        depth = 1 + (Self.parts(of: kind).lazy.map(\.depth).max() ?? 0)
    }

    /// The parts right below, in the order of evaluation.
    var parts: [TemplateExpression] { Self.parts(of: kind) }

    private static func parts(of kind: Kind) -> [TemplateExpression] {
        switch kind {
        case .constant, .name: []
        case .list(let parts), .tuple(let parts), .concatenation(let parts), .all(let parts), .any(let parts):
            parts
        case .map(let keys, let values): zip(keys, values).flatMap { [$0, $1] }
        case .element(let base, let key, _): [base, key]
        case .slice(let base, let start, let stop, let step): [base] + [start, stop, step].compactMap(\.self)
        case .not(let part), .signed(let part, _), .test(_, let part): [part]
        case .operation(_, let left, let right): [left, right]
        case .comparison(let first, let rest): [first] + rest.map(\.value)
        case .conditional(let value, let condition, let otherwise):
            [condition, value] + [otherwise].compactMap(\.self)
        case .filter(_, let value, let arguments): [value] + arguments.compactMap(\.self)
        }
    }

    /// The expression as a message names it: `seed.title`, `rows[0]`, or nil when it is no path.
    func path(_ symbols: TemplateSymbols) -> String? {
        switch kind {
        case .name(let symbol): return symbols.name(of: symbol)
        case .element(let base, let key, let isMember):
            guard let start = base.path(symbols) else { return nil }
            switch key.kind {
            case .constant(.string(let name)): return isMember ? "\(start).\(name)" : "\(start)[\"\(name)\"]"
            case .constant(.int(let index)): return isMember ? "\(start).\(index)" : "\(start)[\(index)]"
            default: return "\(start)[\(key.path(symbols) ?? "…")]"
            }
        default: return nil
        }
    }
}

/// What a `for` or `set` writes to: a name, or several that a list is spread over.
indirect enum TemplateTarget: Sendable {
    case name(TemplateSymbol)
    case spread([TemplateTarget], TemplateSpan)

    /// All names, from left to right.
    var symbols: [TemplateSymbol] {
        switch self {
        case .name(let symbol): [symbol]
        case .spread(let targets, _): targets.flatMap(\.symbols)
        }
    }
}

/// One statement of a template.
indirect enum TemplateNode: Sendable {
    case text(String)
    case print(TemplateExpression)
    case branch([Branch], else: [TemplateNode])
    case loop(Loop)
    case assign(TemplateTarget, TemplateExpression)
    /// `{% set name %}…{% endset %}`
    case capture(TemplateSymbol, [TemplateNode])
    case include(name: String, at: TemplateSpan)

    /// An `if` or `elif` with what it guards.
    struct Branch: Sendable {
        let condition: TemplateExpression
        let body: [TemplateNode]
    }

    /// A `for` with its `else`.
    struct Loop: Sendable {
        let target: TemplateTarget
        let sequence: TemplateExpression
        let condition: TemplateExpression?
        let body: [TemplateNode]
        let otherwise: [TemplateNode]
    }
}
