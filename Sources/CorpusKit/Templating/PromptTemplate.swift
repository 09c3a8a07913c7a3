/// A fault in a prompt: what is wrong and where.
public struct PromptProblem: Error, Sendable, Hashable, CustomStringConvertible {
    /// The template's path.
    public let path: String
    /// Line and column from 1; columns and length count characters.
    public let line: Int
    public let column: Int
    public let length: Int
    /// Stable kebab-case name: `undefined-variable`, `unknown-filter`, `syntax`, …
    public let code: String
    /// One sentence without a full stop.
    public let message: String
    /// What to try, if anything.
    public let hint: String?

    /// Creates a problem at a place.
    public init(
        path: String, line: Int, column: Int, length: Int = 1, code: String, message: String, hint: String? = nil
    ) {
        self.path = path
        self.line = line
        self.column = column
        self.length = length
        self.code = code
        self.message = message
        self.hint = hint
    }

    /// Place and message.
    public var description: String { "\(path):\(line):\(column): \(message)" }
}

/// STUB, to be replaced by the strict Jinja2 subset: plain `{{ name }}` only.
public struct PromptTemplate: Sendable {
    /// The path the template was read from.
    public let path: String
    /// The variables that rendering needs, sorted.
    public let variables: [String]
    private let text: String

    /// Parses a template.
    ///
    /// - Parameters:
    ///   - file: The template.
    ///   - variables: The only names that may be given when rendering; nil allows any.
    ///   - include: Finds included templates by name.
    /// - Throws: ``PromptProblem``, and what `include` throws.
    public init(
        file: PluginSetup.File, variables: Set<String>?, include: (String) throws -> PluginSetup.File
    ) throws {
        path = file.path
        text = String(decoding: file.bytes, as: UTF8.self)
        self.variables = (variables ?? []).sorted()
    }

    /// Fills the template; an undefined variable is an error, never an empty string.
    public func rendered(with values: [String: JSONValue]) throws(PromptProblem) -> String {
        var result = text
        for (name, value) in values { result = result.split(separator: "{{ \(name) }}", omittingEmptySubsequences: false).joined(separator: value.text ?? value.canonical) }
        return result
    }
}
