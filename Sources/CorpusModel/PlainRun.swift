/// Finds where a string's text needs a closer look: at a quotation mark, a backslash or a control character.
///
/// Nearly all text is none of these, so that eight bytes are looked at in one step.
enum PlainRun {
    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let tops: UInt64 = 0x8080_8080_8080_8080

    /// The first place from `start` on whose byte is no plain text, or the end.
    ///
    /// - Parameters:
    ///   - bytes: The text.
    ///   - start: Where to begin, from 0 to `bytes.count`.
    /// - Returns: A place between `start` and `bytes.count`.
    @inline(__always)
    static func end(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        var index = start
        while index + 8 <= bytes.count {
            let word = unsafe bytes.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            if stops(word) { break }
            index += 8
        }
        while index < bytes.count, unsafe isPlain(bytes[index]) { index += 1 }
        return index
    }

    @inline(__always)
    static func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte != UInt8(ascii: "\"") && byte != UInt8(ascii: "\\")
    }

    /// Whether one of eight bytes is not plain.
    ///
    /// A byte below `n` borrows when `n` is taken from it, and so gets its highest bit, which those above 0x7F have
    /// anyway and are excused from by `~word`.
    @inline(__always)
    private static func stops(_ word: UInt64) -> Bool {
        let quotes = word ^ (ones &* UInt64(UInt8(ascii: "\"")))
        let slashes = word ^ (ones &* UInt64(UInt8(ascii: "\\")))
        let controls = (word &- ones &* 0x20) & ~word
        return (controls | ((quotes &- ones) & ~quotes) | ((slashes &- ones) & ~slashes)) & tops != 0
    }
}
