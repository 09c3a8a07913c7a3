/// One line of source code as ``SourceScan`` sees it.
struct ScannedLine: Sendable {
    /// The line as it stands in the file, without its end.
    var text: String
    /// The line without comments, and with `""` for each string.
    var code: String
    /// White space in front, a tab counting as far as the next multiple of 8.
    var indent: Int
    /// Whether the line starts inside a string or a block comment.
    var startsInText: Bool
    /// Open brackets of any kind where the line starts.
    var nesting: Int
    /// Open braces where the line starts.
    var depth: Int
    /// Open braces where the line ends.
    var depthAfter: Int

    var isBlank: Bool { text.allSatisfy(\.isWhitespace) }
    /// Whether there is anything on it beside comments and white space.
    var hasCode: Bool { code.contains { !$0.isWhitespace } }
    /// Open brackets that are no braces where the line starts.
    var brackets: Int { nesting - depth }
}

/// Tells code from strings and comments and counts brackets, for many languages and without knowing any.
///
/// It is a scan, not a parser: regular-expression literals, here-documents and nested templates can mislead it. Who
/// cuts by it checks that what was cut is balanced.
struct SourceScan {
    private(set) var lines: [ScannedLine] = []

    private let language: SourceLanguage
    private let comment: [UInt8]
    private var state = State.code
    private var braces = 0
    private var brackets = 0

    private enum State: Equatable {
        case code
        case lineComment
        case blockComment
        /// Ends at its delimiter or, unless `isLong`, at the end of the line.
        case string(delimiter: UInt8, count: Int, isLong: Bool)
    }

    init(_ text: String, _ language: SourceLanguage) {
        self.language = language
        comment = Array(language.lineComment.utf8)
        for line in text.utf8.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            scan(line.last == UInt8(ascii: "\r") ? Array(line.dropLast()) : Array(line))
        }
    }

    private mutating func scan(_ bytes: [UInt8]) {
        var line = ScannedLine(
            text: String(decoding: bytes, as: UTF8.self),
            code: "",
            indent: Self.indent(of: bytes),
            startsInText: state != .code,
            nesting: braces + brackets,
            depth: braces,
            depthAfter: 0
        )
        var code: [UInt8] = []
        var index = 0
        while index < bytes.count { index += step(bytes, index, &code) }
        switch state {
        case .lineComment, .string(_, _, isLong: false): state = .code
        default: break
        }
        line.code = String(decoding: code, as: UTF8.self)
        line.depthAfter = braces
        lines.append(line)
    }

    /// Looks at what starts at an index and says how many bytes it took.
    private mutating func step(_ bytes: [UInt8], _ index: Int, _ code: inout [UInt8]) -> Int {
        switch state {
        case .lineComment: return bytes.count - index
        case .blockComment:
            guard bytes[index...].starts(with: "*/".utf8) else { return 1 }
            state = .code
            return 2
        case .string(let delimiter, let count, _):
            if bytes[index] == UInt8(ascii: "\\") { return 2 }
            guard bytes[index...].starts(with: [UInt8](repeating: delimiter, count: count)) else { return 1 }
            code.append(UInt8(ascii: "\""))
            state = .code
            return count
        case .code: return stepInCode(bytes, index, &code)
        }
    }

    private mutating func stepInCode(_ bytes: [UInt8], _ index: Int, _ code: inout [UInt8]) -> Int {
        let byte = bytes[index]
        if startsComment(bytes, index) {
            state = .lineComment
            return comment.count
        }
        if language.hasBlockComments, bytes[index...].starts(with: "/*".utf8) {
            state = .blockComment
            return 2
        }
        if let length = openString(bytes, index) {
            code.append(UInt8(ascii: "\""))
            return length
        }
        if byte == UInt8(ascii: "'"), language.apostrophe == .character,
            let length = characterLength(bytes, index)
        {
            code.append(contentsOf: "\"\"".utf8)
            return length
        }
        switch byte {
        case UInt8(ascii: "{"): braces += 1
        case UInt8(ascii: "}"): braces = max(0, braces - 1)
        case UInt8(ascii: "("), UInt8(ascii: "["): brackets += 1
        case UInt8(ascii: ")"), UInt8(ascii: "]"): brackets = max(0, brackets - 1)
        default: break
        }
        code.append(byte)
        return 1
    }

    private func startsComment(_ bytes: [UInt8], _ index: Int) -> Bool {
        guard bytes[index...].starts(with: comment) else { return false }
        // `$#` and `${#name}` of shells are no comments.
        guard comment == [UInt8(ascii: "#")], index > 0 else { return true }
        return !"${\\".utf8.contains(bytes[index - 1])
    }

    /// Opens a string that starts at an index and says how long its delimiter is.
    private mutating func openString(_ bytes: [UInt8], _ index: Int) -> Int? {
        let byte = bytes[index]
        switch byte {
        case UInt8(ascii: "\""): break
        case UInt8(ascii: "'") where language.apostrophe == .text: break
        case UInt8(ascii: "`") where language.hasBackquotes: break
        default: return nil
        }
        let isTriple = language.hasTripleQuotes && bytes[index...].starts(with: [byte, byte, byte])
        let count = isTriple ? 3 : 1
        state = .string(delimiter: byte, count: count, isLong: isTriple || byte == UInt8(ascii: "`"))
        return count
    }

    /// The length of `'x'` or `'\n'`, or nil where the apostrophe is something else, such as a lifetime.
    private func characterLength(_ bytes: [UInt8], _ index: Int) -> Int? {
        let longest = 12
        let isEscaped = bytes[index...].dropFirst().first == UInt8(ascii: "\\")
        let from = index + (isEscaped ? 3 : 2)
        guard from < bytes.count,
            let end = bytes[from..<min(bytes.count, index + longest)].firstIndex(of: UInt8(ascii: "'"))
        else { return nil }
        // Only an escape or one character outside ASCII takes several bytes.
        guard isEscaped || end == from || bytes[index + 1] >= 0x80 else { return nil }
        return end - index + 1
    }

    private static func indent(of bytes: [UInt8]) -> Int {
        var width = 0
        for byte in bytes {
            switch byte {
            case UInt8(ascii: " "): width += 1
            case UInt8(ascii: "\t"): width += 8 - width % 8
            default: return width
            }
        }
        return width
    }
}
