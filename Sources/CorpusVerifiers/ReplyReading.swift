import CorpusKit

/// Finds what was asked for in a model's reply.
enum ReplyReading {
    /// The text of the last closed code fence, or the whole reply where it holds no fence at all.
    ///
    /// A fence that is never closed was cut off, and gives nothing.
    static func code(in reply: String) -> String? {
        var open: (fence: Substring, lines: [Substring])?
        var last: String?
        var isFenced = false
        for line in reply.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) {
            let start = line.drop(while: \.isWhitespace)
            let mark = start.first == "~" ? Character("~") : Character("`")
            let fence = start.prefix { $0 == mark }
            if let block = open {
                let closes =
                    fence.count >= block.fence.count && fence.first == block.fence.first
                    && start.dropFirst(fence.count).allSatisfy(\.isWhitespace)
                if closes {
                    last = block.lines.joined(separator: "\n") + "\n"
                    open = nil
                } else {
                    open = (block.fence, block.lines + [line])
                }
            } else if fence.count >= 3 {
                open = (fence, [])
                isFenced = true
            }
        }
        let code = isFenced ? last : reply
        return code?.contains { !$0.isWhitespace } == true ? code : nil
    }

    /// The first object in a reply that parses, whatever stands around it.
    static func object(in reply: String) -> [String: JSONValue]? {
        let bytes = Array(reply.utf8)
        // A reply of nothing but braces must not cost the square of its length.
        for open in bytes.indices.lazy.filter({ bytes[$0] == UInt8(ascii: "{") }).prefix(64) {
            if let close = end(ofObjectAt: open, in: bytes),
                let value = try? JSONValue(parsing: bytes[open...close])
            {
                return value.members
            }
        }
        return nil
    }

    /// The index of the brace that closes the one at `open`; braces in strings do not count.
    private static func end(ofObjectAt open: Int, in bytes: [UInt8]) -> Int? {
        var depth = 0
        var isText = false
        var isEscaped = false
        for index in open..<bytes.count {
            if isEscaped {
                isEscaped = false
                continue
            }
            switch bytes[index] {
            case UInt8(ascii: "\\"): isEscaped = isText
            case UInt8(ascii: "\""): isText.toggle()
            case UInt8(ascii: "{") where !isText: depth += 1
            case UInt8(ascii: "}") where !isText:
                depth -= 1
                if depth == 0 { return index }
            default: break
            }
        }
        return nil
    }
}

extension Content {
    /// The task: the field `instruction`, or what the user says first.
    ///
    /// - Throws: ``Skip`` (`missing-field`) when there is neither.
    func task() throws -> String {
        let text = fields["instruction"]?.text ?? messages.first { $0.role == .user }?.content
        guard let text, text.contains(where: { !$0.isWhitespace }) else {
            throw Skip("missing-field", "the draft has no `instruction`")
        }
        return text
    }
}
