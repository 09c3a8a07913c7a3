/// One word of a template.
struct TemplateToken: Sendable, Hashable {
    enum Kind: Sendable, Hashable {
        /// Text outside all tags, white space already trimmed.
        case data(String)
        case printBegin
        case printEnd
        case blockBegin
        case blockEnd
        case name(String)
        case string(String)
        case int(Int)
        case double(Double)
        case mark(Mark)
        /// After the last word of the template.
        case end
    }

    /// Operators and punctuation, longest first where one begins another.
    enum Mark: String, Sendable, Hashable, CaseIterable {
        case floorDivide = "//"
        case power = "**"
        case equal = "=="
        case notEqual = "!="
        case greaterOrEqual = ">="
        case lessOrEqual = "<="
        case plus = "+"
        case minus = "-"
        case divide = "/"
        case multiply = "*"
        case modulo = "%"
        case tilde = "~"
        case bracketOpen = "["
        case bracketClose = "]"
        case parenthesisOpen = "("
        case parenthesisClose = ")"
        case braceOpen = "{"
        case braceClose = "}"
        case greater = ">"
        case less = "<"
        case assign = "="
        case dot = "."
        case colon = ":"
        case pipe = "|"
        case comma = ","
        case semicolon = ";"
    }

    var kind: Kind
    var span: TemplateSpan

    /// How a message names the word.
    var label: String {
        switch kind {
        case .data: "text"
        case .printBegin: "`{{`"
        case .printEnd: "`}}`"
        case .blockBegin: "`{%`"
        case .blockEnd: "`%}`"
        case .name(let name): "`\(name)`"
        case .string: "a string"
        case .int, .double: "a number"
        case .mark(let mark): "`\(mark.rawValue)`"
        case .end: "the end of the template"
        }
    }
}
