import CorpusKit

/// What a sentence says, as far as its words tell: enough to see whether another sentence says the same.
///
/// Words are compared by their stems, common synonyms as one, and words that any request may have not at all. So
/// `Get me the sum of all numbers?` says what `Return the sum of the numbers.` does, and `Print the sum` does not.
/// English only.
struct Wording: Sendable, Hashable {
    /// Every number, as digits.
    let numbers: Set<String>
    /// What must stand word for word: quoted text, and capitalised words inside the sentence.
    let names: Set<String>
    /// The stems of all other words that matter.
    let words: Set<String>
    /// Quoted text, quotation marks included.
    let quotes: [String]

    /// Reads a sentence.
    ///
    /// - Parameters:
    ///   - sentence: The sentence.
    ///   - source: What it rewords; only what that one quotes is then read as a quotation.
    init(_ sentence: String, rewording source: Wording? = nil) {
        let quotes = source?.quotes ?? Self.quotes(in: sentence)
        var rest = sentence
        for quote in quotes { rest = rest.replacing(quote, with: " ") }
        var numbers: Set<String> = []
        var names = Set(quotes)
        var words: Set<String> = []
        var startsSentence = true
        for token in Self.tokens(of: rest) {
            defer { startsSentence = token.endsSentence }
            let lowered = token.text.lowercased()
            if let number = Self.number(lowered) {
                numbers.insert(number)
            } else if !Self.fillers.contains(lowered), !Self.requests.contains(Self.stem(lowered)) {
                words.insert(Self.stem(lowered))
                if !startsSentence, token.text.first?.isUppercase == true { names.insert(token.text) }
            }
        }
        self.quotes = quotes
        self.numbers = numbers
        self.names = names
        self.words = words
    }

    /// The share of this sentence's words that another one has too; 1 when it has none.
    func recall(in other: Wording, isLike: (String, String) -> Bool) -> Double {
        guard !words.isEmpty else { return 1 }
        let kept = words.count { word in other.words.contains { isLike(word, $0) } }
        return Double(kept) / Double(words.count)
    }

    /// How many words this sentence has that neither another one nor a style has.
    func additions(to other: Wording, style: Set<String>, isLike: (String, String) -> Bool) -> Int {
        let allowed = other.words.union(Self.courtesies).union(Self.requests)
            .union(style.subtracting(Self.constraints))
        return words.count { word in !allowed.contains { isLike($0, word) } }
    }

    /// The stems of a style's own phrases.
    static func stems(ofPhrases phrases: [String]) -> Set<String> {
        Set(phrases.flatMap { tokens(of: $0) }.map { stem($0.text.lowercased()) })
    }

    /// Whether one stem may be the other with a typing mistake in it.
    static func isMisspelling(_ left: String, _ right: String) -> Bool {
        let (shorter, longer) = (min(left.count, right.count), max(left.count, right.count))
        let isKnown = { (stem: String) in constraints.contains(stem) || synonyms[stem] != nil }
        // `larger` is no misspelt `largest`.
        guard shorter >= 5, left.first == right.first, !isKnown(left) || !isKnown(right),
            !constraints.contains(left), !constraints.contains(right)
        else { return false }
        return TextLikeness.distance(left, right) * Double(longer) < (shorter > 5 ? 2.5 : 1.5)
    }

    // MARK: - Tokens

    private struct Token {
        let text: String
        let endsSentence: Bool
    }

    private static func tokens(of text: String) -> [Token] {
        let plain = text.replacing("\u{2019}", with: "'").replacing(/(?i)n't\b/, with: " not")
            .replacing(/(?i)\bcannot\b/, with: "can not").replacing(/(?i)'(s|m|re|ve|ll|d)\b/, with: "")
            .replacing(/(?i)\bhow many\b|\bnumbers? of\b/, with: "count")
        return plain.matches(of: /\d+(?:\.\d+)?|[\p{L}\p{N}_]+/).map { match in
            let after = plain[match.range.upperBound...].first { !"\"')`*".contains($0) }
            return Token(text: String(match.output), endsSentence: after.map { ".!?:".contains($0) } ?? true)
        }
    }

    private static func quotes(in text: String) -> [String] {
        text.matches(of: /`[^`]+`|"[^"]+"|\u{201C}[^\u{201D}]+\u{201D}/).map { String($0.output) }
    }

    private static func number(_ word: String) -> String? {
        word.first?.isNumber == true ? word : numerals[word]
    }

    /// A word without the endings of plural, past and gerund, cut to seven letters; synonyms become one.
    static func stem(_ word: String) -> String {
        let stem = bareStem(word)
        return synonyms[stem] ?? stem
    }

    static func bareStem(_ word: String) -> String {
        var stem = word
        func ends(_ suffix: String, leaving least: Int) -> Bool {
            stem.hasSuffix(suffix) && stem.count >= suffix.count + least
        }
        if ends("ies", leaving: 3) || ends("ied", leaving: 3) {
            stem = stem.dropLast(3) + "y"
        } else if ends("ing", leaving: 3) {
            stem.removeLast(3)
        } else if ends("ed", leaving: 3) {
            stem.removeLast(2)
        } else if ["sses", "shes", "ches", "xes", "zes"].contains(where: { ends($0, leaving: 2) }) {
            stem.removeLast(2)
        } else if ends("s", leaving: 3), !["ss", "us", "is"].contains(where: stem.hasSuffix) {
            stem.removeLast()
        }
        if ends("e", leaving: 3) { stem.removeLast() }
        if stem.count > 3, stem.last == stem.dropLast().last { stem.removeLast() }
        return String(stem.prefix(7))
    }
}
