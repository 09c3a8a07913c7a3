import Glibc

/// Why a text is not JSON, and where.
public struct JSONError: Error, Sendable, Hashable, CustomStringConvertible {
    /// One sentence without a full stop.
    public let message: String
    /// Bytes from the start of the text to the fault.
    public let offset: Int

    /// The message with its place.
    public var description: String { "\(message) at byte \(offset)" }
}

extension JSONValue {
    /// How deep arrays and objects may nest before the text is refused.
    public static let deepestNesting = 512

    /// Parses one JSON document.
    ///
    /// Strict as RFC 8259 says: no trailing commas, no comments, no lone surrogates, no invalid UTF-8, no
    /// duplicate keys. White space may stand around the value. Whole numbers are exact whatever their size.
    ///
    /// Keys that differ in nothing but how an accented letter is put together count as duplicates, since
    /// ``object(_:)`` cannot hold both.
    ///
    /// - Throws: ``JSONError`` with the byte offset of the first fault.
    public init(parsing text: some Collection<UInt8>) throws(JSONError) {
        var parser = Parser(bytes: Array(text))
        self = try parser.document()
    }

    /// Parses one JSON document from a string.
    public init(parsing text: String) throws(JSONError) { try self.init(parsing: Array(text.utf8)) }
}

private struct Parser {
    let bytes: [UInt8]
    var index = 0
    var depth = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    mutating func document() throws(JSONError) -> JSONValue {
        let value = try value()
        skipSpace()
        guard index == bytes.count else { throw fault("text goes on after the value") }
        return value
    }

    func fault(_ message: String, at offset: Int? = nil) -> JSONError {
        JSONError(message: message, offset: offset ?? index)
    }

    var current: UInt8? { index < bytes.count ? bytes[index] : nil }

    mutating func skipSpace() {
        while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { index += 1 }
    }

    mutating func value() throws(JSONError) -> JSONValue {
        skipSpace()
        guard let byte = current else { throw fault("the text ends where a value should stand") }
        switch byte {
        case UInt8(ascii: "{"): return try nested(object)
        case UInt8(ascii: "["): return try nested(array)
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        default: throw fault("a value cannot start with this character")
        }
    }

    mutating func nested(
        _ body: (inout Parser) throws(JSONError) -> JSONValue
    ) throws(JSONError) -> JSONValue {
        depth += 1
        defer { depth -= 1 }
        guard depth <= JSONValue.deepestNesting else {
            throw fault("values nest deeper than \(JSONValue.deepestNesting)")
        }
        index += 1
        return try body(&self)
    }

    mutating func word(_ word: String, _ value: JSONValue) throws(JSONError) -> JSONValue {
        guard bytes[index...].starts(with: word.utf8) else { throw fault("expected `\(word)`") }
        index += word.utf8.count
        return value
    }

    func object(_ parser: inout Parser) throws(JSONError) -> JSONValue {
        var members = [String: JSONValue](minimumCapacity: 6)
        parser.skipSpace()
        if parser.current == UInt8(ascii: "}") {
            parser.index += 1
            return .object(members)
        }
        while true {
            parser.skipSpace()
            let start = parser.index
            guard parser.current == UInt8(ascii: "\"") else { throw parser.fault("expected a key in quotes") }
            let key = try parser.string()
            parser.skipSpace()
            guard parser.current == UInt8(ascii: ":") else { throw parser.fault("expected `:` after a key") }
            parser.index += 1
            let value = try parser.value()
            let count = members.count
            members[key] = value
            if members.count == count {
                // The first key stays when its value is replaced.
                let isSame =
                    members.index(forKey: key).map { members.keys[$0].utf8.elementsEqual(key.utf8) } ?? true
                let words = isSame ? "" : ", in two spellings that count as equal,"
                throw parser.fault("the key `\(key)`\(words) stands twice in one object", at: start)
            }
            parser.skipSpace()
            switch parser.current {
            case UInt8(ascii: ","): parser.index += 1
            case UInt8(ascii: "}"):
                parser.index += 1
                return .object(members)
            default: throw parser.fault("expected `,` or `}`")
            }
        }
    }

    func array(_ parser: inout Parser) throws(JSONError) -> JSONValue {
        var elements: [JSONValue] = []
        parser.skipSpace()
        if parser.current == UInt8(ascii: "]") {
            parser.index += 1
            return .array(elements)
        }
        while true {
            elements.append(try parser.value())
            parser.skipSpace()
            switch parser.current {
            case UInt8(ascii: ","): parser.index += 1
            case UInt8(ascii: "]"):
                parser.index += 1
                return .array(elements)
            default: throw parser.fault("expected `,` or `]`")
            }
        }
    }

    mutating func number() throws(JSONError) -> JSONValue {
        let start = index
        var isWhole = true
        if current == UInt8(ascii: "-") { index += 1 }
        let digits = countDigits()
        guard digits > 0 else { throw fault("a number needs digits", at: start) }
        if digits > 1, bytes[index - digits] == UInt8(ascii: "0") {
            throw fault("a number cannot start with 0", at: start)
        }
        if current == UInt8(ascii: ".") {
            index += 1
            isWhole = false
            guard countDigits() > 0 else { throw fault("digits must follow the point") }
        }
        if current == UInt8(ascii: "e") || current == UInt8(ascii: "E") {
            index += 1
            isWhole = false
            if current == UInt8(ascii: "+") || current == UInt8(ascii: "-") { index += 1 }
            guard countDigits() > 0 else { throw fault("digits must follow the exponent") }
        }
        let text = String(decoding: bytes[start..<index], as: UTF8.self)
        if isWhole, let whole = Int(text) { return .int(whole) }
        if isWhole, let large = LargeInteger(text) { return .largeInt(large) }
        guard let real = Double(text), real.isFinite else {
            throw fault("the number `\(text)` is out of range", at: start)
        }
        return .double(real)
    }

    mutating func countDigits() -> Int {
        let start = index
        while let byte = current, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") { index += 1 }
        return index - start
    }

    mutating func string() throws(JSONError) -> String {
        index += 1
        let start = index
        skipPlainText()
        if current == UInt8(ascii: "\"") {
            defer { index += 1 }
            return try text(bytes[start..<index], from: start)
        }
        return try escapedString(from: start)
    }

    mutating func skipPlainText() {
        index = unsafe bytes.withUnsafeBytes { unsafe PlainRun.end(in: $0, from: index) }
    }

    mutating func escapedString(from start: Int) throws(JSONError) -> String {
        // What stands between two escapes is copied in one go.
        var buffer: [UInt8] = []
        buffer.reserveCapacity(2 * (index - start) + 256)
        var run = start
        while let byte = current {
            switch byte {
            case UInt8(ascii: "\""):
                buffer += bytes[run..<index]
                index += 1
                return try text(buffer[...], from: start)
            case UInt8(ascii: "\\"):
                buffer += bytes[run..<index]
                index += 1
                try appendEscape(to: &buffer)
                run = index
            case 0..<0x20: throw fault("a control character must be written as an escape")
            default: skipPlainText()
            }
        }
        throw fault("the text ends inside a string", at: start - 1)
    }

    private mutating func appendEscape(to buffer: inout [UInt8]) throws(JSONError) {
        guard let byte = current else { throw fault("the text ends inside an escape") }
        index += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): buffer.append(byte)
        case UInt8(ascii: "b"): buffer.append(0x08)
        case UInt8(ascii: "f"): buffer.append(0x0C)
        case UInt8(ascii: "n"): buffer.append(0x0A)
        case UInt8(ascii: "r"): buffer.append(0x0D)
        case UInt8(ascii: "t"): buffer.append(0x09)
        case UInt8(ascii: "u"): buffer += try unicodeEscape().utf8
        default: throw fault("unknown escape", at: index - 1)
        }
    }

    func text(_ slice: ArraySlice<UInt8>, from start: Int) throws(JSONError) -> String {
        // Taken as it is and looked at afterwards: that is many times as fast as the check for all encodings.
        let text = unsafe slice.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) }
        guard Self.isSame(text, slice) else { throw fault("the string is not valid UTF-8", at: start) }
        return text
    }

    /// Whether a text is what some bytes say, and nothing in it stands for bytes that are no text.
    private static func isSame(_ text: String, _ bytes: ArraySlice<UInt8>) -> Bool {
        var text = text
        return text.withUTF8 { text in
            unsafe bytes.withUnsafeBufferPointer { bytes in
                guard text.count == bytes.count else { return false }
                guard let left = text.baseAddress, let right = bytes.baseAddress else { return true }
                return unsafe memcmp(left, right, text.count) == 0
            }
        }
    }

    mutating func unicodeEscape() throws(JSONError) -> String {
        let start = index - 2
        let first = try hexUnit()
        if let scalar = Unicode.Scalar(UInt32(first)) { return String(Character(scalar)) }
        guard first < 0xDC00, current == UInt8(ascii: "\\"), index + 1 < bytes.count,
            bytes[index + 1] == UInt8(ascii: "u")
        else { throw fault("a lone surrogate is not a character", at: start) }
        index += 2
        let second = try hexUnit()
        guard (0xDC00...0xDFFF).contains(second) else {
            throw fault("a lone surrogate is not a character", at: start)
        }
        let value = 0x10000 + (UInt32(first) - 0xD800) << 10 + (UInt32(second) - 0xDC00)
        guard let scalar = Unicode.Scalar(value) else { throw fault("no such character", at: start) }
        return String(Character(scalar))
    }

    mutating func hexUnit() throws(JSONError) -> UInt16 {
        guard index + 4 <= bytes.count else { throw fault("four hexadecimal digits must follow `\\u`") }
        var value: UInt16 = 0
        for byte in bytes[index..<index + 4] {
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
            default: throw fault("four hexadecimal digits must follow `\\u`")
            }
            value = value << 4 | UInt16(digit)
        }
        index += 4
        return value
    }
}
