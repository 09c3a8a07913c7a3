import CorpusKit

/// What counts as equal text.
enum NormalForm: String, Codable, Sendable, CaseIterable {
    /// Equal bytes.
    case bytes
    /// Equal characters once white space is left out.
    case whitespace
    /// As `whitespace`, in lower case.
    case `case`

    /// Appends a text in this form.
    ///
    /// What is not ASCII is brought to Unicode's form NFKC, except for ``bytes``.
    func append(_ text: String, to bytes: inout [UInt8]) {
        if self == .bytes {
            bytes.append(contentsOf: text.utf8)
        } else if text.utf8.allSatisfy({ $0 < 0x80 }) {
            for byte in text.utf8 where !Self.isSpace(byte) {
                bytes.append(self == .case && byte &- 0x41 < 26 ? byte | 0x20 : byte)
            }
        } else {
            let normal = text.normalisedNFKC
            for scalar in (self == .case ? normal.lowercased() : normal).unicodeScalars
            where !scalar.properties.isWhitespace {
                bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            }
        }
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }
}
