/// What was found of a benchmark in a text.
struct Finding: Sendable, Hashable {
    /// The benchmark's name.
    let benchmark: String
    /// The item's name.
    let item: String
    /// The item's field.
    let field: String
    /// The rule that found it.
    let rule: RuleKind
    /// Where the text starts that agrees: `messages[1]`, `code`.
    let place: String
    /// The text that agrees, as it stands in the sample; at most ``longestQuote`` characters.
    let match: String
    /// The share of the field's words that agree, for rules that count it.
    let coverage: Double?

    static let longestQuote = 200
}

extension ContaminationIndex {
    /// A text and where it stands.
    struct Passage {
        let place: String
        let text: String
        /// Texts of one voice are also read as one: an item may be spread over several turns.
        let voice: Voice?
    }

    /// Who speaks.
    enum Voice: CaseIterable { case user, assistant }

    /// What is found in some texts, the finding that says most first; one for each rule at most.
    func findings(in passages: [Passage], minWords: Int = 5) -> [Finding] {
        var list = WordList()
        list.reserve(passages.reduce(0) { $0 + $1.text.utf8.count } / 4)
        for (number, passage) in passages.enumerated() {
            list.begin(text: number)
            WordScanner.scan(passage.text.utf8.span, into: &list)
        }
        var found: [(match: Match, list: WordList)] = matches(
            in: list,
            minWords: minWords,
            joinedTurns: false
        ).map { ($0, list) }
        for voice in Voice.allCases {
            let turns = passages.indices.filter { passages[$0].voice == voice }
            guard turns.count > 1 else { continue }
            var joined = WordList()
            for turn in turns { joined.append(source: turn, of: list) }
            found += matches(in: joined, minWords: minWords, joinedTurns: true).map { ($0, joined) }
        }
        var findings: [Finding] = []
        for kind in RuleKind.bySeverity {
            // Later lists only count where the earlier ones found less.
            guard let best = found.first(where: { $0.match.kind == kind }) else { continue }
            findings.append(finding(best.match, in: best.list, passages))
        }
        return findings
    }

    private func finding(_ match: Match, in list: WordList, _ passages: [Passage]) -> Finding {
        let origin = origin(of: match.unit)
        let benchmark = benchmarks[origin.benchmark]
        let first = list.sources[list.source(ofWord: match.words.lowerBound)]
        return Finding(
            benchmark: benchmark.name,
            item: benchmark.items[origin.item],
            field: benchmark.fields[origin.field],
            rule: match.kind,
            place: passages[first.text].place,
            match: Self.quote(match.words, of: list, passages),
            coverage: match.coverage
        )
    }

    /// The sample's own text from the first to the last word; ` … ` stands between texts.
    private static func quote(_ words: Range<Int>, of list: WordList, _ passages: [Passage]) -> String {
        var parts: [Substring] = []
        var word = words.lowerBound
        while word < words.upperBound {
            let source = list.source(ofWord: word)
            let end = min(words.upperBound, list.words(ofSource: source).upperBound)
            let text = passages[list.sources[source].text].text
            let bytes = text.utf8
            let from = bytes.index(bytes.startIndex, offsetBy: Int(list.words[word].start))
            parts.append(text[from..<bytes.index(bytes.startIndex, offsetBy: list.words[end - 1].end)])
            word = end
        }
        return String(parts.joined(separator: " … ").prefix(Finding.longestQuote))
    }
}
