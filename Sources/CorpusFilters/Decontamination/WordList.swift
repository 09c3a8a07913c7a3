/// The words of one or several texts as the rules see them: one hash a word, and where it stands.
struct WordList {
    /// One word in 16 bytes.
    struct Word {
        /// What it says, in lower case.
        let hash: UInt64
        /// The text's byte that it starts with.
        let start: UInt32
        private let lengthAndFlags: UInt32

        init(hash: UInt64, start: Int, end: Int, flags: Flags) {
            self.hash = hash
            self.start = UInt32(clamping: start)
            lengthAndFlags =
                UInt32(truncatingIfNeeded: min(end &- start, 1 << 28)) << 3 | UInt32(flags.rawValue)
        }

        /// The byte after its last one.
        var end: Int { Int(start) + Int(lengthAndFlags >> 3) }
        /// What else is known of it.
        var flags: Flags { Flags(rawValue: UInt8(lengthAndFlags & 7)) }
    }

    /// What else is known of a word.
    struct Flags: OptionSet {
        let rawValue: UInt8
        /// It starts with a letter.
        static let letter = Flags(rawValue: 1)
        /// It is the first of its line.
        static let lineStart = Flags(rawValue: 2)
        /// It is a single CJK character.
        static let ideograph = Flags(rawValue: 4)
    }

    /// A text whose words stand in the list.
    struct Source {
        /// The text's number among the texts that were scanned.
        let text: Int
        /// The list's index of its first word.
        let firstWord: Int
    }

    private(set) var words: [Word] = []
    private(set) var sources: [Source] = []

    /// How many words there are.
    var count: Int { words.count }

    mutating func reserve(_ count: Int) { words.reserveCapacity(count) }

    /// Begins a text; the words appended from here on are its words.
    mutating func begin(text: Int) { sources.append(Source(text: text, firstWord: count)) }

    mutating func append(_ word: Word) { words.append(word) }

    /// Adds the words of one text of another list.
    mutating func append(source index: Int, of other: WordList) {
        begin(text: other.sources[index].text)
        words.append(contentsOf: other.words[other.words(ofSource: index)])
    }

    /// The words of the text that was begun as number `index`.
    func words(ofSource index: Int) -> Range<Int> {
        let end = index + 1 < sources.count ? sources[index + 1].firstWord : count
        return sources[index].firstWord..<end
    }

    /// Which of ``sources`` a word belongs to.
    func source(ofWord word: Int) -> Int {
        var low = 0
        var high = sources.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if sources[middle].firstWord <= word { low = middle } else { high = middle }
        }
        return low
    }

    /// The lines of all texts, as ranges of words.
    var lines: [Range<Int>] {
        var result: [Range<Int>] = []
        var start = 0
        for (index, word) in words.enumerated() where word.flags.contains(.lineStart) {
            if index > start { result.append(start..<index) }
            start = index
        }
        if start < count { result.append(start..<count) }
        return result
    }

    /// Whether at least half of some words start with a letter.
    ///
    /// Windows of numbers agree by chance.
    func isWordy(_ range: Range<Int>) -> Bool { 2 * letters(in: range) >= range.count }

    /// Whether a line has enough words, and enough that are no numbers, to tell one test from another.
    func isTestLine(_ range: Range<Int>) -> Bool {
        range.count >= RuleKind.shortestTestLine && letters(in: range) >= RuleKind.fewestLettersOfTestLine
    }

    private func letters(in range: Range<Int>) -> Int { range.count { words[$0].flags.contains(.letter) } }
}
