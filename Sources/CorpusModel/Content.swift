/// What an item says: a conversation and named fields, and the labels that describe it.
///
/// One shape serves seeds, drafts and samples, so that whatever flows into a generator can be read as a seed.
/// ``messages`` and ``fields`` are the content proper and make the ``id``; ``labels`` are what later stages find
/// out about it (difficulty, topic) and never change the identity.
public struct Content: Sendable, Hashable {
    /// The conversation, oldest turn first; empty for a task that nobody has answered yet.
    public var messages: [Message]
    /// Named parts: `instruction`, `code`, `tests`, `entry_point`, … See `docs/concepts/fields.md`.
    public var fields: [String: JSONValue]
    /// Descriptions: `language`, `difficulty`, `topic`, `style` and the like.
    public var labels: [String: JSONValue]

    /// Creates content.
    public init(
        messages: [Message] = [],
        fields: [String: JSONValue] = [:],
        labels: [String: JSONValue] = [:]
    ) {
        self.messages = messages
        self.fields = fields
        self.labels = labels
    }

    /// `smp_` and the first 32 hexadecimal digits of SHA-256 over the canonical JSON of `{"fields": …,
    /// "messages": …}`.
    ///
    /// Equal content has equal ids, whoever wrote it.
    public var id: String { "smp_" + Digest(of: identity).key.description }

    /// Messages and fields: what the ``id`` is the digest of, in canonical form.
    package var identity: JSONValue {
        ["fields": .object(fields), "messages": .array(messages.map(\.json))]
    }

    /// Whether the conversation ends with an answer.
    ///
    /// Content without one is a *task*.
    public var isAnswered: Bool { messages.last?.role == .assistant }
}

extension Content {
    /// The content as one JSON object, labels included.
    public var json: JSONValue {
        ["messages": .array(messages.map(\.json)), "fields": .object(fields), "labels": .object(labels)]
    }

    /// Reads what ``json`` wrote, or nil when it has another shape.
    public init?(json: JSONValue) {
        guard let turns = json["messages"]?.elements, let fields = json["fields"]?.members,
            let labels = json["labels"]?.members
        else { return nil }
        let messages = turns.compactMap(Message.init(json:))
        guard messages.count == turns.count else { return nil }
        self.init(messages: messages, fields: fields, labels: labels)
    }

    /// Every text that reaches training or tells what the task is, with the name of its place: `messages[1]`,
    /// `code`, `tests`.
    ///
    /// Filters look at all of them.
    public var texts: [(place: String, text: String)] {
        var result: [(place: String, text: String)] = []
        for (index, message) in messages.enumerated() {
            result.append(("messages[\(index)]", message.content))
        }
        for name in fields.keys.sorted() {
            Self.collect(fields[name, default: .null], at: name, into: &result)
        }
        return result
    }

    private static func collect(
        _ value: JSONValue,
        at place: String,
        into result: inout [(place: String, text: String)]
    ) {
        switch value {
        case .string(let text): result.append((place, text))
        case .array(let elements):
            for (index, element) in elements.enumerated() {
                collect(element, at: "\(place)[\(index)]", into: &result)
            }
        case .object(let members):
            for key in members.keys.sorted() {
                collect(members[key, default: .null], at: "\(place).\(key)", into: &result)
            }
        case .null, .bool, .int, .largeInt, .double: break
        }
    }
}
