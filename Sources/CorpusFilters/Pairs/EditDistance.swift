/// The least number of inserted, deleted and replaced bytes that turn one text into another.
///
/// Bit-parallel, 64 rows at once (Myers: *A fast bit-vector algorithm for approximate string matching based on
/// dynamic programming*, 1999, in the block form of Hyyrö 2003). Time is the product of the lengths over 64.
enum EditDistance {
    /// Longer texts are compared by their first bytes only, so that one pair costs at most a few milliseconds.
    static let longest = 16_384

    static func between(_ left: String, _ right: String) -> Int {
        between(Array(left.utf8.prefix(longest)), Array(right.utf8.prefix(longest)))
    }

    static func between(_ pattern: [UInt8], _ text: [UInt8]) -> Int {
        guard !pattern.isEmpty else { return text.count }
        guard !text.isEmpty else { return pattern.count }
        let blocks = (pattern.count + 63) / 64
        // For every byte value the rows in which the pattern holds it.
        var rows = [UInt64](repeating: 0, count: 256 * blocks)
        for (row, byte) in pattern.enumerated() {
            rows[Int(byte) * blocks + row / 64] |= 1 << UInt64(row % 64)
        }
        var up = [UInt64](repeating: .max, count: blocks)
        var down = [UInt64](repeating: 0, count: blocks)
        let lastRow: UInt64 = 1 << UInt64((pattern.count - 1) % 64)
        var distance = pattern.count
        for byte in text {
            // The differences that enter a block from the one above; into the first, the column's own +1.
            var (upIn, downIn): (UInt64, UInt64) = (1, 0)
            for block in 0..<blocks {
                let equal = rows[Int(byte) * blocks + block]
                let carried = equal | downIn
                let diagonal = (((carried & up[block]) &+ up[block]) ^ up[block]) | carried | down[block]
                var upOut = down[block] | ~(diagonal | up[block])
                var downOut = up[block] & diagonal
                if block == blocks - 1 {
                    if upOut & lastRow != 0 { distance += 1 }
                    if downOut & lastRow != 0 { distance -= 1 }
                }
                let (nextUp, nextDown) = (upOut >> 63, downOut >> 63)
                upOut = upOut << 1 | upIn
                downOut = downOut << 1 | downIn
                up[block] = downOut | ~(diagonal | upOut)
                down[block] = upOut & diagonal
                (upIn, downIn) = (nextUp, nextDown)
            }
        }
        return distance
    }
}
