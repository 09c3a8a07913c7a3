import CorpusKit

/// The topic of a task in one spelling, whatever a model writes it like.
struct Topic: Hashable {
    /// Lower-case words with spaces between them: `regular expression`.
    let words: String
    /// The words with hyphens, as a label: `regular-expression`.
    var label: String { words.split(separator: " ").joined(separator: "-") }

    /// Reads a reply of one to four words, or answers nil.
    ///
    /// Takes the `topic` of a JSON object, or else the first line that is not blank, without `Topic:`, punctuation
    /// and a plural at the end.
    init?(_ reply: String) {
        let line = (JSONReply.object(in: reply)?["topic"]?.text ?? reply).split(
            whereSeparator: \.isNewline
        ).first {
            $0.contains { $0.isLetter || $0.isNumber }
        }
        guard let line else { return nil }
        var text = line.lowercased()[...]
        if let colon = text.firstIndex(of: ":"), text[..<colon].contains("topic") {
            text = text[text.index(after: colon)...]
        }
        // `c++`, `c#` and `.net` keep what tells them apart.
        var parts = text.split { !($0.isLetter || $0.isNumber || $0 == "+" || $0 == "#" || $0 == ".") }
            .map { part in String(part.last == "." ? part.dropLast() : part) }
            .filter { !$0.isEmpty }
        guard let last = parts.popLast(), parts.count < 4 else { return nil }
        words = (parts + [Self.singular(last)]).joined(separator: " ")
    }

    /// The shape of a reply, for endpoints that can enforce one.
    static let schema: JSONValue = [
        "type": "object", "properties": ["topic": ["type": "string", "maxLength": 40]], "required": ["topic"],
        "additionalProperties": false,
    ]

    private static func singular(_ word: String) -> String {
        if word.count < 4 || ["ss", "us", "is", "os"].contains(where: word.hasSuffix) { return word }
        if word.hasSuffix("ies") { return word.dropLast(3) + "y" }
        if word.hasSuffix("sses") || word.hasSuffix("xes") || word.hasSuffix("ches") || word.hasSuffix("shes")
        {
            return String(word.dropLast(2))
        }
        return word.hasSuffix("s") ? String(word.dropLast()) : word
    }
}

/// How difficult a model finds a task.
struct Score: Hashable {
    /// From 1 to 10.
    let value: Int
    /// The model's reason.
    let reason: String

    /// Reads the JSON object in a reply, or answers nil when it has another shape.
    init?(_ reply: String) {
        guard let object = JSONReply.object(in: reply), let value = object["score"]?.whole,
            (1...10).contains(value)
        else { return nil }
        self.value = value
        reason = object["reason"]?.text ?? ""
    }

    /// The shape of a reply, for endpoints that can enforce one.
    static let schema: JSONValue = [
        "type": "object",
        "properties": [
            "score": ["type": "integer", "minimum": 1, "maximum": 10],
            "reason": ["type": "string", "maxLength": 160],
        ],
        "required": ["score", "reason"], "additionalProperties": false,
    ]
}
