import CorpusKit

/// The sentence of an instruction that says what is wanted, and the text around it.
///
/// Only this sentence is put into other words; everything else stays as it was, so that no fact of a longer task is
/// lost on the way through a weak model.
struct TaskSentence: Sendable, Hashable {
    /// Everything before the sentence, white space included.
    let before: String
    /// The sentence.
    let text: String
    /// Everything after the sentence, white space included.
    let after: String

    /// Finds the first sentence that begins with a verb of asking; without one, the first sentence.
    init(in instruction: String) {
        let text = instruction.trimmed
        let sentences = Self.sentences(of: text)
        let chosen =
            sentences.first { Self.asks(text[$0]) } ?? sentences.first ?? text.startIndex..<text.endIndex
        before = String(text[..<chosen.lowerBound])
        self.text = String(text[chosen])
        after = String(text[chosen.upperBound...])
    }

    /// Where the sentences of a text without white space around it lie.
    static func sentences(of text: String) -> [Range<String.Index>] {
        var sentences: [Range<String.Index>] = []
        var start = text.startIndex
        while start < text.endIndex {
            let end = end(of: text, from: start)
            sentences.append(start..<end)
            start = text[end...].firstIndex { !$0.isWhitespace } ?? text.endIndex
        }
        return sentences
    }

    /// The instruction with another sentence in the place of this one.
    func replaced(by sentence: String) -> String { before + sentence + after }

    /// A sentence ends at a line's end, or at `.`, `!` or `?` (with closing quotes) before white space and a capital.
    private static func end(of text: String, from start: String.Index) -> String.Index {
        var index = start
        while index < text.endIndex {
            let character = text[index]
            if character.isNewline { return index }
            index = text.index(after: index)
            guard ".!?。！？".contains(character) else { continue }
            if "。！？".contains(character) { return index }
            let closed = text[index...].firstIndex { !"\"')`".contains($0) } ?? text.endIndex
            let next = text[closed...].firstIndex { !$0.isWhitespace } ?? text.endIndex
            if next == text.endIndex || (next > closed && (text[next].isUppercase || text[next].isNumber)) {
                return closed
            }
        }
        return text.endIndex
    }

    private static func asks(_ sentence: Substring) -> Bool {
        let first = sentence.prefix { $0.isLetter }.lowercased()
        return requests.contains(first)
    }

    private static let requests: Set<String> = [
        "add", "build", "calculate", "check", "compute", "convert", "count", "create", "define", "design",
        "determine",
        "develop", "extract", "fill", "find", "for", "format", "generate", "get", "give", "group",
        "implement", "join",
        "list", "make", "merge", "parse", "print", "provide", "put", "rank", "read", "remove", "replace",
        "return",
        "reverse", "run", "score", "solve", "sort", "split", "sum", "tell", "turn", "use", "write",
    ]
}
