import CorpusModel
import Foundation

/// The only way to the terminal: data to standard output, words for people to standard error.
enum Terminal {
    /// Writes one line of data.
    static func print(_ text: String) { write(text + "\n", to: STDOUT_FILENO) }

    /// Writes one JSON document, keys sorted.
    static func print(_ value: JSONValue) { write(value.pretty + "\n", to: STDOUT_FILENO) }

    /// Writes one line for people.
    static func tell(_ text: String) { write(text + "\n", to: STDERR_FILENO) }

    /// Writes to standard error without a line end; for the progress block.
    static func tellRaw(_ text: String) { write(text, to: STDERR_FILENO) }

    /// Whether people look at standard error directly.
    static var isInteractive: Bool { isatty(STDERR_FILENO) == 1 && environment("TERM") != "dumb" }

    static func environment(_ name: String) -> String? { ProcessInfo.processInfo.environment[name] }

    private static func write(_ text: String, to descriptor: Int32) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let written = unsafe bytes.withUnsafeBytes {
                unsafe Foundation.write(descriptor, $0.baseAddress, $0.count)
            }
            // Nobody reads any more: what was to be said is said to nobody, and the work goes on.
            guard written > 0 || errno == EINTR else { return }
            bytes = bytes.dropFirst(max(0, written))
        }
    }
}

/// When coloured words are used; every one of them also differs in text.
enum ColourChoice: String, Sendable, CaseIterable {
    case auto, always, never

    /// Whether to colour what goes to a descriptor.
    func isOn(_ descriptor: Int32) -> Bool {
        switch self {
        case .always: true
        case .never: false
        case .auto:
            Terminal.environment("NO_COLOR").map(\.isEmpty) ?? true && Terminal.environment("TERM") != "dumb"
                && isatty(descriptor) == 1
        }
    }
}

/// A word with a colour, where colour is wanted.
struct Paint: Sendable {
    let isOn: Bool

    func red(_ text: String) -> String { painted(text, "31") }
    func green(_ text: String) -> String { painted(text, "32") }
    func yellow(_ text: String) -> String { painted(text, "33") }
    func bold(_ text: String) -> String { painted(text, "1") }
    func dim(_ text: String) -> String { painted(text, "2") }

    private func painted(_ text: String, _ code: String) -> String {
        isOn ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text
    }
}
