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

/// How much of a text's own words came back in another.
enum WordRecall {
    /// The share of the words of `source` that matter of which `text` has one with the same beginning; 1 when none
    /// matter.
    ///
    /// Words of four letters and more matter, except those that any request has. Their first five letters are
    /// compared, so that `counts` is found again in `counting`.
    static func share(of source: String, in text: String) -> Double {
        let wanted = stems(source)
        guard !wanted.isEmpty else { return 1 }
        return Double(wanted.intersection(stems(text)).count) / Double(wanted.count)
    }

    private static func stems(_ text: String) -> Set<String> {
        let words = text.lowercased().split { !$0.isLetter && !$0.isNumber && $0 != "_" }
        return Set(words.filter { $0.count > 3 && !common.contains(String($0)) }.map { String($0.prefix(5)) })
    }

    private static let common: Set<String> = [
        "write", "return", "returns", "python", "function", "that", "this", "with", "from", "given", "takes",
        "take",
        "create", "implement", "program", "code", "should", "which", "where", "when", "each", "into", "their",
        "them",
        "there", "they", "have", "than", "then", "what", "must", "will", "your",
    ]
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
