/// Cuts a template into words, with the white space rules of Jinja2 under `trim_blocks` and `lstrip_blocks`.
struct TemplateLexer {
    let source: TemplateSource
    var index = 0
    var tokens: [TemplateToken] = []
    /// Whether the last tag took a line end with it, so that what follows starts a line.
    private var startsLine = true

    var scalars: [Unicode.Scalar] { source.scalars }

    private init(_ source: TemplateSource) { self.source = source }

    /// The words of a template; the last one is `end`.
    static func tokens(of source: TemplateSource) throws(PromptProblem) -> [TemplateToken] {
        var lexer = TemplateLexer(source)
        try lexer.cutAll()
        return lexer.tokens
    }

    func fault(_ message: String, at span: TemplateSpan, hint: String? = nil) -> PromptProblem {
        source.problem("syntax", message, at: span, hint: hint)
    }

    func isAt(_ text: String, _ position: Int) -> Bool {
        var position = position
        for scalar in text.unicodeScalars {
            guard position < scalars.count, scalars[position] == scalar else { return false }
            position += 1
        }
        return true
    }

    func skippingSpace(from position: Int) -> Int {
        var position = position
        while position < scalars.count, PythonText.isSpace(scalars[position]) { position += 1 }
        return position
    }

    mutating func add(_ kind: TemplateToken.Kind, from start: Int) {
        tokens.append(TemplateToken(kind: kind, span: TemplateSpan(start: start, end: index)))
    }

    private mutating func cutAll() throws(PromptProblem) {
        while let opening = nextOpening() {
            let sign = opening + 2 < scalars.count ? scalars[opening + 2] : " "
            let isSigned = sign == "-" || sign == "+"
            let isPrint = scalars[opening + 1] == "{"
            addData(upTo: opening, sign: sign, keepsIndent: isPrint)
            index = opening + (isSigned ? 3 : 2)
            let span = TemplateSpan(start: opening, end: index)
            if scalars[opening + 1] == "#" {
                try skipComment(openedAt: span)
            } else if !isPrint, let end = endOfRawTag(named: "raw", from: index, isOpening: true) {
                try cutRaw(openedAt: span, from: end)
            } else {
                tokens.append(TemplateToken(kind: isPrint ? .printBegin : .blockBegin, span: span))
                try cutTag(openedAt: span, isPrint: isPrint)
            }
        }
        addData(upTo: scalars.count, sign: "+", keepsIndent: true)
        index = scalars.count
        add(.end, from: index)
    }

    private func nextOpening() -> Int? {
        var position = index
        while position + 1 < scalars.count {
            if scalars[position] == "{" {
                let next = scalars[position + 1]
                if next == "{" || next == "%" || next == "#" { return position }
            }
            position += 1
        }
        return nil
    }

    /// Adds the text before a tag, without the white space that the tag takes.
    private mutating func addData(upTo end: Int, sign: Unicode.Scalar, keepsIndent: Bool) {
        var cut = end
        if sign == "-" {
            while cut > index, PythonText.isSpace(scalars[cut - 1]) { cut -= 1 }
        } else if sign != "+", !keepsIndent {
            var lineStart = end
            while lineStart > index, scalars[lineStart - 1] != "\n" { lineStart -= 1 }
            let isWholeLine = lineStart > index || startsLine
            if isWholeLine, scalars[lineStart..<end].allSatisfy(PythonText.isSpace) { cut = lineStart }
        }
        guard cut > index else { return }
        tokens.append(
            TemplateToken(
                kind: .data(source.text(index..<cut)),
                span: TemplateSpan(start: index, end: cut)
            )
        )
    }

    /// Steps over the end of a tag: its sign, its mark and the white space it takes; nil when none is here.
    private func end(of mark: String, at position: Int, allowsPlus: Bool, trimsLine: Bool) -> Int? {
        if isAt("-" + mark, position) { return skippingSpace(from: position + 3) }
        if allowsPlus, isAt("+" + mark, position) { return position + 3 }
        guard isAt(mark, position) else { return nil }
        return trimsLine && isAt("\n", position + 2) ? position + 3 : position + 2
    }

    private mutating func close(at end: Int) {
        startsLine = scalars[end - 1] == "\n"
        index = end
    }

    private mutating func skipComment(openedAt span: TemplateSpan) throws(PromptProblem) {
        for position in index..<max(index, scalars.count) {
            if let end = end(of: "#}", at: position, allowsPlus: true, trimsLine: true) {
                return close(at: end)
            }
        }
        throw fault("the comment is never closed", at: span, hint: "close it with `#}`")
    }

    private func endOfRawTag(named name: String, from start: Int, isOpening: Bool) -> Int? {
        let position = skippingSpace(from: start)
        guard isAt(name, position) else { return nil }
        let afterName = skippingSpace(from: position + name.count)
        return end(of: "%}", at: afterName, allowsPlus: !isOpening, trimsLine: !isOpening)
    }

    private mutating func cutRaw(openedAt span: TemplateSpan, from start: Int) throws(PromptProblem) {
        close(at: start)
        for position in index..<max(index, scalars.count) where isAt("{%", position) {
            let sign = position + 2 < scalars.count ? scalars[position + 2] : " "
            let isSigned = sign == "-" || sign == "+"
            let name = position + (isSigned ? 3 : 2)
            guard let end = endOfRawTag(named: "endraw", from: name, isOpening: false) else { continue }
            addData(upTo: position, sign: sign, keepsIndent: false)
            return close(at: end)
        }
        throw fault("`raw` is never closed", at: span, hint: "close it with `{% endraw %}`")
    }

    /// Cuts the inside of a print or block tag and its end.
    private mutating func cutTag(openedAt span: TemplateSpan, isPrint: Bool) throws(PromptProblem) {
        var open: [(close: TemplateToken.Mark, span: TemplateSpan)] = []
        let mark = isPrint ? "}}" : "%}"
        while true {
            index = skippingSpace(from: index)
            guard index < scalars.count else {
                throw fault(
                    "`\(source.text(span.start..<span.start + 2))` is never closed",
                    at: span,
                    hint: "close it with `\(mark)`"
                )
            }
            if open.isEmpty, let end = end(of: mark, at: index, allowsPlus: !isPrint, trimsLine: !isPrint) {
                let start = index
                close(at: end)
                tokens.append(
                    TemplateToken(
                        kind: isPrint ? .printEnd : .blockEnd,
                        span: TemplateSpan(start: start, end: min(end, start + 2))
                    )
                )
                return
            }
            try cutWord()
            guard let last = tokens.last, case .mark(let found) = last.kind else { continue }
            switch found {
            case .braceOpen: open.append((.braceClose, last.span))
            case .bracketOpen: open.append((.bracketClose, last.span))
            case .parenthesisOpen: open.append((.parenthesisClose, last.span))
            case .braceClose, .bracketClose, .parenthesisClose:
                guard let expected = open.popLast() else {
                    throw fault("\(last.label) closes nothing", at: last.span)
                }
                guard expected.close == found else {
                    throw fault("expected `\(expected.close.rawValue)`, found \(last.label)", at: last.span)
                }
            default: break
            }
        }
    }
}
