/// The fingerprints of all benchmarks that a corpus is compared with, ready to be probed.
struct ContaminationIndex: Sendable {
    /// One field of one item.
    struct Unit: Sendable {
        let benchmark: Int
        let item: Int
        let field: Int
    }

    /// A key's origin: 16 bytes, so that the entries of large benchmarks stay small.
    struct Entry: Sendable {
        let slotKey: UInt64
        let unit: UInt32
        let position: UInt16
    }

    private(set) var benchmarks: [FingerprintPack.Benchmark] = []
    private(set) var entries: [Entry] = []
    /// The rules that any benchmark has keys for.
    private(set) var kinds: Set<RuleKind> = []
    /// Whether every benchmark with keys of longer word windows also has those of eight words.
    private(set) var wordsNest = true
    /// The first unit of each benchmark.
    private var firstUnits: [Int] = []
    private var wholes: [UInt32: UInt64] = [:]
    /// Units that a rule must not find.
    private var excused: [RuleKind: Set<UInt32>] = [:]
    /// For each unit the number of words that coverage is a share of, and the sum of those before it.
    private(set) var lengths: [Int] = []
    private(set) var lengthSums: [Int] = [0]
    /// The words of units whose text is at hand; hits in them are confirmed.
    private var words: [Int: [UInt64]] = [:]
    private var table = KeyTable(sorted: [])

    /// Creates an index of packs, in the order in which findings prefer them.
    ///
    /// - Parameters:
    ///   - packs: The packs, each with its words where they are at hand.
    ///   - isExcused: Whether a rule must not find an item of a benchmark.
    init(
        _ packs: [(pack: FingerprintPack, words: [[UInt64]]?)],
        excusing isExcused: (RuleKind, _ benchmark: String, _ item: String) -> Bool = { _, _, _ in false }
    ) {
        for (pack, words) in packs { add(pack, words: words) }
        for (first, benchmark) in zip(firstUnits, benchmarks) {
            for (number, item) in benchmark.items.enumerated() {
                let units =
                    first + number * benchmark.fields.count..<first + (number + 1) * benchmark.fields.count
                for kind in RuleKind.allCases where isExcused(kind, benchmark.name, item) {
                    excused[kind, default: []].formUnion(units.map(UInt32.init))
                }
            }
        }
        entries.sort { ($0.slotKey, $0.unit, $0.position) < ($1.slotKey, $1.unit, $1.position) }
        table = KeyTable(sorted: entries.map(\.slotKey))
        for length in lengths { lengthSums.append(lengthSums[lengthSums.count - 1] + length) }
    }

    private mutating func add(_ pack: FingerprintPack, words: [[UInt64]]?) {
        var bases: [Int] = []
        for benchmark in pack.benchmarks {
            benchmarks.append(benchmark)
            bases.append(lengths.count)
            firstUnits.append(lengths.count)
            lengths.append(contentsOf: [Int](repeating: 0, count: benchmark.unitCount))
        }
        for (unit, list) in (words ?? []).enumerated() { self.words[(bases.first ?? 0) + unit] = list }
        for benchmark in pack.benchmarks.indices {
            let own = Set(pack.sections.filter { $0.benchmark == benchmark }.map(\.kind))
            if !own.contains(.word8), !own.isDisjoint(with: [.word10, .word13]) { wordsNest = false }
        }
        for section in pack.sections {
            kinds.insert(section.kind)
            let base = bases[section.benchmark]
            for (unit, length) in section.lengths.enumerated() { lengths[base + unit] = Int(length) }
            for entry in section.entries {
                let unit = UInt32(base + entry.unit)
                entries.append(
                    Entry(
                        slotKey: Self.slotKey(section.kind, entry.key),
                        unit: unit,
                        position: entry.position
                    )
                )
                if section.kind == .shortAnchor { wholes[unit] = entry.whole }
            }
        }
    }

    @inline(__always)
    private static func slotKey(_ kind: RuleKind, _ key: UInt64) -> UInt64 {
        UInt64(kind.rawValue) << UInt64(RuleKind.keyBits) | key
    }

    /// The entries of a key; empty for nearly every key.
    @inline(__always)
    func matches(_ kind: RuleKind, _ key: UInt64) -> Range<Int> {
        let slotKey = Self.slotKey(kind, key)
        guard let first = table.firstEntry(of: slotKey) else { return 0..<0 }
        return run(from: first, of: slotKey)
    }

    private func run(from first: Int, of slotKey: UInt64) -> Range<Int> {
        var end = first
        while end < entries.count, entries[end].slotKey == slotKey { end += 1 }
        return first..<end
    }

    /// The key of a short unit as a whole.
    func wholeKey(of unit: UInt32) -> UInt64? { wholes[unit] }

    /// Whether a hit counts: the unit is not excused, and its own words, where they are at hand, stand where the key
    /// says they do.
    func confirms(_ kind: RuleKind, _ entry: Entry, _ found: ArraySlice<WordList.Word>) -> Bool {
        if isExcused(kind, entry.unit) { return false }
        guard let own = words[Int(entry.unit)] else { return true }
        return own.dropFirst(Int(entry.position)).starts(with: found.lazy.map(\.hash))
    }

    /// Whether a rule must not find a unit.
    func isExcused(_ kind: RuleKind, _ unit: UInt32) -> Bool { excused[kind]?.contains(unit) == true }

    /// Which field of which item of which benchmark a unit is.
    func origin(of unit: UInt32) -> Unit {
        let number = Int(unit)
        let benchmark = (firstUnits.lastIndex { $0 <= number }) ?? 0
        let fields = benchmarks[benchmark].fields.count
        let local = number - firstUnits[benchmark]
        return Unit(benchmark: benchmark, item: local / fields, field: local % fields)
    }
}
