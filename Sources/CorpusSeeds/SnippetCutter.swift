import Glibc

/// Cuts the best snippets out of one source file.
///
/// A snippet is a whole definition with its comments and decorators or, in a file that has none of the right size, a
/// whole block between blank lines. It has at least two statements and forty visible characters and is no mere list
/// of imports. Where a file offers more than are asked for, those with the richest identifiers win: the entropy of
/// their distribution in bits, after "Magicoder", section 3, where random lines too often gave boilerplate.
struct SnippetCutter: Sendable {
    /// A piece of a file.
    struct Snippet: Sendable, Hashable {
        /// Without the indentation that all of its lines share.
        let code: String
        /// From 1.
        let line: Int
    }

    private static let leastStatements = 2
    private static let leastCharacters = 40

    /// How many lines a snippet may have.
    let lines: ClosedRange<Int>
    /// The most snippets of one file.
    let perFile: Int

    /// The snippets in the order in which they stand in the file; they never overlap.
    func snippets(of text: String, _ language: SourceLanguage) -> [Snippet] {
        let scan = SourceScan(text, language).lines
        let finder = BlockFinder(lines: scan, language: language)
        let definitions = finder.definitions()
        var blocks = fitting(definitions, in: finder, hasHeader: true)
        if blocks.isEmpty {
            let loose = finder.paragraphs().filter { block in
                !definitions.contains { $0.lines.overlaps(block.lines) }
            }
            blocks = fitting(loose, in: finder, hasHeader: false)
        }
        let ranked = blocks.map { (block: $0, score: score($0, in: scan)) }
            .sorted { ($1.score, $0.block.first) < ($0.score, $1.block.first) }
        var chosen: [BlockFinder.Block] = []
        for (block, _) in ranked where chosen.count < perFile {
            if !chosen.contains(where: { $0.lines.overlaps(block.lines) }) { chosen.append(block) }
        }
        return chosen.sorted { $0.first < $1.first }.map { block in
            Snippet(code: dedented(scan[block.lines].map(\.text)), line: block.first + 1)
        }
    }

    private func fitting(
        _ blocks: [BlockFinder.Block],
        in finder: BlockFinder,
        hasHeader: Bool
    ) -> [BlockFinder.Block] {
        blocks.compactMap { block in
            var block = block
            // Rather the definition alone than nothing, where a long comment above it makes it too long.
            if block.lines.count > lines.upperBound { block.first = block.header }
            guard lines.contains(block.lines.count) else { return nil }
            let visible = finder.lines[block.lines].reduce(0) { count, line in
                count + line.text.unicodeScalars.count { !$0.properties.isWhitespace }
            }
            guard visible >= Self.leastCharacters else { return nil }
            return statements(block, in: finder, hasHeader: hasHeader) >= Self.leastStatements ? block : nil
        }
    }

    /// Counts the lines that begin a statement; a definition's head, imports and closing brackets are none.
    private func statements(_ block: BlockFinder.Block, in finder: BlockFinder, hasHeader: Bool) -> Int {
        let start = finder.lines[block.header]
        return (block.header...block.last).count { index in
            if hasHeader, index == block.header { return false }
            let line = finder.lines[index]
            guard !line.startsInText, !finder.isContinued(line, within: start) else { return false }
            guard let word = identifiers(in: line.code).first else { return false }
            return !Self.notStatements.contains(word)
        }
    }

    /// Entropy in millionths of a bit; whole, so that the last digit of a logarithm cannot turn an order around.
    private func score(_ block: BlockFinder.Block, in scan: [ScannedLine]) -> Int {
        var counts: [Substring: Int] = [:]
        for line in scan[block.lines] {
            for name in identifiers(in: line.code) where !Self.keywords.contains(name) {
                counts[name, default: 0] += 1
            }
        }
        let total = Double(counts.values.reduce(0, +))
        // Sorted: a sum of doubles depends on its order.
        let entropy = counts.values.sorted().reduce(0.0) { sum, count in
            let share = Double(count) / total
            return sum - share * log2(share)
        }
        return Int((entropy * 1_000_000).rounded())
    }

    private func identifiers(in code: String) -> [Substring] {
        code.split { !($0.isLetter || $0.isNumber || $0 == "_") }
            .filter { $0.first.map { $0.isLetter || $0 == "_" } ?? false }
    }

    private func dedented(_ lines: [String]) -> String {
        let indents = lines.filter { $0.contains { !$0.isWhitespace } }.map {
            $0.prefix { $0 == " " || $0 == "\t" }
        }
        let shared = indents.reduce(indents.first ?? "") { shared, indent in
            shared.prefix(zip(shared, indent).prefix { $0 == $1 }.count)
        }
        return lines.map { line in
            let line =
                line.hasPrefix(shared) ? line.dropFirst(shared.count) : line.drop(while: \.isWhitespace)
            return String(line.last.map { $0 == " " || $0 == "\t" } == true ? trimmed(line) : line)
        }.joined(separator: "\n")
    }

    private func trimmed(_ line: Substring) -> Substring {
        var line = line
        while let last = line.last, last == " " || last == "\t" { line.removeLast() }
        return line
    }

    private static let notStatements: Set<Substring> = [
        "import", "from", "include", "using", "use", "require", "package", "end", "else", "namespace",
        "module", "open",
    ]
    private static let keywords: Set<Substring> = [
        "if", "else", "for", "while", "return", "def", "class", "func", "fn", "function", "let", "var",
        "const", "in",
        "not", "and", "or", "is", "none", "None", "null", "nil", "true", "false", "True", "False", "self",
        "this",
        "int", "void", "public", "private", "static", "try", "catch", "except", "throw", "raise", "import",
        "from",
        "new", "end", "do", "then", "switch", "case", "break", "continue", "pass", "with", "as", "string",
        "pub",
        "mut", "auto", "char", "bool", "float", "double", "async", "await", "yield", "elif", "local", "final",
    ]
}
