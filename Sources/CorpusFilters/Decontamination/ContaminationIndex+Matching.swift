extension ContaminationIndex {
    /// Words that agree with a unit under a rule.
    struct Match {
        let kind: RuleKind
        let unit: UInt32
        var words: Range<Int>
        var coverage: Double?
    }

    /// The first match of every rule, for coverage the one that covers most.
    ///
    /// - Parameters:
    ///   - list: The words of the texts.
    ///   - minWords: The fewest words of a short item.
    ///   - joinedTurns: Whether the list joins turns that were read before: lines need no second look.
    /// - Returns: One match a rule at most.
    func matches(in list: WordList, minWords: Int, joinedTurns: Bool) -> [Match] {
        guard list.count >= RuleKind.shortItem.lowerBound else { return [] }
        let windows = WindowHashes(list.words)
        var result: [Match] = []
        var starts: [Int]?
        if kinds.contains(.word8) {
            let (match, hits) = coverageMatch(.word8, list, windows)
            result += match.map { [$0] } ?? []
            // Wherever a longer window agrees, its first eight words do.
            if wordsNest { starts = hits }
        }
        for kind in [RuleKind.word10, .word13] where kinds.contains(kind) {
            result += windowMatch(kind, list, windows, at: starts).map { [$0] } ?? []
        }
        if kinds.contains(.shortAnchor) {
            result += shortMatch(list, windows, minWords: minWords).map { [$0] } ?? []
        }
        if !joinedTurns, kinds.contains(.testLine) { result += lineMatch(list, windows).map { [$0] } ?? [] }
        return result
    }

    /// Any window of `kind` whose words are no run of numbers, among all or those that start at `starts`.
    private func windowMatch(
        _ kind: RuleKind,
        _ list: WordList,
        _ windows: WindowHashes,
        at starts: [Int]?
    ) -> Match? {
        guard let window = kind.window, list.count >= window else { return nil }
        let last = list.count - window
        if let starts { return first(kind, list, windows, in: starts.prefix { $0 <= last }) }
        return first(kind, list, windows, in: 0...last)
    }

    private func first(
        _ kind: RuleKind,
        _ list: WordList,
        _ windows: WindowHashes,
        in starts: some Collection<Int>
    ) -> Match? {
        guard let window = kind.window else { return nil }
        let power = WindowHashes.factor(window)
        for start in starts {
            let range = matches(kind, kind.key(windows.hash(from: start, count: window, power: power)))
            guard !range.isEmpty, list.isWordy(start..<start + window) else { continue }
            let found = list.words[start..<start + window]
            let entry = range.first { entry in
                confirms(kind, entries[entry], found)
                    && isLongEnough(kind, entries[entry].unit, start, list, windows)
            }
            guard let entry else { continue }
            let unit = entries[entry].unit
            // Goes on as long as the unit does, to quote the whole stretch.
            var end = start + window
            while end < list.count, agrees(kind, unit, windows.hash(from: end + 1 - window, count: window)) {
                end += 1
            }
            return Match(kind: kind, unit: unit, words: start..<end)
        }
        return nil
    }

    private func agrees(_ kind: RuleKind, _ unit: UInt32, _ hash: UInt64) -> Bool {
        matches(kind, kind.key(hash)).contains { entries[$0].unit == unit }
    }

    /// A window of CJK characters alone counts only as part of a longer stretch of the same unit.
    private func isLongEnough(
        _ kind: RuleKind,
        _ unit: UInt32,
        _ start: Int,
        _ list: WordList,
        _ windows: WindowHashes
    ) -> Bool {
        guard let window = kind.window,
            list.words[start..<start + window].allSatisfy({ $0.flags.contains(.ideograph) })
        else { return true }
        let last = start + RuleKind.shortestIdeographRun - window
        guard last + window <= list.count else { return false }
        return agrees(kind, unit, windows.hash(from: last, count: window))
    }

    /// The unit that is covered most, and every word that a window of `kind` starts at.
    private func coverageMatch(
        _ kind: RuleKind,
        _ list: WordList,
        _ windows: WindowHashes
    ) -> (match: Match?, starts: [Int]) {
        guard let window = kind.window, list.count >= window else { return (nil, []) }
        var starts: [Int] = []
        let power = WindowHashes.factor(window)
        var coverage = Coverage(window: window)
        for start in 0...(list.count - window) {
            let range = matches(kind, kind.key(windows.hash(from: start, count: window, power: power)))
            guard !range.isEmpty else { continue }
            starts.append(start)
            let saysLittle =
                range.count > RuleKind.mostSharingItems || !list.isWordy(start..<start + window)
            for entry in range where confirms(kind, entries[entry], list.words[start..<start + window]) {
                let (unit, position) = (entries[entry].unit, entries[entry].position)
                coverage.note(unit: unit, position: position, at: start, saysLittle: saysLittle, in: self)
            }
        }
        var best: Match?
        for (unit, stretch) in coverage.stretches.sorted(by: { $0.key < $1.key }) {
            let share = coverage.share(of: unit, in: self)
            guard share > RuleKind.coverageThreshold, share > best?.coverage ?? 0 else { continue }
            best = Match(kind: kind, unit: unit, words: stretch, coverage: share)
        }
        return (best, starts)
    }

    private func shortMatch(_ list: WordList, _ windows: WindowHashes, minWords: Int) -> Match? {
        let kind = RuleKind.shortAnchor
        let anchor = RuleKind.shortItem.lowerBound
        let power = WindowHashes.factor(anchor)
        for start in 0...(list.count - anchor) {
            for entry in matches(kind, kind.key(windows.hash(from: start, count: anchor, power: power))) {
                let unit = entries[entry].unit
                let count = Int(entries[entry].position)
                guard count >= minWords, start + count <= list.count, !isExcused(kind, unit),
                    wholeKey(of: unit) == kind.wholeKey(windows.hash(from: start, count: count))
                else { continue }
                return Match(kind: kind, unit: unit, words: start..<start + count)
            }
        }
        return nil
    }

    private func lineMatch(_ list: WordList, _ windows: WindowHashes) -> Match? {
        let kind = RuleKind.testLine
        for line in list.lines where list.isTestLine(line) {
            let range = matches(kind, kind.key(windows.hash(from: line.lowerBound, count: line.count)))
            if let entry = range.first(where: { confirms(kind, entries[$0], list.words[line]) }) {
                return Match(kind: kind, unit: entries[entry].unit, words: line)
            }
        }
        return nil
    }
}
