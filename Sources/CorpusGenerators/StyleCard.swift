import CorpusKit

/// How somebody words a request, with everything about what is requested left out.
struct StyleCard: Sendable, Hashable {
    enum Length: String, CaseIterable { case short, medium, long }
    enum Structure: String, CaseIterable {
        case prose, list
        case codeFirst = "code-first"
    }
    enum Mood: String, CaseIterable { case imperative, question, statement }

    var id: String
    var register: String
    var length: Length
    var completeness: String
    var structure: Structure
    var mood: Mood
    var typos: String
    var emotion: String
    /// The natural language, as a BCP 47 code.
    var language: String
    /// How people with this style talk; at least one.
    var phrases: [String]

    /// The traits that blending mixes.
    var traits: [String] {
        [
            register, length.rawValue, completeness, structure.rawValue, mood.rawValue, typos, emotion,
            language,
        ]
    }

    /// The fewest and most words that a sentence of this length may have.
    var words: ClosedRange<Int> {
        switch length {
        case .short: 3...20
        case .medium: 5...45
        case .long: 10...120
        }
    }

    /// The style in words, for a prompt; without the structure, which ``TaskLayout`` makes.
    var description: String {
        let mood =
            switch mood {
            case .imperative: "a command"
            case .question: "a question"
            case .statement: "a statement"
            }
        var parts = [register, length.rawValue, mood]
        if completeness == "partial" { parts.append("leaves something out") }
        switch typos {
        case "none": break
        case "few": parts.append("with a few typing mistakes")
        default: parts.append("with many typing mistakes")
        }
        if emotion != "neutral" { parts.append(emotion) }
        if language != "en" { parts.append("in the language `\(language)`") }
        return parts.joined(separator: ", ")
    }

    /// A card whose traits are taken from two others by coin flips; the phrases are one of each.
    static func blend(_ left: StyleCard, _ right: StyleCard, with random: inout RandomStream) -> StyleCard {
        func coin<Trait>(_ trait: KeyPath<StyleCard, Trait>) -> Trait {
            random.below(2) == 0 ? left[keyPath: trait] : right[keyPath: trait]
        }
        return StyleCard(
            id: "\(left.id)+\(right.id)",
            register: coin(\.register),
            length: coin(\.length),
            completeness: coin(\.completeness),
            structure: coin(\.structure),
            mood: coin(\.mood),
            typos: coin(\.typos),
            emotion: coin(\.emotion),
            language: coin(\.language),
            phrases: Array(left.phrases.prefix(1) + right.phrases.prefix(1))
        )
    }
}

extension StyleCard {
    /// Reads the cards of a JSON Lines file.
    ///
    /// - Throws: ``BadOption`` for `styles` that names the line and what is wrong there.
    static func cards(in file: PluginSetup.File) throws(BadOption) -> [StyleCard] {
        var cards: [StyleCard] = []
        for (index, line) in String(decoding: file.bytes, as: UTF8.self).textLines.enumerated() {
            guard line.contains(where: { !$0.isWhitespace }) else { continue }
            func bad(_ problem: String) -> BadOption {
                BadOption("styles", "cannot be used: `\(file.name)` line \(index + 1) \(problem)")
            }
            guard let row = try? JSONValue(parsing: String(line)), row.members != nil else {
                throw bad("is no JSON object")
            }
            guard let id = row["id"]?.text, !id.isEmpty else { throw bad("has no `id`") }
            guard !cards.contains(where: { $0.id == id }) else { throw bad("repeats the id `\(id)`") }
            guard let length = Length(rawValue: row["length"]?.text ?? "medium") else {
                throw bad("has a `length` that is not `short`, `medium` or `long`")
            }
            guard let mood = Mood(rawValue: row["mood"]?.text ?? "imperative") else {
                throw bad("has a `mood` that is not `imperative`, `question` or `statement`")
            }
            guard let structure = Structure(rawValue: row["structure"]?.text ?? "prose") else {
                throw bad("has a `structure` that is not `prose`, `list` or `code-first`")
            }
            let phrases =
                row["example_phrases"]?.elements?.compactMap(\.text).filter { !$0.trimmed.isEmpty } ?? []
            guard !phrases.isEmpty else { throw bad("has no `example_phrases`") }
            cards.append(
                StyleCard(
                    id: id,
                    register: row["register"]?.text ?? "neutral",
                    length: length,
                    completeness: row["completeness"]?.text ?? "full",
                    structure: structure,
                    mood: mood,
                    typos: row["typos"]?.text ?? "none",
                    emotion: row["emotion"]?.text ?? "neutral",
                    language: row["language"]?.text ?? "en",
                    phrases: phrases
                )
            )
        }
        guard !cards.isEmpty else { throw BadOption("styles", "cannot be used: `\(file.name)` has no style") }
        return cards
    }
}
