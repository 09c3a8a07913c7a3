/// One turn of a conversation.
public struct Message: Sendable, Hashable {
    /// Who speaks.
    public enum Role: String, Sendable, Hashable, CaseIterable {
        case system, user, assistant, tool
    }

    /// Who speaks.
    public var role: Role
    /// What is said.
    ///
    /// Reasoning that the model gave apart from its answer is not part of it.
    public var content: String

    /// Creates a turn.
    public init(_ role: Role, _ content: String) {
        self.role = role
        self.content = content
    }
}

extension Message {
    /// The turn as the object that chat APIs and chat files use.
    public var json: JSONValue { ["role": .string(role.rawValue), "content": .string(content)] }

    /// Reads a turn from such an object, or nil when it has another shape.
    public init?(json: JSONValue) {
        guard let role = json["role"]?.text.flatMap(Role.init(rawValue:)), let content = json["content"]?.text
        else { return nil }
        self.init(role, content)
    }
}
