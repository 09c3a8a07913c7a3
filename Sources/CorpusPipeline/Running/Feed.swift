import CorpusKit

/// Pulls rows out of the sources, one source after the other.
struct Feed {
    private var open: [(node: Int, iterator: any AsyncIteratorProtocol<SourceRow, any Error>)] = []
    private var seen = Repetitions()
    /// How many rows were given.
    private(set) var count = 0
    /// Whose rows are given, if not all are.
    private let shard: Shard?

    init(plan: Plan, shard: Shard? = nil) throws {
        self.shard = shard
        for index in plan.sources.reversed() {
            guard case .source(let source) = plan.nodes[index].kind else { continue }
            open.append((index, Self.iterator(of: try source.rows())))
        }
    }

    var isExhausted: Bool { open.isEmpty }

    /// The next row as work, or nil at the end of a source and for a row of another shard.
    mutating func next() async throws -> Work? {
        guard let last = open.popLast() else { return nil }
        let node = last.node
        var iterator = last.iterator
        guard let row = try await iterator.next(isolation: nil) else {
            // Rows of two sources are never taken for each other.
            seen = Repetitions()
            return nil
        }
        open.append((node, iterator))
        defer { count += 1 }
        switch row {
        case .seed(let seed):
            var name = SeedName(of: seed, row: count)
            // The same row twice is two seeds: the second is told apart by how often it came before.
            name.occurrence = seen.count(ItemKey(deriving: name.identity))
            guard shard?.takes(name.identity + [String(name.occurrence)]) ?? true else { return nil }
            return .row(node: node, row, name: name)
        case .unreadable(let other), .refused(let other):
            guard shard?.takes([other.origin.description]) ?? true else { return nil }
            return .row(node: node, row, name: nil)
        }
    }

    private static func iterator(
        of rows: some AsyncSequence<SourceRow, any Error>
    ) -> any AsyncIteratorProtocol<SourceRow, any Error> {
        rows.makeAsyncIterator()
    }
}

/// What tells one seed of a source from another: its content, labels and licence, but not the line it stands on.
struct SeedName: Sendable {
    let contentID: String
    private let labels: String
    private let licence: String
    /// How often the same row came before.
    var occurrence = 0
    /// Its place among the rows of all sources, from 0.
    let row: Int

    init(of seed: Seed, row: Int) {
        self.row = row
        contentID = seed.content.id
        labels = seed.content.labels.isEmpty ? "{}" : JSONValue.object(seed.content.labels).canonical
        licence = seed.licence ?? ""
    }

    var identity: [String] { [contentID, labels, licence] }
}

/// Counts how often each key came before, in 11 to 22 bytes a key, and some more for each that comes again.
///
/// A table of 64 bits of each key, probed one place after the other. Of a million keys two agree in those bits about
/// once in forty million tables; the later one is then numbered as if it came again, which gives it another number and
/// still one of its own.
struct Repetitions {
    private var table: [UInt64]
    private var used = 0
    private var again: [UInt64: Int] = [:]

    init() { table = Array(repeating: 0, count: 1 << 10) }

    /// How often a key came before; it has come once more now.
    mutating func count(_ key: ItemKey) -> Int {
        // 0 marks a free place.
        let mark = max(1, key.words.high)
        guard insert(mark) else {
            let times = again[mark, default: 0] + 1
            again[mark] = times
            return times
        }
        if used * 4 > table.count * 3 { grow() }
        return 0
    }

    private mutating func insert(_ mark: UInt64) -> Bool {
        var place = Int(truncatingIfNeeded: mark) & (table.count - 1)
        while table[place] != 0 {
            if table[place] == mark { return false }
            place = (place + 1) & (table.count - 1)
        }
        table[place] = mark
        used += 1
        return true
    }

    private mutating func grow() {
        let marks = table
        table = Array(repeating: 0, count: marks.count * 2)
        used = 0
        for mark in marks where mark != 0 { _ = insert(mark) }
    }
}
