import CorpusKit

/// Tells text that holds code where plain words were asked for.
enum CodeMarks {
    /// Whether a text has a fence, or reads like a definition or a program.
    static func holdsCode(_ text: String) -> Bool {
        if text.contains("```") || text.contains("~~~") { return true }
        if text.contains(
            /\bdef \w+\(|\breturn \w+\[|\bimport \w+$|=>|;\s*$|\bfunction \w*\(.*\{|#include|\blambda \w+:/
        ) {
            return true
        }
        return text.textLines.contains {
            $0.starts(with: /\s*(from \w+ import |import \w+\s*$|print\(|for \w+ in .*:\s*$)/)
        }
    }
}

extension String {
    /// The text without its fenced blocks.
    var withoutCode: String {
        var lines = textLines.map(String.init)
        for block in CodeBlock.all(in: self).reversed() {
            let end = block.line + block.code.textLines.count + (block.isTerminated ? 1 : 0)
            lines.removeSubrange((block.line - 1)..<min(end, lines.count))
        }
        return lines.joined(separator: "\n")
    }

    /// The text without quotation marks or emphasis that embrace all of it.
    var unquoted: String {
        var text = self[...]
        for (open, close) in [("**", "**"), ("\"", "\""), ("\u{201C}", "\u{201D}"), ("'", "'"), ("`", "`")] {
            guard text.hasPrefix(open), text.hasSuffix(close), text.count > open.count + close.count else {
                continue
            }
            let inner = text.dropFirst(open.count).dropLast(close.count)
            if !inner.contains(open) && !inner.contains(close) { text = inner }
        }
        return text.trimmed
    }
}
