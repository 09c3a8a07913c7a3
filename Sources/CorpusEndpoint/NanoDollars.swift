/// Money in exact whole numbers: billionths of a US dollar.
public enum NanoDollars: Sendable {
    /// Reads an amount of dollars from decimal text, for example `0.15`, `20` or `2.5e-07`.
    ///
    /// Nil when the text is no amount, is negative, has more than nine decimals that matter, or exceeds
    /// nine billion dollars.
    public static func read(_ dollars: String) -> Int? {
        let parts = dollars.lowercased().split(separator: "e", omittingEmptySubsequences: false)
        guard parts.count <= 2, let mantissa = parts.first else { return nil }
        let exponent = parts.count == 2 ? Int(parts[1]) : 0
        let halves = mantissa.split(separator: ".", omittingEmptySubsequences: false)
        guard let exponent, abs(exponent) <= 30, halves.count <= 2 else { return nil }
        let decimals = halves.count == 2 ? halves[1] : ""
        var digits = Array((halves[0] + decimals).utf8)
        guard !digits.isEmpty, digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        var shift = 9 + exponent - decimals.utf8.count
        while shift < 0, digits.last == 0x30 {
            digits.removeLast()
            shift += 1
        }
        if digits.isEmpty { return 0 }
        guard shift >= 0 else { return nil }
        let text = String(decoding: digits, as: UTF8.self) + String(repeating: "0", count: shift)
        return Int(text).flatMap { $0 <= 9_000_000_000_000_000_000 ? $0 : nil }
    }

    /// The amount as people write it: `$20.00`, `$0.000015`.
    public static func text(_ amount: Int) -> String {
        let (dollars, rest) = amount.magnitude.quotientAndRemainder(dividingBy: 1_000_000_000)
        let digits = String(rest)
        var decimals = String(repeating: "0", count: 9 - digits.count) + digits
        while decimals.count > 2, decimals.hasSuffix("0") { decimals.removeLast() }
        return "\(amount < 0 ? "-" : "")$\(dollars).\(decimals)"
    }
}
