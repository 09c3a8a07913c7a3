/// What a generator produced from an input; not yet believed.
public struct Draft: Sendable, Hashable {
    /// What it says.
    public var content: Content
    /// Names the variant among the drafts of one input, for people: `plain`, `round 2`.
    public var note: String?

    /// Creates a draft.
    public init(_ content: Content, note: String? = nil) {
        self.content = content
        self.note = note
    }

    /// Creates a draft that carries on from a seed: its fields and labels, with some set anew.
    ///
    /// - Parameters:
    ///   - seed: The input.
    ///   - messages: The conversation; the seed's own is not carried on.
    ///   - fields: Fields to set; a null removes the seed's field.
    ///   - labels: Labels to set; a null removes the seed's label.
    ///   - note: A name of this variant, for people.
    public init(
        from seed: Seed,
        messages: [Message] = [],
        fields: [String: JSONValue] = [:],
        labels: [String: JSONValue] = [:],
        note: String? = nil
    ) {
        var content = Content(messages: messages, fields: seed.content.fields, labels: seed.content.labels)
        for (name, value) in fields { content.fields[name] = value }
        for (name, value) in labels { content.labels[name] = value }
        // Not `content.fields[name] = nil`: a nil literal can be read as JSON's null, which is a value.
        for (name, value) in fields where value == .null { content.fields.removeValue(forKey: name) }
        for (name, value) in labels where value == .null { content.labels.removeValue(forKey: name) }
        self.init(content, note: note)
    }
}
