/// A function that a model may ask for.
public struct ToolDefinition: Sendable, Hashable {
    /// Letters, digits, `_` and `-`; names within one request differ.
    public var name: String
    /// What it does and when to use it, for the model.
    public var description: String?
    /// A JSON schema of the object that holds the arguments.
    public var parameters: JSONValue

    /// Creates a definition.
    public init(name: String, description: String? = nil, parameters: JSONValue) {
        self.name = name
        self.description = description
        self.parameters = parameters
    }

    /// The definition as the object that chat APIs and chat files use.
    public var json: JSONValue {
        var function: [String: JSONValue] = ["name": .string(name), "parameters": parameters]
        function["description"] = description.map(JSONValue.string)
        return ["type": "function", "function": .object(function)]
    }
}

/// Whether a model has to ask for a function.
public enum ToolChoice: Sendable, Hashable {
    /// The model decides.
    case auto
    /// It must answer without.
    case none
    /// It must ask for one or more.
    case required
    /// It must ask for the one of this name.
    case tool(String)

    /// The choice as chat APIs write it.
    public var json: JSONValue {
        switch self {
        case .auto: "auto"
        case .none: "none"
        case .required: "required"
        case .tool(let name): ["type": "function", "function": ["name": .string(name)]]
        }
    }
}

/// A function that a model asks for.
public struct ToolCall: Sendable, Hashable {
    /// What the result refers to; unique within a conversation.
    public var id: String
    /// The function's name.
    public var name: String
    /// The arguments as the model wrote them: a JSON object, unless the model erred.
    public var arguments: String

    /// Creates a call.
    public init(id: String, name: String, arguments: String) {
        self.id = id
        self.name = name
        self.arguments = arguments
    }

    /// The call as the object that chat APIs and chat files use.
    public var json: JSONValue {
        [
            "id": .string(id), "type": "function",
            "function": ["name": .string(name), "arguments": .string(arguments)],
        ]
    }

    /// Reads a call from such an object, or nil when it has another shape.
    ///
    /// Arguments that stand there as an object, as some servers and files have them, become canonical text. A call
    /// without an id gets an empty one.
    public init?(json: JSONValue) {
        guard let function = json["function"], let name = function["name"]?.text else { return nil }
        let arguments: String
        switch function["arguments"] {
        case .string(let text): arguments = text
        case .object(let members): arguments = JSONValue.object(members).canonical
        case nil, .null: arguments = "{}"
        default: return nil
        }
        self.init(id: json["id"]?.text ?? "", name: name, arguments: arguments)
    }
}
