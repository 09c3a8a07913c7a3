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
        path: String,
        line: Int,
        column: Int,
        length: Int = 1,
        code: String,
        message: String,
        hint: String? = nil
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

/// A fault that does not know its place yet: operators and filters raise it, the renderer adds where it was.
struct TemplateComplaint: Error, Sendable, Hashable {
    let code: String
    let message: String
    let hint: String?

    init(_ code: String, _ message: String, hint: String? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
    }

    /// A value of a kind that an operation cannot take.
    static func unfit(_ message: String, hint: String? = nil) -> TemplateComplaint {
        TemplateComplaint("unfit-value", message, hint: hint)
    }
}
