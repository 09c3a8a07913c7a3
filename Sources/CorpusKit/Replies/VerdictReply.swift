/// Reads one-word verdicts: `EQUAL` or `DIFFERENT`, `YES` or `NO`.
public enum VerdictReply: Sendable {
    /// Reads the verdict that a reply starts with.
    ///
    /// Only the first word counts, whatever its case and whatever punctuation or emphasis stands around it. A search
    /// anywhere in the text would find `NO` in `not` and `know`.
    ///
    /// - Parameters:
    ///   - words: The verdicts; letters and `_` only.
    ///   - text: The reply.
    /// - Returns: The verdict in the spelling of `words`, or nil when the first word is none of them.
    public static func choice(of words: [String], in text: String) -> String? {
        guard let first = firstWord(of: text)?.lowercased() else { return nil }
        return words.first { $0.lowercased() == first }
    }

    /// The first run of letters, with `_` allowed inside, or nil when there are no letters.
    static func firstWord(of text: String) -> String? {
        guard let start = text.firstIndex(where: \.isLetter) else { return nil }
        let run = text[start...].prefix { $0.isLetter || $0 == "_" }
        return run.lastIndex(where: \.isLetter).map { String(run[...$0]) }
    }
}
