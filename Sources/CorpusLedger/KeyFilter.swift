import CorpusModel

/// Remembers which keys may be on the ledger, in some bytes for each: what it has never heard of need not be looked up.
///
/// Bloom filters of doubling sizes. Keys are digests, so that their own bits serve as hashes. Of keys that were never
/// inserted about one in a hundred is taken for known; none that was is ever missed.
struct KeyFilter: Sendable {
    private struct Layer: Sendable {
        private var words: [UInt64]
        private(set) var room: Int

        /// Twelve bits and six hashes a key.
        init(keys: Int) {
            words = Array(repeating: 0, count: max(1, keys * 12 / 64))
            room = keys
        }

        private func places(_ key: ItemKey) -> some Sequence<(word: Int, bit: UInt64)> {
            let (high, low) = key.words
            return (0..<6).lazy.map { [count = UInt64(words.count * 64)] number in
                let place = (high &+ UInt64(number) &* (low | 1)).multipliedFullWidth(by: count).high
                return (Int(place >> 6), 1 << (place & 63))
            }
        }

        func mayContain(_ key: ItemKey) -> Bool { places(key).allSatisfy { words[$0.word] & $0.bit != 0 } }

        mutating func insert(_ key: ItemKey) {
            for (word, bit) in places(key) { words[word] |= bit }
            room -= 1
        }
    }

    private var layers: [Layer]
    private var capacity: Int

    /// Creates a filter with room for some keys at first.
    init(keys: Int = 1 << 16) {
        capacity = keys
        layers = [Layer(keys: keys)]
    }

    /// Whether a key may have been inserted.
    func mayContain(_ key: ItemKey) -> Bool { layers.contains { $0.mayContain(key) } }

    /// Takes note of a key.
    mutating func insert(_ key: ItemKey) {
        if layers[layers.count - 1].room == 0 {
            capacity *= 2
            layers.append(Layer(keys: capacity))
        }
        layers[layers.count - 1].insert(key)
    }
}
