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
        return bits.bytes
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
    private var free = 0

    mutating func write(_ value: UInt64, count: Int) {
        for bit in 0..<count { write(bit: value >> UInt64(bit) & 1 == 1) }
    }

    mutating func write(ones count: Int) {
        for _ in 0..<count { write(bit: true) }
        write(bit: false)
    }

    private mutating func write(bit: Bool) {
        if free == 0 {
            bytes.append(0)
            free = 8
        }
        if bit { bytes[bytes.count - 1] |= 1 << UInt8(8 - free) }
        free -= 1
    }
}

private struct BitReader {
    let bytes: ArraySlice<UInt8>
    private var position = 0

    init(bytes: ArraySlice<UInt8>) { self.bytes = bytes }

    /// Whether nothing but the padding of the last byte is left, and that is zero.
    var isSpent: Bool {
        guard (position + 7) / 8 == bytes.count else { return false }
        var rest = self
        while let bit = rest.readBit() {
            if bit { return false }
        }
        return true
    }

    mutating func readBit() -> Bool? {
        guard position < bytes.count * 8 else { return nil }
        defer { position += 1 }
        return bytes[bytes.startIndex + position / 8] >> UInt8(position % 8) & 1 == 1
    }

    mutating func read(_ count: Int) -> UInt64? {
        var value: UInt64 = 0
        for bit in 0..<count {
            guard let one = readBit() else { return nil }
            if one { value |= 1 << UInt64(bit) }
        }
        return value
    }

    mutating func readOnes() -> Int? {
        var count = 0
        while let one = readBit() {
            if !one { return count }
            count += 1
        }
        return nil
    }
}
