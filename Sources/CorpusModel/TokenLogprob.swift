/// How likely one token of a reply was, and what else could have stood in its place.
public struct TokenLogprob: Sendable, Hashable {
    /// A token that the model might have chosen.
    public struct Alternative: Sendable, Hashable {
        /// The token as the endpoint prints it.
        public var text: String
        /// Its natural logarithm of the likelihood, at most 0.
        public var logprob: Double

        /// Creates an alternative.
        public init(_ text: String, _ logprob: Double) {
            self.text = text
            self.logprob = logprob
        }
    }

    /// The token as the endpoint prints it; a piece of a character may be unreadable.
    public var text: String
    /// The natural logarithm of its likelihood, at most 0.
    public var logprob: Double
    /// The likeliest tokens at this place, likeliest first; the chosen one may be among them.
    public var alternatives: [Alternative]

    /// Creates an entry.
    public init(_ text: String, _ logprob: Double, alternatives: [Alternative] = []) {
        self.text = text
        self.logprob = logprob
        self.alternatives = alternatives
    }
}

extension TokenLogprob {
    /// The entry in few bytes: `["He",-0.5,["He",-0.5,"She",-1.2]]`.
    public var json: JSONValue {
        [
            .string(text), .number(logprob),
            .array(alternatives.flatMap { [.string($0.text), .number($0.logprob)] }),
        ]
    }

    /// Reads an entry from such an array, or nil when it has another shape.
    public init?(json: JSONValue) {
        guard let parts = json.elements, parts.count == 3, let text = parts[0].text,
            let logprob = parts[1].real, let rest = parts[2].elements, rest.count.isMultiple(of: 2)
        else { return nil }
        var alternatives: [Alternative] = []
        for index in stride(from: 0, to: rest.count, by: 2) {
            guard let text = rest[index].text, let logprob = rest[index + 1].real else { return nil }
            alternatives.append(Alternative(text, logprob))
        }
        self.init(text, logprob, alternatives: alternatives)
    }
}
