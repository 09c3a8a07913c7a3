import CorpusKit

/// The topic of a task in one spelling, whatever a model writes it like.
struct Topic: Hashable {
    /// Lower-case words with spaces between them: `regular expression`.
    let words: String
    /// The words with hyphens, as a label: `regular-expression`.
    var label: String { words.split(separator: " ").joined(separator: "-") }

    /// Reads one to four words, without punctuation and a plural at the end, or answers nil.
    init?(_ text: some StringProtocol) {
        let text = text.lowercased()
        // `c++`, `c#` and `.net` keep what tells them apart.
        var parts = text.split { !($0.isLetter || $0.isNumber || $0 == "+" || $0 == "#" || $0 == ".") }
            .map { part in String(part.last == "." ? part.dropLast() : part) }
            .filter { !$0.isEmpty }
        guard let last = parts.popLast(), parts.count < 4 else { return nil }
        words = (parts + [Self.singular(last)]).joined(separator: " ")
    }

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

/// The topics of a task as a model names them, the main one first.
struct Topics: Hashable {
    /// The most that are asked for.
    static let most = 6

    /// At least one, none twice.
    let topics: [Topic]
    /// Why, in the model's words, as far as it said so: by ``Topic/label``.
    let reasons: [String: String]

    /// Reads a reply, or answers nil when it names no topic.
    ///
    /// Takes the `topics` of a JSON object, or its `topic`, or else the first line that is not blank, at its commas and
    /// without `Topic:`.
    init?(_ reply: String) {
        var named: [(topic: Topic?, reason: String?)]
        if let object = JSONReply.object(in: reply) {
            let elements = object["topics"]?.elements ?? [object]
            named = elements.map { ($0.text ?? $0["topic"]?.text, $0["reason"]?.text) }
                .map { ($0.flatMap(Topic.init(_:)), $1) }
        } else {
            let line = reply.split(whereSeparator: \.isNewline).first {
                $0.contains { $0.isLetter || $0.isNumber }
            }
            var text = line ?? ""
            if let colon = text.firstIndex(of: ":"), text[..<colon].lowercased().contains("topic") {
                text = text[text.index(after: colon)...]
            }
            named = text.split(separator: ",").map { (Topic($0), nil) }
        }
        var topics: [Topic] = []
        var reasons: [String: String] = [:]
        for case (let topic?, let reason) in named.prefix(Self.most) where !topics.contains(topic) {
            topics.append(topic)
            reasons[topic.label] = reason
        }
        guard !topics.isEmpty else { return nil }
        self.topics = topics
        self.reasons = reasons
    }

    /// The shape of a reply, for endpoints that can enforce one.
    static func schema(most: Int) -> JSONValue {
        let topic: JSONValue = [
            "type": "object",
            "properties": [
                "topic": ["type": "string", "maxLength": 40], "reason": ["type": "string", "maxLength": 120],
            ],
            "required": ["topic", "reason"], "additionalProperties": false,
        ]
        return [
            "type": "object",
            "properties": [
                "topics": ["type": "array", "minItems": 1, "maxItems": .int(most), "items": topic]
            ],
            "required": ["topics"], "additionalProperties": false,
        ]
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
