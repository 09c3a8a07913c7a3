import Foundation

/// Text that a tested program produced, made fit for records: bounded, and the same for equal runs.
enum PlainText {
    private static let longestBrief = 200
    private static let longestPart = 4096

    /// One value, cut to 200 characters.
    static func brief(_ text: String) -> String {
        let stable = withoutAddresses(String(text.prefix(4 * longestBrief)))
        return stable.count <= longestBrief ? stable : stable.prefix(longestBrief) + "…"
    }

    /// Standard error: 4 KiB from each end, invalid UTF-8 replaced.
    static func diagnostics(_ bytes: [UInt8]) -> String {
        if bytes.count <= 2 * longestPart { return withoutAddresses(String(decoding: bytes, as: UTF8.self)) }
        let head = String(decoding: bytes.prefix(longestPart), as: UTF8.self)
        let tail = String(decoding: bytes.suffix(longestPart), as: UTF8.self)
        let left = bytes.count - 2 * longestPart
        return withoutAddresses("\(head)\n[\(left) bytes left out]\n\(tail)")
    }

    /// Replaces addresses such as `0x7f3a5c0012b0`, which differ from run to run, by `0x…`.
    static func withoutAddresses(_ text: String) -> String {
        guard text.utf8.contains(UInt8(ascii: "x")), text.contains("0x") else { return text }
        return text.replacing(#/0x[0-9a-fA-F]{6,16}/#, with: "0x…")
    }
}
