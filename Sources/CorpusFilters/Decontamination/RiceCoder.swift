/// Sorted numbers as Rice codes of their differences: the quotient by 2^k in unary, the rest in k bits.
///
/// Differences of n keys spread evenly over 2^b are geometric, for which Rice codes take about half a bit more
/// than the least possible (Golomb 1966, Rice 1979). Bits fill bytes from the lowest.
enum RiceCoder {
    /// The parameter that suits `count` keys below `2^bits`: the logarithm of 0.69 times the mean difference.
    static func parameter(count: Int, bits: Int) -> Int {
        guard count > 0 else { return 0 }
        let median = UInt64(1) << UInt64(bits) / UInt64(count) &* 69 / 100
        return max(0, 63 - max(1, median).leadingZeroBitCount)
    }

    /// Encodes numbers that never fall.
    static func encode(_ sorted: [UInt64], parameter: Int) -> [UInt8] {
        var bits = BitWriter()
        var previous: UInt64 = 0
        for value in sorted {
            let delta = value - previous
            previous = value
            bits.write(ones: Int(delta >> UInt64(parameter)))
            bits.write(delta, count: parameter)
        }
        return bits.finish()
    }

    /// Decodes `count` numbers, or answers nil when the bytes do not hold them, or hold one of `2^bits` or more.
    static func decode(_ bytes: ArraySlice<UInt8>, count: Int, parameter: Int, bits: Int) -> [UInt64]? {
        // Each number takes at least its stop bit, so a claimed count cannot outgrow the bytes.
        guard count <= bytes.count * 8, parameter < bits else { return nil }
        var reader = BitReader(bytes: bytes)
        var result: [UInt64] = []
        result.reserveCapacity(count)
        var value: UInt64 = 0
        for _ in 0..<count {
            guard let quotient = reader.readOnes(), let rest = reader.read(parameter),
                UInt64(quotient) < 1 << UInt64(bits - parameter)
            else { return nil }
            value += UInt64(quotient) << UInt64(parameter) | rest
            guard value < 1 << UInt64(bits) else { return nil }
            result.append(value)
        }
        return reader.isSpent ? result : nil
    }
}

private struct BitWriter {
    private(set) var bytes: [UInt8] = []
    /// The bits that do not fill a byte yet, and how many they are.
    private var pending: UInt64 = 0
    private var count = 0

    /// The lowest `count` bits of a number, at most 48.
    mutating func write(_ value: UInt64, count added: Int) {
        pending |= (value & (1 << UInt64(added) - 1)) << UInt64(count)
        count += added
        while count >= 8 {
            bytes.append(UInt8(truncatingIfNeeded: pending))
            pending >>= 8
            count -= 8
        }
    }

    mutating func write(ones: Int) {
        for _ in 0..<ones { write(1, count: 1) }
        write(0, count: 1)
    }

    /// Fills the last byte with zeros.
    mutating func finish() -> [UInt8] {
        if count > 0 { write(0, count: 8 - count) }
        return bytes
    }
}

private struct BitReader {
    private var rest: ArraySlice<UInt8>
    /// The bits that were taken from bytes and not read yet, and how many they are.
    private var pending: UInt64 = 0
    private var count = 0

    init(bytes: ArraySlice<UInt8>) { rest = bytes }

    /// Whether nothing but the padding of the last byte is left, and that is zero.
    var isSpent: Bool { rest.isEmpty && count < 8 && pending == 0 }

    /// The next `wanted` bits, at most 48.
    mutating func read(_ wanted: Int) -> UInt64? {
        while count < wanted {
            guard let byte = rest.popFirst() else { return nil }
            pending |= UInt64(byte) << UInt64(count)
            count += 8
        }
        let value = pending & (1 << UInt64(wanted) - 1)
        pending >>= UInt64(wanted)
        count -= wanted
        return value
    }

    mutating func readOnes() -> Int? {
        var ones = 0
        while let bit = read(1) {
            if bit == 0 { return ones }
            ones += 1
        }
        return nil
    }
}
