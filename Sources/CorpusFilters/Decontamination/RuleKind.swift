/// One way of comparing a text with a benchmark; a pack has one section for each way and benchmark.
package enum RuleKind: UInt8, CaseIterable, Sendable, Hashable {
    case word8 = 1
    case word10 = 2
    case word13 = 3
    case shortAnchor = 4
    case testLine = 5

    /// What a hit means.
    package enum Tier: String, Sendable, Hashable {
        /// The sample is dropped.
        case contaminated
        /// The sample is dropped only where a recipe asks for `strict`.
        case suspect
    }

    /// The rule's name in packs, reports and evidence.
    package var name: String {
        switch self {
        case .word8: "word-8"
        case .word10: "word-10"
        case .word13: "word-13"
        case .shortAnchor: "short-anchor"
        case .testLine: "test-line"
        }
    }

    /// What a hit means.
    package var tier: Tier {
        switch self {
        case .word8, .word13, .shortAnchor, .testLine: .contaminated
        case .word10: .suspect
        }
    }

    /// How many words one key covers; nil where that differs from key to key.
    package var window: Int? {
        switch self {
        case .word8: 8
        case .word10: 10
        case .word13: 13
        case .shortAnchor: 5
        case .testLine: nil
        }
    }

    /// Whether hits count together, as the share of an item's words that they cover.
    package var isCoverage: Bool { self == .word8 }

    /// The most items of a benchmark that may share a key before it counts as boilerplate and is left out.
    static let mostSharingItems = 3
    /// The share of a field's words above which ``word8`` hits count.
    static let coverageThreshold = 0.5
    /// The fewest words that ``word8`` hits must cover: one window alone is often a mere opening.
    static let fewestWordsCovered = 10
    /// The words of a short item: at least an anchor, and too few for a 10-gram.
    static let shortItem = 5...9
    /// The fewest words of a test line.
    static let shortestTestLine = 5
    /// The fewest words of a test line that start with a letter.
    static let fewestLettersOfTestLine = 2
    /// Statements that no test line starts with: loops and the like stand in any program.
    static let statements = [
        "class", "def", "elif", "for", "from", "if", "import", "return", "while", "with",
    ]
    /// How many CJK characters in a row must agree before a window made of nothing else counts: a character
    /// carries about half of what a word does.
    static let shortestIdeographRun = 20

    /// From the rule whose hit says most to the one whose hit says least.
    static let bySeverity: [RuleKind] = [.word13, .testLine, .shortAnchor, .word8, .word10]
}
