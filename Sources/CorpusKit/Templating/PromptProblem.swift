/// A fault in a prompt: what is wrong and where.
public struct PromptProblem: Error, Sendable, Hashable, CustomStringConvertible {
    /// The template's path.
    public let path: String
    /// The line, from 1.
    public let line: Int
    /// The column, in characters from 1.
    public let column: Int
    /// How many characters are at fault, at least 1.
    public let length: Int
    /// A stable kebab-case name, such as `undefined-variable`, `unknown-filter` or `syntax`.
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
