import CorpusKit
import Glibc

/// Thoughts that stand in the answer itself, between `<think>` and `</think>`, as servers without a reader for them send
/// them.
///
/// Only what opens the answer is thought. A chat template that writes `<think>` into the prompt leaves the closing mark
/// alone; that one counts where it ends a line or a paragraph, outside of code, with no opening mark before it. A mark
/// that an answer speaks of stays where it is.
enum InlineThoughts {
    private static let opening = Array("<think>".utf8)
    private static let closing = Array("</think>".utf8)

    /// Cuts thoughts off the beginning of an answer.
    ///
    /// - Parameters:
    ///   - text: The answer as it came.
    ///   - isCutOff: Whether the limit on tokens ended it, perhaps in the middle of the thoughts.
    /// - Returns: Both parts; nil when there are no thoughts.
    static func cut(_ text: String, isCutOff: Bool) -> (answer: String, thoughts: String)? {
        guard hasMark(text) else { return nil }
        let bytes = Array(text.utf8)
        let start = bytes.firstIndex { !isSpace($0) } ?? bytes.count
        if starts(bytes, at: start, with: opening) {
            let from = start + opening.count
            let end = position(of: closing, in: bytes, from: from)
            // An answer about the mark goes on in the same line.
            guard end != nil || isCutOff || from < bytes.count && bytes[from] == 0x0A else { return nil }
            return parts(bytes, thoughts: from..<(end ?? bytes.count), answer: end.map { $0 + closing.count })
        }
        guard let end = position(of: closing, in: bytes, from: start),
            position(of: opening, in: bytes, from: start).map({ $0 > end }) ?? true,
            isByItself(end, in: bytes)
        else { return nil }
        return parts(bytes, thoughts: start..<end, answer: end + closing.count)
    }

    /// Whether a closing mark stands at the end of a line, or alone at the beginning of one, and in no block of code.
    private static func isByItself(_ mark: Int, in bytes: [UInt8]) -> Bool {
        let end = mark + closing.count
        let endsLine = end == bytes.count || bytes[end] == 0x0A || bytes[end] == 0x0D
        let beginsLine = mark == 0 || bytes[mark - 1] == 0x0A
        guard endsLine || beginsLine else { return false }
        let before = String(decoding: bytes[..<mark], as: UTF8.self)
        let fences = before.split(separator: "\n").count { line in
            let line = line.drop(while: \.isWhitespace)
            return line.hasPrefix("```") || line.hasPrefix("~~~")
        }
        return fences.isMultiple(of: 2)
    }

    private static func parts(_ bytes: [UInt8], thoughts: Range<Int>, answer: Int?) -> (String, String) {
        let answer = bytes[(answer ?? bytes.count)...].drop(while: isSpace)
        var thoughts = bytes[thoughts].drop(while: isSpace)
        while let last = thoughts.last, isSpace(last) { thoughts.removeLast() }
        return (String(decoding: answer, as: UTF8.self), String(decoding: thoughts, as: UTF8.self))
    }

    private static func starts(_ bytes: [UInt8], at start: Int, with mark: [UInt8]) -> Bool {
        start + mark.count <= bytes.count && bytes[start..<start + mark.count].elementsEqual(mark)
    }

    private static func position(of mark: [UInt8], in bytes: [UInt8], from start: Int) -> Int? {
        var index = start
        while index + mark.count <= bytes.count {
            if bytes[index] == mark[0], starts(bytes, at: index, with: mark) { return index }
            index += 1
        }
        return nil
    }

    /// A look that costs next to nothing, since most answers have no mark.
    private static func hasMark(_ text: String) -> Bool {
        var text = text
        return text.withUTF8 { bytes in
            var start = bytes.baseAddress
            var left = bytes.count
            // Both marks end so, and hardly anything else does.
            while let from = unsafe start, let end = unsafe memchr(from, 0x3E, left) {
                let place = unsafe UnsafeRawPointer(end) - UnsafeRawPointer(from)
                if place > 0, unsafe from[place - 1] == UInt8(ascii: "k") { return true }
                unsafe start = from + place + 1
                left -= place + 1
            }
            return false
        }
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
}

extension ModelReply {
    /// The reply with thoughts that open its answer as its reasoning, where it has none.
    var withThoughtsApart: ModelReply {
        guard reasoning == nil, let (answer, thoughts) = InlineThoughts.cut(text, isCutOff: finish == .length)
        else {
            return self
        }
        var reply = self
        (reply.text, reply.reasoning) = (answer, thoughts.isEmpty ? nil : thoughts)
        return reply
    }
}
