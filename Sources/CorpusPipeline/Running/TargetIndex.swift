import CorpusKit

/// What the choice of the target's samples remembers of those that have come, and how far the sources are read.
///
/// Sources are read in waves, each as long as the waves before it make seem needed. A wave begins when everything of
/// those before it has arrived, so that neither its length nor the choice depends on what was faster. Chosen are, in
/// each cell, those whose seeds were read first; of one seed's those with the smallest keys.
struct TargetIndex: SelectionIndex {
    private struct Entry {
        /// The place of the seed among the rows of all sources.
        let row: Int
        let key: ItemKey
        /// Under the number of cells there are: belongs to none.
        let cell: Int
    }

    private struct Choice {
        let cell: Int
        let isChosen: Bool
    }

    static let firstWave = 32
    static let shortestWave = 16
    /// The sources are read at most this many times as far as before.
    static let longestStep = 4
    /// How much more is read than seems needed: another wave takes time, and what it gives too much was paid for.
    static let allowance = 1.1

    private let target: PlannedTarget
    private var entries: [Entry] = []
    /// How many samples of each cell have come.
    private(set) var found: [Int]
    /// How many rows of the sources may be read.
    private(set) var limit: Int
    private var choices: [ItemKey: Choice] = [:]

    init(_ target: PlannedTarget) {
        self.target = target
        found = Array(repeating: 0, count: target.cells.count)
        limit = max(Self.firstWave, (target.accepted + 7) / 8)
    }

    /// Whether every cell has its samples.
    var isFull: Bool { zip(target.cells, found).allSatisfy { $1 >= $0.quota } }

    /// The cells that have theirs.
    var full: Set<Int> { Set(found.indices.filter { found[$0] >= target.cells[$0].quota }) }

    mutating func observe(_ item: FlowItem) {
        let cell = target.cell(of: item.content.labels) ?? target.cells.count
        entries.append(Entry(row: item.row, key: item.key, cell: cell))
        if cell < found.count { found[cell] += 1 }
    }

    mutating func observe(_ sample: Sample) {
        preconditionFailure("a target needs to know where a sample's seed stood")
    }

    /// Lets more rows be read, after a wave whose samples are all here.
    mutating func extend() {
        let most = limit * Self.longestStep - limit
        let wanted = zip(target.cells, found).map { cell, found -> Int in
            guard found < cell.quota else { return 0 }
            // Nothing came yet: nobody knows how much more it takes.
            guard found > 0 else { return limit }
            let rows = Double(cell.quota - found) * Double(limit) / Double(found) * Self.allowance
            return rows < Double(most) ? Int(rows.rounded(.up)) : most
        }
        limit += min(max(wanted.max() ?? 0, Self.shortestWave), most)
    }

    mutating func seal() {
        entries.sort { ($0.row, $0.key) < ($1.row, $1.key) }
        var left = target.cells.map(\.quota)
        for entry in entries where entry.cell < left.count {
            let isChosen = left[entry.cell] > 0
            if isChosen { left[entry.cell] -= 1 }
            choices[entry.key] = Choice(cell: entry.cell, isChosen: isChosen)
        }
        entries = []
    }

    func selection(for key: ItemKey) -> Selection {
        guard let choice = choices[key] else { return .drop("outside-strata") }
        let detail: [String: JSONValue] = ["cell": .string(target.cells[choice.cell].name)]
        return choice.isChosen
            ? .keep(detail: detail, labels: [:]) : .drop("beyond-target", detail: detail, rival: nil)
    }
}
