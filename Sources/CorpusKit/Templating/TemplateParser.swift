import CorpusDiagnostics

/// Reads the words of one template into statements.
struct TemplateParser {
    let source: TemplateSource
    var symbols: TemplateSymbols
    private(set) var includes: [(name: String, span: TemplateSpan)] = []
    private let tokens: [TemplateToken]
    private var index = 0
    /// How many expressions and blocks are open.
    var depth = 0

    /// Every tag that can begin a statement here.
    static let tags = ["if", "for", "set", "include", "raw"]
    /// Tags of Jinja2 that this subset leaves out.
    static let foreignTags: Set<String> = [
        "macro", "call", "filter", "block", "extends", "import", "from", "with", "autoescape", "do", "trans",
        "break", "continue", "debug",
    ]
    /// Tags that only go on with or close a statement.
    static let innerTags = ["elif", "else", "endif", "endfor", "endset", "endraw"]

    init(_ source: TemplateSource, symbols: TemplateSymbols) throws(PromptProblem) {
        self.source = source
        self.symbols = symbols
        tokens = try TemplateLexer.tokens(of: source)
    }

    // MARK: - Words

    var current: TemplateToken { tokens[index] }
    var next: TemplateToken { tokens[min(index + 1, tokens.count - 1)] }

    mutating func advance() { index = min(index + 1, tokens.count - 1) }

    /// The span of the word before the current one.
    var previousSpan: TemplateSpan { tokens[max(index - 1, 0)].span }

    func isAt(_ mark: TemplateToken.Mark) -> Bool { current.kind == .mark(mark) }
    func isAt(word: String) -> Bool { current.kind == .name(word) }

    mutating func skip(_ mark: TemplateToken.Mark) -> Bool {
        guard isAt(mark) else { return false }
        advance()
        return true
    }

    mutating func skip(word: String) -> Bool {
        guard isAt(word: word) else { return false }
        advance()
        return true
    }

    func fault(
        _ message: String,
        at span: TemplateSpan? = nil,
        code: String = "syntax",
        hint: String? = nil
    ) -> PromptProblem {
        source.problem(code, message, at: span ?? current.span, hint: hint)
    }

    func unexpected(_ expected: String) -> PromptProblem {
        fault("expected \(expected), found \(current.label)")
    }

    mutating func expect(_ mark: TemplateToken.Mark) throws(PromptProblem) {
        guard skip(mark) else { throw unexpected("`\(mark.rawValue)`") }
    }

    mutating func expect(word: String) throws(PromptProblem) {
        guard skip(word: word) else { throw unexpected("`\(word)`") }
    }

    mutating func deeper<Result>(
        _ body: (inout TemplateParser) throws(PromptProblem) -> Result
    ) throws(PromptProblem) -> Result {
        depth += 1
        defer { depth -= 1 }
        guard depth <= TemplateLimits.nesting else {
            throw fault("the template nests deeper than \(TemplateLimits.nesting)", code: "nesting")
        }
        return try body(&self)
    }

    // MARK: - Statements

    /// Reads the whole template.
    mutating func template() throws(PromptProblem) -> [TemplateNode] {
        try body(of: nil)
    }

    /// A statement that waits for a tag that closes it.
    private struct Opener {
        let name: String
        let span: TemplateSpan
        let closers: [String]
    }

    /// Reads statements up to one of the tags that close the opener, and stops behind that tag's name.
    private mutating func body(of opener: Opener?) throws(PromptProblem) -> [TemplateNode] {
        var nodes: [TemplateNode] = []
        while true {
            switch current.kind {
            case .data(let text):
                nodes.append(.text(text))
                advance()
            case .printBegin:
                advance()
                nodes.append(.print(try tuple()))
                guard current.kind == .printEnd else { throw unexpected("`}}`") }
                advance()
            case .blockBegin:
                advance()
                guard case .name(let tag) = current.kind else { throw unexpected("the name of a tag") }
                if let opener, opener.closers.contains(tag) {
                    advance()
                    return nodes
                }
                nodes.append(try statement(tag, inside: opener))
            default:
                guard let opener else { return nodes }
                throw fault(
                    "`\(opener.name)` is never closed",
                    at: opener.span,
                    hint: "close it with `{% \(opener.closers.last ?? "") %}`"
                )
            }
        }
    }

    private mutating func statement(_ tag: String, inside opener: Opener?) throws(PromptProblem)
        -> TemplateNode
    {
        let span = current.span
        guard Self.tags.contains(tag), tag != "raw" else { throw badTag(tag, inside: opener) }
        advance()
        return try deeper { (parser) throws(PromptProblem) in
            switch tag {
            case "if": try parser.branch(openedAt: span)
            case "for": try parser.loop(openedAt: span)
            case "set": try parser.assignment(openedAt: span)
            default: try parser.include()
            }
        }
    }

    private func badTag(_ tag: String, inside opener: Opener?) -> PromptProblem {
        if Self.foreignTags.contains(tag) {
            return fault(
                "the tag `\(tag)` is not supported",
                code: "unsupported",
                hint: "prompts know \(Self.tags.map { "`\($0)`" }.joined(separator: ", "))"
            )
        }
        if Self.innerTags.contains(tag) || tag == "raw" {
            guard let opener else { return fault("`\(tag)` stands outside a block that it could belong to") }
            return fault(
                "expected \(opener.closers.map { "`\($0)`" }.joined(separator: " or ")), found `\(tag)`",
                hint: "`\(opener.name)` is still open"
            )
        }
        return fault(
            "unknown tag `\(tag)`",
            code: "unknown-tag",
            hint: nearestHint(for: tag, among: Self.tags + Self.innerTags)
        )
    }

    private mutating func closeTag() throws(PromptProblem) {
        guard current.kind == .blockEnd else { throw unexpected("`%}`") }
        advance()
    }

    /// The name of the tag that ended the last body.
    private var closer: String {
        guard case .name(let name) = tokens[max(index - 1, 0)].kind else { return "" }
        return name
    }

    private mutating func branch(openedAt span: TemplateSpan) throws(PromptProblem) -> TemplateNode {
        var branches: [TemplateNode.Branch] = []
        let opener = Opener(name: "if", span: span, closers: ["elif", "else", "endif"])
        repeat {
            let condition = try tuple(allowsConditional: false)
            try closeTag()
            branches.append(TemplateNode.Branch(condition: condition, body: try body(of: opener)))
        } while closer == "elif"
        var otherwise: [TemplateNode] = []
        if closer == "else" {
            try closeTag()
            otherwise = try body(of: Opener(name: "if", span: span, closers: ["endif"]))
        }
        try closeTag()
        return .branch(branches, else: otherwise)
    }

    private mutating func loop(openedAt span: TemplateSpan) throws(PromptProblem) -> TemplateNode {
        let target = try target(endingBy: "in")
        try expect(word: "in")
        let sequence = try tuple(allowsConditional: false)
        let condition = skip(word: "if") ? try expression() : nil
        if isAt(word: "recursive") {
            throw fault("recursive loops are not supported", code: "unsupported")
        }
        try closeTag()
        let body = try body(of: Opener(name: "for", span: span, closers: ["else", "endfor"]))
        var otherwise: [TemplateNode] = []
        if closer == "else" {
            try closeTag()
            otherwise = try self.body(of: Opener(name: "for", span: span, closers: ["endfor"]))
        }
        try closeTag()
        return .loop(
            TemplateNode.Loop(
                target: target,
                sequence: sequence,
                condition: condition,
                body: body,
                otherwise: otherwise
            )
        )
    }

    private mutating func assignment(openedAt span: TemplateSpan) throws(PromptProblem) -> TemplateNode {
        let target = try target(endingBy: "=")
        if isAt(.dot) {
            throw fault("only names can be set", code: "unsupported", hint: "there are no namespaces")
        }
        if skip(.assign) {
            let value = try tuple()
            try closeTag()
            return .assign(target, value)
        }
        guard case .name(let symbol) = target, current.kind == .blockEnd else { throw unexpected("`=`") }
        try closeTag()
        let body = try body(of: Opener(name: "set", span: span, closers: ["endset"]))
        try closeTag()
        return .capture(symbol, body)
    }

    private mutating func include() throws(PromptProblem) -> TemplateNode {
        guard case .string(let name) = current.kind else {
            throw fault(
                "expected the name of a template in quotes, found \(current.label)",
                hint: "what is included must be known before a run"
            )
        }
        let span = current.span
        advance()
        if case .name(let word) = current.kind {
            throw fault("`\(word)` is not supported after `include`", code: "unsupported")
        }
        try closeTag()
        includes.append((name, span))
        return .include(name: name, at: span)
    }

    /// Reads one name, or several with commas between them.
    private mutating func target(endingBy end: String) throws(PromptProblem) -> TemplateTarget {
        let start = current.span.start
        var targets: [TemplateTarget] = []
        var isSpread = false
        repeat {
            if isAt(word: end) || current.kind == .mark(.assign) || isAt(.parenthesisClose) { break }
            targets.append(try singleTarget())
            isSpread = isSpread || isAt(.comma)
        } while skip(.comma)
        guard let first = targets.first else { throw unexpected("a name") }
        guard isSpread else { return first }
        return .spread(targets, TemplateSpan(start: start, end: previousSpan.end))
    }

    private mutating func singleTarget() throws(PromptProblem) -> TemplateTarget {
        if skip(.parenthesisOpen) {
            let target = try deeper { (parser) throws(PromptProblem) in try parser.target(endingBy: ")") }
            try expect(.parenthesisClose)
            return target
        }
        guard case .name(let name) = current.kind else { throw unexpected("a name") }
        guard name != "loop" else { throw fault("`loop` belongs to `for` and cannot be set") }
        guard !Self.reserved.contains(name) else { throw fault("`\(name)` cannot be set") }
        advance()
        return .name(symbols.symbol(of: name))
    }
}
