/// The hash of every window of a sequence, each in constant time.
///
/// Prefix sums of a polynomial modulo 2^64: with `sums[i + 1] = sums[i] * base + h[i]`, the window of `n` from `i`
/// hashes to `sums[i + n] - sums[i] * base^n`. The elements are 64-bit hashes, so that the short cycles that plain
/// polynomials modulo 2^64 have on small alphabets do not matter.
struct WindowHashes {
    private let sums: [UInt64]
    private static let base: UInt64 = 0xD6E8_FEB8_6659_FD93
    private static let powers: [UInt64] = (0...32).map { power($0) }

    init(_ words: [WordList.Word]) { self.init(words.lazy.map(\.hash)) }

    init(_ elements: some Collection<UInt64>) {
        var sums: [UInt64] = []
        sums.reserveCapacity(elements.count + 1)
        var sum: UInt64 = 0
        sums.append(0)
        for element in elements {
            sum = sum &* Self.base &+ element
            sums.append(sum)
        }
        self.sums = sums
    }

    /// The hash of `count` elements from `start`.
    func hash(from start: Int, count: Int) -> UInt64 {
        hash(from: start, count: count, power: Self.factor(count))
    }

    /// The hash of `count` elements from `start`, with ``factor(_:)`` worked out before a loop.
    @inline(__always)
    func hash(from start: Int, count: Int, power: UInt64) -> UInt64 {
        sums[start + count] &- sums[start] &* power
    }

    /// What the base is worth `count` places on.
    static func factor(_ count: Int) -> UInt64 { count < powers.count ? powers[count] : power(count) }

    private static func power(_ exponent: Int) -> UInt64 {
        var (result, square, rest): (UInt64, UInt64, Int) = (1, base, exponent)
        while rest > 0 {
            if rest & 1 == 1 { result = result &* square }
            square = square &* square
            rest >>= 1
        }
        return result
    }
}

extension RuleKind {
    /// The key of a window under this rule: 48 bits of its hash, salted so that rules do not share keys.
    @inline(__always)
    func key(_ hash: UInt64) -> UInt64 { mixed(hash ^ (UInt64(rawValue) &* 0xA24B_AED4_963E_E407)) >> 16 }

    /// The key of a whole short item, for ``shortAnchor``.
    func wholeKey(_ hash: UInt64) -> UInt64 { mixed(hash ^ 0x5851_F42D_4C95_7F2D) >> 16 }

    /// How many bits a key has.
    package static let keyBits = 48
}
