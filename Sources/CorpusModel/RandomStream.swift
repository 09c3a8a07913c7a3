/// A stream of random numbers that belongs to one unit of work.
///
/// SplitMix64 (Steele, Lea, Flood: *Fast splittable pseudorandom number generators*, 2014), seeded from a
/// digest of what the stream is for. Streams are derived, never shared: what a unit draws depends on the run's
/// seed, its stage and its item alone, at any concurrency.
public struct RandomStream: RandomNumberGenerator, Sendable {
    private var state: UInt64

    /// Derives the stream for a purpose.
    ///
    /// - Parameters:
    ///   - seed: The run's `random_seed`.
    ///   - purpose: What tells this stream from all others: stage, item, ordinal.
    public init(seed: Int, purpose: [String]) {
        let key = ItemKey(deriving: [String(seed)] + purpose)
        state = key.bytes[..<8].reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// The next 64 random bits.
    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// A number from `0..<bound`, the same in every version of the standard library.
    ///
    /// - Parameter bound: At least 1.
    /// - Returns: Every number with equal probability.
    public mutating func below(_ bound: Int) -> Int {
        precondition(bound > 0, "nothing lies below \(bound)")
        // Multiply and shift (Lemire 2019), without rejection: the bias is under bound / 2^64.
        return Int(next().multipliedFullWidth(by: UInt64(bound)).high)
    }

    /// A number from `0..<1`.
    public mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }

    /// One of the elements, or nil when there are none.
    public mutating func pick<Element>(_ elements: [Element]) -> Element? {
        elements.isEmpty ? nil : elements[below(elements.count)]
    }

    /// The elements in random order (Fisher–Yates).
    public mutating func shuffled<Element>(_ elements: [Element]) -> [Element] {
        var result = elements
        for index in stride(from: result.count - 1, to: 0, by: -1) { result.swapAt(index, below(index + 1)) }
        return result
    }
}
