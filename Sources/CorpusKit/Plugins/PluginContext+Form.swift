extension PluginContext {
    /// Asks for a reply of a certain form, such as a JSON object or tagged sections, and once more when it has another.
    ///
    /// Where the endpoint can, `settings.schema` makes it write nothing else. The second question shows the model what it
    /// said and the rule that it broke. There is never a third: declare two calls for each use of this in
    /// ``Generator/worstCaseCalls``.
    ///
    /// - Parameters:
    ///   - messages: The conversation, oldest turn first; it should state the rule as well.
    ///   - role: One of the manifest's roles; nil for the only one.
    ///   - settings: What differs from the role's settings.
    ///   - rule: The form in words that follow `Once more:`, such as `reply with one JSON object and nothing else`.
    ///   - read: Reads a text, or answers nil when it has another form. Not asked about replies that were cut off.
    /// - Returns: What was read, or nil when both replies had another form.
    /// - Throws: As ``reply(to:role:settings:)``.
    public func reply<Form>(
        to messages: [Message],
        role: String? = nil,
        settings: CallSettings = CallSettings(),
        rule: String,
        read: (String) -> Form?
    ) async throws -> Form? {
        let first = try await reply(to: messages, role: role, settings: settings)
        if first.finish != .length, let form = read(first.text) { return form }
        let again = [
            Message(.assistant, first.text), Message(.user, "That reply cannot be read. Once more: \(rule)."),
        ]
        let second = try await reply(to: messages + again, role: role, settings: settings)
        return second.finish == .length ? nil : read(second.text)
    }
}
