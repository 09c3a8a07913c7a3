/// Finds where the definitions of a file begin and end.
struct BlockFinder {
    /// Lines of a file that belong together.
    struct Block: Sendable, Hashable {
        /// The first line, with the decorators and comments that belong to the block.
        var first: Int
        /// The line that begins the definition itself.
        var header: Int
        /// The last line.
        var last: Int

        var lines: ClosedRange<Int> { first...last }
    }

    /// The most lines that a definition's head may take up to its opening brace.
    private static let headLines = 8

    let lines: [ScannedLine]
    let language: SourceLanguage

    /// Every definition, outer ones before those inside them.
    func definitions() -> [Block] {
        lines.indices.compactMap { index in
            guard let last = end(ofDefinitionAt: index) else { return nil }
            return Block(first: first(ofBlockAt: index), header: index, last: last)
        }
    }

    /// Runs of lines between blank ones that close every bracket they open.
    func paragraphs() -> [Block] {
        var result: [Block] = []
        var start: Int?
        for index in 0...lines.count {
            let isBreak = index == lines.count || lines[index].isBlank && !lines[index].startsInText
            if !isBreak {
                start = start ?? index
            } else if let first = start {
                start = nil
                let isWhole = index == lines.count || lines[index].nesting == lines[first].nesting
                let isDeep = lines[first..<index].allSatisfy { $0.nesting >= lines[first].nesting }
                if isWhole, isDeep, !lines[first].startsInText {
                    result.append(Block(first: first, header: first, last: index - 1))
                }
            }
        }
        return result
    }

    /// Whether a line goes on with what an earlier line of a block has opened: arguments, or a literal's elements.
    func isContinued(_ line: ScannedLine, within start: ScannedLine) -> Bool {
        if case .indentation = language.blocks { return line.nesting > start.nesting }
        return line.brackets > start.brackets
    }

    private func end(ofDefinitionAt index: Int) -> Int? {
        let line = lines[index]
        guard line.hasCode, !line.startsInText else { return nil }
        switch language.blocks {
        case .indentation(let closer):
            guard line.nesting == 0, isDefinition(line.code) else { return nil }
            return endByIndentation(from: index, closer: closer)
        case .braces: return endByBraces(from: index)
        case .paragraphs: return nil
        }
    }

    // MARK: - Indentation

    private func endByIndentation(from index: Int, closer: String?) -> Int? {
        let indent = lines[index].indent
        var last = index
        for next in lines.indices.dropFirst(index + 1) {
            let line = lines[next]
            if line.isBlank { continue }
            if line.indent <= indent, !line.startsInText, line.nesting == 0 {
                guard let closer else { break }
                guard line.indent == indent, let word = words(in: line.code).first else { return nil }
                if word == closer { return next }
                // Without its closing word the block is something else, such as a one-line definition.
                guard Self.clauses.contains(word) else { return nil }
            }
            last = next
        }
        return closer == nil && last > index ? last : nil
    }

    // MARK: - Braces

    private func endByBraces(from index: Int) -> Int? {
        let depth = lines[index].depth
        var head = ""
        for opening in index..<min(index + Self.headLines, lines.count) {
            let line = lines[opening]
            guard line.hasCode else {
                if line.isBlank { return nil }
                continue
            }
            head +=
                " "
                + (line.code.split(separator: "{", maxSplits: 1, omittingEmptySubsequences: false).first ?? "")
            if line.code.contains("{") {
                guard !head.contains(";"), isDefinition(head) || isCallable(head, depth: depth) else {
                    return nil
                }
                return closingLine(from: opening, depth: depth)
            }
            if line.code.contains(where: { ";}".contains($0) }) { return nil }
        }
        return nil
    }

    private func closingLine(from opening: Int, depth: Int) -> Int? {
        for index in opening..<lines.count where lines[index].depthAfter <= depth {
            return lines[index].depthAfter == depth ? index : nil
        }
        return nil
    }

    /// Whether a head reads like a function without a keyword: `int main(void)`, `const f = (x) =>`, `name(x)`.
    private func isCallable(_ head: String, depth: Int) -> Bool {
        let words = words(in: head)
        guard let first = words.first, !Self.control.contains(first),
            head.contains("(") || head.contains("=>")
        else { return false }
        let open = head.filter { $0 == "(" }.count
        guard open == head.filter({ $0 == ")" }).count else { return false }
        if head.hasSuffix("=>") || head.hasSuffix("=> ") { return Self.binders.contains(first) }
        // `r` and old scripts give a function its name by assignment.
        if words.contains("function") {
            return head.contains("=") || head.contains("<-") || head.contains(":")
        }
        guard let before = head.split(separator: "(", maxSplits: 1).first, !before.contains("="),
            !before.contains(".")
        else { return false }
        let names = self.words(in: String(before)).count
        return names > 1 || depth > 0 && names == 1 || language.name == "shell"
    }

    // MARK: - Heads

    /// Whether code starts with a word that begins a definition, modifiers and attributes aside.
    private func isDefinition(_ code: String) -> Bool {
        for word in words(in: code).prefix(8) {
            if language.definitions.contains(word) { return true }
            guard Self.modifiers.contains(word) else { return false }
        }
        return false
    }

    /// The definition's first line with the comments, decorators and attributes right above it.
    private func first(ofBlockAt header: Int) -> Int {
        var first = header
        while first > 0 {
            let above = lines[first - 1]
            let isBeside = above.indent == lines[header].indent && !above.isBlank
            let isAttached =
                isBeside && (!above.hasCode || isDecorator(above))
                || above.startsInText || above.brackets > lines[header].brackets
            guard isAttached, above.depth >= lines[header].depth else { break }
            first -= 1
        }
        // A line that only looked attached, because a call above it was still open, takes the others with it.
        while first < header, lines[first].startsInText || lines[first].brackets > lines[header].brackets {
            first += 1
        }
        return isNotice(first..<header) ? header : first
    }

    private func isDecorator(_ line: ScannedLine) -> Bool {
        let text = line.code.drop(while: \.isWhitespace)
        return ["@", "#[", "[", "template"].contains { text.hasPrefix($0) } && line.depth == line.depthAfter
    }

    private func isNotice(_ range: Range<Int>) -> Bool {
        range.contains { index in
            let text = lines[index].text.lowercased()
            return ["copyright", "license", "licence", "spdx-"].contains { text.contains($0) }
                && !lines[index].hasCode
        }
    }

    private func words(in code: String) -> [String] {
        code.split { !($0.isLetter || $0.isNumber || $0 == "_") }.map(String.init)
    }

    private static let modifiers: Set<String> = [
        "public", "private", "protected", "internal", "fileprivate", "package", "open", "static", "async",
        "export",
        "default", "pub", "crate", "super", "final", "override", "abstract", "inline", "extern", "unsafe",
        "const",
        "constexpr", "virtual", "sealed", "data", "case", "partial", "readonly", "local", "mutating",
        "nonisolated",
        "convenience", "required", "indirect", "suspend", "declare", "implicit", "lazy", "noinline", "infix",
        "operator", "tailrec", "companion", "annotation", "strictfp", "synchronized", "C", "in",
    ]
    private static let control: Set<String> = [
        "if", "for", "while", "switch", "catch", "else", "do", "return", "try", "using", "lock", "when",
        "foreach",
        "elif", "unless", "with", "match", "loop", "guard", "repeat", "defer", "finally", "throw", "new",
        "yield",
        "await", "select", "go", "until", "assert", "delete", "namespace", "case", "import",
    ]
    private static let clauses: Set<String> = ["rescue", "ensure", "else", "catch", "after"]
    private static let binders: Set<String> = ["const", "let", "var", "export"]
}
