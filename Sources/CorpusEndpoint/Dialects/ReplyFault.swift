import CorpusKit

/// What is wrong with the body of a successful reply.
enum ReplyFault: Error, Sendable, Hashable {
    /// No bytes, or white space alone.
    case empty
    /// JSON that stops in the middle.
    case truncated(bytes: Int)
    /// Something else than JSON; where the first fault is.
    case notJSON(offset: Int)
    /// A web page: usually a proxy's or a login's.
    case webPage
    /// Bytes that are no UTF-8.
    case notUTF8
    /// JSON of another shape; what was expected.
    case wrongShape(String)
    /// A stream that ends before the reply does.
    case unfinished(events: Int)
    /// A stream with a line, or an event, longer than a whole reply may be.
    case endlessLine(bytes: Int)
    /// A reply without any choice.
    case noChoices
    /// An error in a reply whose status says success.
    case reported(ErrorReport)

    /// What came back, as the end of a sentence.
    var message: String {
        switch self {
        case .empty: "an empty body"
        case .truncated(let bytes): "JSON that stops after \(counted(bytes, "byte"))"
        case .notJSON(let offset): "something that is not JSON (first fault at byte \(offset))"
        case .webPage: "a web page"
        case .notUTF8: "bytes that are not UTF-8"
        case .wrongShape(let expected): "JSON of another shape: \(expected)"
        case .unfinished(let events): "a stream that stops after \(counted(events, "event"))"
        case .endlessLine(let bytes): "a stream whose line has not ended after \(bytes) bytes"
        case .noChoices: "no choices"
        case .reported: "an error"
        }
    }

    /// The fault of a body that the server calls HTML: whatever stood in it, it was no reply.
    func asPage(_ isWebPage: Bool) -> ReplyFault {
        if case .reported = self { return self }
        return isWebPage ? .webPage : self
    }

    /// Finds the fault of a text that does not parse.
    init(unparsable bytes: [UInt8], _ error: JSONError) {
        let start = bytes.first { $0 != 0x20 && !(0x09...0x0D).contains($0) }
        guard let start else {
            self = .empty
            return
        }
        if start == UInt8(ascii: "<") {
            self = .webPage
        } else if String(validating: Self.withoutSplitEnd(bytes), as: UTF8.self) == nil {
            self = .notUTF8
        } else if start == UInt8(ascii: "{") || start == UInt8(ascii: "["), Self.isOpenAtEnd(bytes) {
            self = .truncated(bytes: bytes.count)
        } else {
            self = .notJSON(offset: error.offset)
        }
    }

    /// The bytes without a character that the end cuts through.
    private static func withoutSplitEnd(_ bytes: [UInt8]) -> ArraySlice<UInt8> {
        for length in 1...3 where bytes.count >= length {
            let byte = bytes[bytes.count - length]
            if byte & 0b1100_0000 == 0b1000_0000 { continue }
            let expected = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC0 ? 2 : 1
            return expected > length ? bytes.dropLast(length) : bytes[...]
        }
        return bytes[...]
    }

    /// Whether a bracket or string is still open where the text ends.
    private static func isOpenAtEnd(_ bytes: [UInt8]) -> Bool {
        var depth = 0
        var isInString = false
        var isEscaped = false
        for byte in bytes {
            if isInString {
                if isEscaped {
                    isEscaped = false
                } else if byte == UInt8(ascii: "\\") {
                    isEscaped = true
                } else if byte == UInt8(ascii: "\"") {
                    isInString = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): isInString = true
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            default: break
            }
        }
        return isInString || depth > 0
    }
}
