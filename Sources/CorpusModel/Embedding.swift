/// Texts that a model is to turn into vectors, complete and self-contained.
public struct EmbeddingRequest: Sendable, Hashable {
    /// Who is asked, as in ``ModelRequest/model``.
    public var model: String
    /// At least one text; none of them empty.
    public var texts: [String]
    /// How long the vectors are to be; nil leaves it to the model.
    public var dimensions: Int?

    /// Creates a request.
    public init(model: String, texts: [String], dimensions: Int? = nil) {
        self.model = model
        self.texts = texts
        self.dimensions = dimensions
    }

    /// The request as canonical JSON: what a ledger stores and what the digest covers.
    public var json: JSONValue {
        var json: [String: JSONValue] = [
            "model": .string(model), "embed": .array(texts.map(JSONValue.string)),
        ]
        json["dimensions"] = dimensions.map(JSONValue.int)
        return .object(json)
    }

    /// The key under which the vectors are bought once.
    public var key: ItemKey { Digest(of: json).key }
}

/// The vectors of some texts.
public struct EmbeddingReply: Sendable, Hashable {
    /// One vector for each text, in the order of the texts; all are of one length, and their numbers finite.
    public var vectors: [[Float]]
    /// What the endpoint charged for; nil when it did not say.
    public var usage: TokenUsage?
    /// Milliseconds from sending to the last byte.
    public var milliseconds: Int

    /// Creates a reply.
    public init(vectors: [[Float]], usage: TokenUsage? = nil, milliseconds: Int = 0) {
        self.vectors = vectors
        self.usage = usage
        self.milliseconds = milliseconds
    }
}
