/// A fault in a file the user wrote: what is wrong, where, and what to try.
///
/// Wording: the message is one sentence without a full stop, names the offending text in backticks and says
/// what was expected. The hint is an action. Meaning never depends on colour.
package struct Diagnostic: Error, Sendable, Hashable {
    /// A stretch of one line.
    ///
    /// Lines and columns count from 1; columns and `length` count characters.
    package struct Location: Sendable, Hashable {
        package let file: String
        package let line: Int
        package let column: Int
        package let length: Int

        package init(file: String, line: Int, column: Int, length: Int = 1) {
            precondition(line > 0 && column > 0 && length > 0, "\(line):\(column)+\(length) is no place")
            self.file = file
            self.line = line
            self.column = column
            self.length = length
        }
    }

    /// How much it matters.
    package enum Severity: String, Sendable, Hashable {
        /// Nothing runs until it is mended.
        case error
        /// It runs, but perhaps not as meant.
        case warning
    }

    /// Stable kebab-case name for scripts and documentation, for example `unknown-plugin`.
    package let code: String
    package let severity: Severity
    package let message: String
    /// Nil for a fault of the file as a whole.
    package let location: Location?
    package let hint: String?

    package init(
        _ code: String,
        _ message: String,
        at location: Location?,
        hint: String? = nil,
        severity: Severity = .error
    ) {
        self.code = code
        self.severity = severity
        self.message = message
        self.location = location
        self.hint = hint
    }

    /// The message, the offending line with a caret under the fault, and the hint.
    ///
    /// - Parameter source: The whole text of the file that ``Location`` points into, or nil when it cannot be had.
    /// - Returns: Several lines without a final newline.
    package func rendered(with source: String?) -> String {
        var text = "\(severity.rawValue)[\(code)]: \(message)"
        if let location {
            let gutter = String(repeating: " ", count: String(location.line).count)
            text += "\n\(gutter)--> \(location.file):\(location.line):\(location.column)"
            if let line = source.flatMap({ Self.line(location.line, of: $0) }) {
                let indent = String(line.prefix(location.column - 1).map { $0 == "\t" ? "\t" : " " })
                let room = max(1, line.count - location.column + 1)
                let caret = String(repeating: "^", count: min(location.length, room))
                let shown = Self.mayHoldKeys.contains(code) ? Self.masked(line) : line
                text += "\n\(gutter) |\n\(location.line) | \(shown)\n\(gutter) | \(indent)\(caret)"
            }
        }
        if let hint { text += "\nhint: \(hint)" }
        return text
    }

    /// Faults whose place in the file may hold a key, which must get into no terminal and no log.
    private static let mayHoldKeys: Set<String> = ["key-in-recipe", "bad-url"]

    /// A text with a dot for each character of words that look like keys: long, with a digit in them.
    package static func masked(_ text: String) -> String {
        var (result, word) = ("", "")
        func end() {
            let isKey = word.count >= 12 && word.contains(where: \.isNumber) || word.hasPrefix("sk-")
            result += isKey ? String(repeating: "•", count: word.count) : word
            word = ""
        }
        for character in text {
            if character.isLetter || character.isNumber || character == "-" || character == "_" {
                word.append(character)
            } else {
                end()
                result.append(character)
            }
        }
        end()
        return result
    }

    private static func line(_ number: Int, of source: String) -> String? {
        // A carriage return and a line feed are one character.
        let lines = source.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
        return lines.indices.contains(number - 1) ? String(lines[number - 1]) : nil
    }
}
