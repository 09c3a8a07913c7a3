/// Finds the JSON object that a judge or classifier was asked for in what it really said.
public enum JSONReply: Sendable {
    /// How many opening braces are tried before the search is given up.
    static let mostCandidates = 8

    /// The object in a reply, or nil when there is none.
    ///
    /// The first fenced block labelled `json` decides when there is one; otherwise the first balanced `{…}` that
    /// parses, where braces inside strings do not count. Text around the object is ignored, and so are keys that
    /// the caller does not ask for.
    public static func object(in text: String) -> JSONValue? {
        if let block = CodeBlock.all(in: text).first(where: { $0.language == "json" }) {
            guard block.isTerminated, let value = try? JSONValue(parsing: block.code), value.members != nil
            else {
                return nil
            }
            return value
        }
        let bytes = Array(text.utf8)
        var start = bytes.startIndex
        for _ in 0..<mostCandidates {
            guard let open = bytes[start...].firstIndex(of: UInt8(ascii: "{")) else { return nil }
            if let end = balancedEnd(of: bytes, from: open),
                let value = try? JSONValue(parsing: bytes[open..<end])
            {
                return value
            }
            start = open + 1
        }
        return nil
    }

    /// The offset after the brace that closes the one at `open`, or nil when the text ends before.
    private static func balancedEnd(of bytes: [UInt8], from open: Int) -> Int? {
        var depth = 0
        var inString = false
        var index = open
        while index < bytes.endIndex {
            switch bytes[index] {
            case UInt8(ascii: "\\") where inString: index += 1
            case UInt8(ascii: "\""): inString.toggle()
            case UInt8(ascii: "{") where !inString: depth += 1
            case UInt8(ascii: "}") where !inString:
                depth -= 1
                if depth == 0 { return index + 1 }
            default: break
            }
            index += 1
        }
        return nil
    }
}
