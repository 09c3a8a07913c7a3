/// A fenced block of code in a reply.
public struct CodeBlock: Sendable, Hashable {
    /// The language by its usual name (``CodeLanguage/name(of:)``), or nil when the fence names none.
    public let language: String?
    /// The code, without the fence's own indentation and without a final newline.
    public let code: String
    /// The opening fence's line, from 1.
    public let line: Int
    /// Whether the closing fence is there.
    ///
    /// A block that the reply's end cuts off is not fit for training.
    public let isTerminated: Bool

    /// Every block of a text, in order.
    ///
    /// A fence is a line whose first visible characters are three or more backticks or tildes; it may be indented,
    /// as in lists. It is closed by a line of at least as many of the same character and nothing else.
    public static func all(in text: String) -> [CodeBlock] {
        var blocks: [CodeBlock] = []
        var open: OpenBlock?
        for (index, line) in text.textLines.enumerated() {
            if let block = open {
                if block.fence.isClosed(by: line) {
                    blocks.append(block.finished(isTerminated: true))
                    open = nil
                } else {
                    open?.lines.append(block.fence.unindented(line))
                }
            } else if let fence = Fence(opening: line) {
                open = OpenBlock(fence: fence, line: index + 1)
            }
        }
        if let open { blocks.append(open.finished(isTerminated: false)) }
        return blocks
    }

    /// Picks the block that answers a question for code.
    ///
    /// Blank blocks and blocks in other languages (a shell session, some output) do not count.
    ///
    /// - Parameters:
    ///   - text: The reply.
    ///   - language: The language by its usual name.
    /// - Returns: The first whole block in the language, else the first whole one that names no language, else nil.
    public static func answer(in text: String, language: String) -> CodeBlock? {
        let whole = all(in: text).filter { $0.isTerminated && $0.code.contains { !$0.isWhitespace } }
        return whole.first { $0.language == language } ?? whole.first { $0.language == nil }
    }

    /// The shortest fence of backticks that no line of a code can close; at least three.
    public static func fence(around code: String) -> String {
        var longest = 0
        var run = 0
        for character in code.utf8 {
            run = character == UInt8(ascii: "`") ? run + 1 : 0
            longest = max(longest, run)
        }
        return String(repeating: "`", count: max(3, longest + 1))
    }

    /// The code between fences, ready to stand in a message.
    public static func fenced(_ code: String, language: String) -> String {
        let fence = fence(around: code)
        return "\(fence)\(language)\n\(code)\n\(fence)"
    }
}

private struct OpenBlock {
    let fence: Fence
    let line: Int
    var lines: [Substring] = []

    func finished(isTerminated: Bool) -> CodeBlock {
        CodeBlock(
            language: fence.language,
            code: lines.joined(separator: "\n"),
            line: line,
            isTerminated: isTerminated
        )
    }
}

private struct Fence {
    let character: Character
    let length: Int
    let indentation: Int
    let language: String?

    init?(opening line: Substring) {
        let indentation = line.prefix { $0 == " " || $0 == "\t" }
        let rest = line[indentation.endIndex...]
        guard let character = rest.first, character == "`" || character == "~" else { return nil }
        let run = rest.prefix { $0 == character }
        let info = rest[run.endIndex...]
        // A line such as ```x``` is code inside a sentence.
        guard run.count >= 3, character == "~" || !info.contains("`") else { return nil }
        self.character = character
        self.length = run.count
        self.indentation = indentation.count
        self.language = CodeLanguage.name(ofInfo: info)
    }

    func isClosed(by line: Substring) -> Bool {
        let visible = line.drop { $0 == " " || $0 == "\t" }
        let run = visible.prefix { $0 == character }
        return run.count >= length && visible[run.endIndex...].allSatisfy(\.isWhitespace)
    }

    func unindented(_ line: Substring) -> Substring {
        let cut = line.prefix(indentation).prefix { $0 == " " || $0 == "\t" }
        return line[cut.endIndex...]
    }
}
