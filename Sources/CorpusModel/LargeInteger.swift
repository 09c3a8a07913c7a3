/// A whole number beyond the range of `Int`, kept digit by digit.
///
/// It is held, compared and written, and never calculated with: data passes through the factory unchanged.
public struct LargeInteger: Sendable, Hashable, CustomStringConvertible {
    /// The decimal digits, after a `-` when negative; no zero stands in front.
    public let description: String

    /// Reads decimal digits; nil for what is no whole number, has a zero in front, or fits `Int`.
    public init?(_ text: String) {
        let digits = text.utf8.first == UInt8(ascii: "-") ? text.utf8.dropFirst() : text.utf8[...]
        guard let first = digits.first, first != UInt8(ascii: "0"),
            digits.allSatisfy({ UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }), Int(text) == nil
        else { return nil }
        description = text
    }

    /// How many digits there are.
    public var digitCount: Int { description.utf8.count { $0 != UInt8(ascii: "-") } }

    /// The nearest double, or nil beyond the range of doubles.
    public var real: Double? { Double(description).flatMap { $0.isFinite ? $0 : nil } }
}
