import CorpusKit

/// What `corpusmith fingerprint build` is asked to make a pack of.
package struct FingerprintRequest: Sendable, Hashable {
    /// The benchmark's name, which findings carry.
    package var name: String
    /// Where the file comes from, for the pack's table.
    package var source: String
    /// The licence of the benchmark's text.
    package var licence: String
    /// The fields to read.
    ///
    /// A field whose name holds `test` is compared line by line, all others word by word.
    package var fields: [String]
    /// The field that names an item; nil names items by their line.
    package var id: String?
    /// Stand-in names in tests, each with the field that holds the true name: `candidate` to `entry_point`.
    package var aliases: [String: String]

    /// Creates a request.
    package init(
        name: String,
        source: String,
        licence: String,
        fields: [String],
        id: String? = nil,
        aliases: [String: String] = [:]
    ) {
        self.name = name
        self.source = source
        self.licence = licence
        self.fields = fields
        self.id = id
        self.aliases = aliases
    }
}

/// A benchmark that cannot be turned into fingerprints.
package struct FingerprintProblem: Error, Sendable, Hashable, CustomStringConvertible {
    /// One sentence without a full stop.
    package let description: String
    /// What to try, if anything.
    package let hint: String?

    init(_ description: String, hint: String? = nil) {
        self.description = description
        self.hint = hint
    }
}

/// Turns benchmark text into a ``FingerprintPack``.
package enum FingerprintBuilder: Sendable {
    /// The pack of a JSON Lines file: what `corpusmith fingerprint build` writes, after ``FingerprintPack/bytes()``.
    ///
    /// - Parameters:
    ///   - jsonl: The file's bytes; blank lines are passed over.
    ///   - request: The name, papers and fields.
    /// - Returns: The pack; equal input gives an equal pack.
    /// - Throws: ``FingerprintProblem`` that names the first line that cannot be read or lacks a field.
    package static func pack(
        ofJSONLines jsonl: [UInt8],
        for request: FingerprintRequest
    ) throws(FingerprintProblem) -> FingerprintPack {
        guard !request.fields.isEmpty, request.fields.count <= 255 else {
            throw FingerprintProblem("a pack needs between 1 and 255 fields, not \(request.fields.count)")
        }
        var text = BenchmarkText(name: request.name)
        for (index, line) in jsonl.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated()
        where !line.allSatisfy({ $0 <= 0x20 }) {
            let row: JSONValue
            do { row = try JSONValue(parsing: line) } catch {
                throw FingerprintProblem("line \(index + 1) is not JSON: \(error)")
            }
            try text.add(row: row, mappedBy: request, line: index + 1)
        }
        guard !text.items.isEmpty else { throw FingerprintProblem("the file holds no items") }
        return pack(
            of: text,
            source: request.source,
            licence: request.licence,
            digest: Digest(of: jsonl).bytes
        ).pack
    }

    /// The pack of a benchmark's text, and the words of every unit, so that hits can be confirmed.
    static func pack(
        of text: BenchmarkText,
        source: String,
        licence: String,
        digest: [UInt8]
    ) -> (pack: FingerprintPack, words: [[UInt64]]) {
        var keys = KeyCollector(fieldCount: text.fields.count)
        var words: [[UInt64]] = []
        for (itemIndex, item) in text.items.enumerated() {
            for (fieldIndex, field) in text.fields.enumerated() {
                var list = WordList()
                list.begin(text: 0)
                WordScanner.scan((item.texts[field] ?? "").utf8.span, into: &list)
                let unit = itemIndex * text.fields.count + fieldIndex
                switch BenchmarkText.FieldRole(field: field) {
                case .tests: keys.addTestLines(list, unit: unit)
                case .words: keys.addWindows(list, unit: unit)
                }
                words.append(list.words.map(\.hash))
            }
        }
        let benchmark = FingerprintPack.Benchmark(
            name: text.name,
            source: source,
            licence: licence,
            sourceDigest: digest,
            fields: text.fields,
            items: text.items.map(\.name),
            tooShort: keys.tooShort
        )
        return (FingerprintPack(benchmarks: [benchmark], sections: keys.sections()), words)
    }
}

/// Gathers the keys of one benchmark, rule by rule.
private struct KeyCollector {
    let fieldCount: Int
    private var entries: [RuleKind: [FingerprintPack.Entry]] = [:]
    private var lengths: [UInt16] = []
    private(set) var tooShort = 0
    private static let statements = Set(RuleKind.statements.map { WordHash.hash(of: $0.utf8) })

    init(fieldCount: Int) { self.fieldCount = fieldCount }

    mutating func addWindows(_ list: WordList, unit: Int) {
        // Positions are stored in 16 bits: what lies beyond them is not indexed.
        let count = min(list.count, Int(UInt16.max))
        lengths.append(UInt16(count))
        guard count >= RuleKind.shortItem.lowerBound else {
            if count > 0 { tooShort += 1 }
            return
        }
        let windows = WindowHashes(list.words)
        for kind in [RuleKind.word8, .word10, .word13] {
            guard let window = kind.window, count >= window else { continue }
            for start in 0...(count - window) {
                if !kind.isCoverage, !list.isWordy(start..<start + window) { continue }
                add(kind, kind.key(windows.hash(from: start, count: window)), unit: unit, position: start)
            }
        }
        if RuleKind.shortItem.contains(count), list.isWordy(0..<count) {
            let kind = RuleKind.shortAnchor
            let anchor = kind.key(windows.hash(from: 0, count: RuleKind.shortItem.lowerBound))
            let whole = kind.wholeKey(windows.hash(from: 0, count: count))
            add(kind, anchor, unit: unit, position: count, whole: whole)
        }
    }

    mutating func addTestLines(_ list: WordList, unit: Int) {
        lengths.append(0)
        let windows = WindowHashes(list.words)
        for line in list.lines {
            guard !Self.statements.contains(list.words[line.lowerBound].hash) else { continue }
            guard list.isTestLine(line) else {
                tooShort += 1
                continue
            }
            let key = RuleKind.testLine.key(windows.hash(from: line.lowerBound, count: line.count))
            add(.testLine, key, unit: unit, position: min(line.lowerBound, Int(UInt16.max)))
        }
    }

    private mutating func add(_ kind: RuleKind, _ key: UInt64, unit: Int, position: Int, whole: UInt64 = 0) {
        entries[kind, default: []].append(
            FingerprintPack.Entry(key: key, unit: unit, position: UInt16(position), whole: whole)
        )
    }

    func sections() -> [FingerprintPack.Section] {
        RuleKind.allCases.compactMap { kind in
            guard let found = entries[kind] else { return nil }
            let kept = kind.isCoverage ? found : withoutBoilerplate(found, of: kind)
            guard !kept.isEmpty else { return nil }
            return FingerprintPack.Section(
                kind: kind,
                benchmark: 0,
                entries: kept.sorted(by: FingerprintPack.Entry.precedes),
                lengths: kind.isCoverage ? lengths : []
            )
        }
    }

    /// Keeps one entry a unit and key, and none of a key that too many items share.
    private func withoutBoilerplate(
        _ entries: [FingerprintPack.Entry],
        of kind: RuleKind
    ) -> [FingerprintPack.Entry] {
        let groups = Dictionary(grouping: entries) { kind == .shortAnchor ? $0.whole : $0.key }
        return groups.values.flatMap { group -> [FingerprintPack.Entry] in
            guard Set(group.map { $0.unit / fieldCount }).count <= RuleKind.mostSharingItems else {
                return []
            }
            var seen: Set<Int> = []
            return group.filter { seen.insert($0.unit).inserted }
        }
    }
}
