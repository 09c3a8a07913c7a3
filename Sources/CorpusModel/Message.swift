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
    /// What the model asks for, in a turn of its own.
    public var toolCalls: [ToolCall]
    /// Which of these calls a turn of a tool answers.
    public var toolCallID: String?

    /// Creates a turn.
    public init(_ role: Role, _ content: String, toolCalls: [ToolCall] = [], toolCallID: String? = nil) {
        self.role = role
        self.content = content
        self.toolCalls = toolCalls
        self.toolCallID = toolCallID
    }
}

extension Message {
    /// The turn as the object that chat APIs and chat files use.
    public var json: JSONValue {
        var json: [String: JSONValue] = ["role": .string(role.rawValue), "content": .string(content)]
        if !toolCalls.isEmpty { json["tool_calls"] = .array(toolCalls.map(\.json)) }
        json["tool_call_id"] = toolCallID.map(JSONValue.string)
        return .object(json)
    }

    /// Reads a turn from such an object, or nil when it has another shape.
    ///
    /// A turn that asks for tools may have no content.
    public init?(json: JSONValue) {
        guard let role = json["role"]?.text.flatMap(Role.init(rawValue:)) else { return nil }
        var toolCalls: [ToolCall] = []
        for entry in json["tool_calls"]?.elements ?? [] {
            guard let call = ToolCall(json: entry) else { return nil }
            toolCalls.append(call)
        }
        let content = json["content"] ?? .null
        guard let text = content.text ?? (content == .null && !toolCalls.isEmpty ? "" : nil) else {
            return nil
        }
        self.init(role, text, toolCalls: toolCalls, toolCallID: json["tool_call_id"]?.text)
    }
}
