import CorpusKit

/// Tasks of known difficulty, by topic, beside which others are judged.
struct TopicAnchors: Sendable {
    /// The three tasks of one topic.
    struct Row: Sendable, Hashable {
        let topic: String
        /// What its tasks' topics are called: singular words in lower case.
        let words: Set<String>
        /// Of level 2.
        let easy: String
        /// Of level 5.
        let medium: String
        /// Of level 8.
        let hard: String
    }

    private let rows: [Row]

    /// Reads the rows of a JSON Lines file.
    ///
    /// - Throws: ``BadOption`` for `anchors` that names the line and what is wrong there.
    init(_ file: PluginSetup.File) throws(BadOption) {
        var rows: [Row] = []
        for (index, line) in String(decoding: file.bytes, as: UTF8.self).textLines.enumerated() {
            guard line.contains(where: { !$0.isWhitespace }) else { continue }
            guard let json = try? JSONValue(parsing: String(line)), let topic = json["topic"]?.text,
                let words = json["words"]?.elements?.compactMap(\.text), !words.isEmpty,
                let easy = json["easy"]?.text, let medium = json["medium"]?.text,
                let hard = json["hard"]?.text
            else {
                throw BadOption(
                    "anchors",
                    "cannot be used: `\(file.name)` line \(index + 1) needs `topic`, `words`, `easy`, `medium` and `hard`"
                )
            }
            rows.append(Row(topic: topic, words: Set(words), easy: easy, medium: medium, hard: hard))
        }
        self.rows = rows
    }

    /// The row of the first topic that has one, by the most words in common; nil when none has.
    func row(for topics: [Topic]) -> Row? {
        for topic in topics {
            let words = Set(topic.words.split(separator: " ").map(String.init))
            var best: (row: Row, count: Int)?
            for row in rows {
                let count = row.words.intersection(words).count
                if count > best?.count ?? 0 { best = (row, count) }
            }
            if let best { return best.row }
        }
        return nil
    }
}
