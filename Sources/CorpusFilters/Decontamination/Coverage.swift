/// How much of each unit's words was hit.
///
/// A unit counts only if a window of words that few items share was hit in it: half of a benchmark's prompts may open with
/// the same eight words, which say nothing of the task.
///
/// One bit a word of every unit: the memory is bounded by the benchmarks, however often a phrase that half of
/// their items share occurs in a text.
struct Coverage {
    private let window: Int
    private var hit: [UInt64] = []
    /// The first and last word of the text's first stretch of hits, by unit.
    private(set) var stretches: [UInt32: Range<Int>] = [:]
    private var distinctive: Set<UInt32> = []

    init(window: Int) { self.window = window }

    /// Notes that the window from `word` is the window from `position` of a unit.
    ///
    /// - Parameters:
    ///   - unit: The unit.
    ///   - position: The window's first word in the unit.
    ///   - word: The window's first word in the text.
    ///   - saysLittle: Whether many items hold the window, or it is a run of numbers.
    ///   - index: Where the unit's length stands.
    mutating func note(
        unit: UInt32,
        position: UInt16,
        at word: Int,
        saysLittle: Bool,
        in index: ContaminationIndex
    ) {
        if !saysLittle { distinctive.insert(unit) }
        if hit.isEmpty { hit = [UInt64](repeating: 0, count: (index.lengthSums.last ?? 0) / 64 + 1) }
        let start = index.lengthSums[Int(unit)] + Int(position)
        for bit in start..<start + window { hit[bit / 64] |= 1 << UInt64(bit % 64) }
        let here = word..<word + window
        guard let stretch = stretches[unit] else {
            stretches[unit] = here
            return
        }
        if stretch.upperBound + 1 == here.upperBound {
            stretches[unit] = stretch.lowerBound..<here.upperBound
        }
    }

    /// The share of a unit's words that lie in a window that was hit; 0 where the hits say too little.
    func share(of unit: UInt32, in index: ContaminationIndex) -> Double {
        let start = index.lengthSums[Int(unit)]
        let length = index.lengths[Int(unit)]
        guard length > 0, distinctive.contains(unit) else { return 0 }
        let count = (start..<start + length).count { hit[$0 / 64] >> UInt64($0 % 64) & 1 == 1 }
        return count < RuleKind.fewestWordsCovered ? 0 : Double(count) / Double(length)
    }
}
