/// A number with the noun that fits it, for sentences: `1 call`, `2 calls`.
///
/// - Parameters:
///   - count: How many.
///   - noun: What one of them is called.
///   - plural: What several are called; nil for the noun with an `s`.
/// - Returns: Both, the number without grouping.
package func counted(_ count: Int, _ noun: String, _ plural: String? = nil) -> String {
    "\(count) \(nounOf(count, noun, plural))"
}

/// The noun alone that fits a number: `call` for 1, else `calls`.
package func nounOf(_ count: Int, _ noun: String, _ plural: String? = nil) -> String {
    count == 1 ? noun : plural ?? noun + "s"
}
