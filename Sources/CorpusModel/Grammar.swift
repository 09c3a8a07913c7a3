/// A form that no JSON schema can tell, for servers that let a model write nothing else.
public enum Grammar: Sendable, Hashable {
    /// Rules in GBNF, the notation of llama.cpp that other servers took over.
    case gbnf(String)
    /// A regular expression that the whole reply matches.
    case regex(String)
    /// One of some texts.
    case choice([String])

    /// The form as an object with one member.
    public var json: JSONValue {
        switch self {
        case .gbnf(let rules): ["gbnf": .string(rules)]
        case .regex(let pattern): ["regex": .string(pattern)]
        case .choice(let texts): ["choice": .array(texts.map(JSONValue.string))]
        }
    }

    /// Reads a form from its ``json``, or nil when it has another shape.
    public init?(json: JSONValue) {
        if let rules = json["gbnf"]?.text {
            self = .gbnf(rules)
        } else if let pattern = json["regex"]?.text {
            self = .regex(pattern)
        } else if let texts = json["choice"]?.elements {
            self = .choice(texts.compactMap(\.text))
        } else {
            return nil
        }
    }
}
