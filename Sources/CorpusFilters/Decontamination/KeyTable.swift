/// Finds the entries of a key: a filter of bits that answers most questions, then open addressing.
///
/// Two bits in one 64-bit word a key: one memory access rules out all but a few in a hundred probes. The filter of
/// 256 KiB fits the second-level cache.
struct KeyTable {
    private let filter: [UInt64]
    private let filterMask: UInt64
    private let slots: [UInt64]
    private let ranges: [UInt32]
    private let slotMask: Int

    /// Creates a table.
    ///
    /// - Parameter keys: One for each entry, salted by rule, sorted; entries of one key stand together.
    init(sorted keys: [UInt64]) {
        let filterWords = keys.count > 150_000 ? 1 << 16 : 1 << 15
        var filter = [UInt64](repeating: 0, count: filterWords)
        var size = 16
        while size < keys.count * 2 { size *= 2 }
        // 0 marks a free slot; keys are stored with the top bit set.
        var slots = [UInt64](repeating: 0, count: size)
        var ranges = [UInt32](repeating: 0, count: size)
        for (index, key) in keys.enumerated() where index == 0 || keys[index - 1] != key {
            filter[Int(Self.filterWord(key, UInt64(filterWords - 1)))] |= Self.filterBits(key)
            var slot = Int(truncatingIfNeeded: key) & (size - 1)
            while slots[slot] != 0 { slot = (slot + 1) & (size - 1) }
            slots[slot] = key | Self.taken
            ranges[slot] = UInt32(index)
        }
        self.filter = filter
        filterMask = UInt64(filterWords - 1)
        self.slots = slots
        self.ranges = ranges
        slotMask = size - 1
    }

    /// The index of the first entry of a key.
    @inline(__always)
    func firstEntry(of key: UInt64) -> Int? {
        let bits = Self.filterBits(key)
        guard filter[Int(Self.filterWord(key, filterMask))] & bits == bits else { return nil }
        return probe(key)
    }

    private func probe(_ key: UInt64) -> Int? {
        var slot = Int(truncatingIfNeeded: key) & slotMask
        while slots[slot] != 0 {
            if slots[slot] == key | Self.taken { return Int(ranges[slot]) }
            slot = (slot + 1) & slotMask
        }
        return nil
    }

    private static let taken: UInt64 = 1 << 63

    // Keys are 48 bits: 16 choose the word, 12 others its bits.
    private static func filterWord(_ key: UInt64, _ mask: UInt64) -> UInt64 { (key >> 32) & mask }
    private static func filterBits(_ key: UInt64) -> UInt64 {
        1 << ((key >> 20) & 63) | 1 << ((key >> 26) & 63)
    }
}
