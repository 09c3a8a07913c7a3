import CorpusDiagnostics
import CorpusModel
import Foundation

/// The only way to the terminal: data to standard output, words for people to standard error.
///
/// Much of what is said was written by others: models, servers, seeds. Control characters in it are shown and never
/// sent, or they could move the cursor, forge lines or worse.
enum Terminal {
    /// Makes it harmless that nobody reads, or that there is nothing to write to; called once, at the start.
    ///
    /// Programs that are started later get every signal's default back.
    static func prepare() {
        // A reader that leaves, as `head` does, must not end the work.
        _ = signal(SIGPIPE, SIG_IGN)
        // A file that took the number of a closed stream would be written to.
        for stream in STDIN_FILENO...STDERR_FILENO where fcntl(stream, F_GETFD) < 0 {
            _ = unsafe open("/dev/null", O_RDWR)
        }
    }

    /// Writes one line of data.
    static func print(_ text: String) { write(text.shown + "\n", to: STDOUT_FILENO) }

    /// Writes one line of data that may hold colours; everything from elsewhere in it must be ``Swift/String/shown``.
    static func print(painted text: String) { write(text + "\n", to: STDOUT_FILENO) }

    /// Writes one JSON document, keys sorted.
    static func print(_ value: JSONValue) { write(value.forTerminal + "\n", to: STDOUT_FILENO) }

    /// Writes one JSON value on a line of its own, keys sorted.
    static func print(line value: JSONValue) {
        write(value.canonical.escapedForTerminal + "\n", to: STDOUT_FILENO)
    }

    /// Writes one line for people, perhaps after a label with a colour.
    static func tell(_ text: String, label: String = "") {
        write(label + text.shown + "\n", to: STDERR_FILENO)
    }

    /// Writes the faults of a recipe, their labels in the colours of the command that found them.
    static func tell(_ report: DiagnosticReport) {
        let paint = Paint(isOn: CommandExit.colour.isOn(STDERR_FILENO))
        let lines = report.rendered().shown.split(separator: "\n", omittingEmptySubsequences: false).map {
            line in
            guard let end = line.firstIndex(of: "]") else { return String(line) }
            let (label, rest) = (String(line[...end]), line[line.index(after: end)...])
            if label.hasPrefix("error[") { return paint.red(label) + rest }
            return (label.hasPrefix("warning[") ? paint.yellow(label) : label) + rest
        }
        write(lines.joined(separator: "\n") + "\n", to: STDERR_FILENO)
    }

    /// Writes to standard error without a line end; for the progress block.
    static func tellRaw(_ text: String) { write(text, to: STDERR_FILENO) }

    /// Whether people look at standard error directly, on a terminal that can clear a line.
    ///
    /// `NO_COLOR` says nothing about that: it concerns colours alone.
    static var isInteractive: Bool { isatty(STDERR_FILENO) == 1 && !isDumb(environment("TERM")) }

    /// Whether a terminal of such a `TERM` takes text and nothing else, or nobody says what it takes.
    static func isDumb(_ term: String?) -> Bool { ["dumb", ""].contains(term ?? "") }

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
            Terminal.environment("NO_COLOR").map(\.isEmpty) ?? true
                && !Terminal.isDumb(Terminal.environment("TERM"))
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

extension String {
    /// The text for a terminal: `�` in place of every control character but tab and line end.
    var shown: String {
        guard hidesControl else { return self }
        var scalars = UnicodeScalarView()
        for scalar in replacing("\r\n", with: "\n").unicodeScalars {
            scalars.append(scalar.isControl ? "\u{FFFD}" : scalar)
        }
        return String(scalars)
    }

    /// A quick look: false for nearly every text.
    fileprivate var hidesControl: Bool {
        utf8.contains { ($0 < 0x20 && $0 != 0x0A && $0 != 0x09) || $0 == 0x7F || $0 == 0xC2 || $0 == 0xE2 }
    }
}

extension JSONValue {
    /// The value on several lines; what JSON itself lets through of control characters is escaped as well.
    var forTerminal: String { pretty.escapedForTerminal }
}

extension String {
    /// JSON with what it lets through of control characters escaped as well.
    fileprivate var escapedForTerminal: String {
        guard hidesControl else { return self }
        var text = ""
        for scalar in unicodeScalars {
            if scalar.isControl {
                text += String(format: "\\u%04x", scalar.value)
            } else {
                text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}

extension Unicode.Scalar {
    /// Whether a terminal would obey it: control characters, and marks that reorder what is shown.
    fileprivate var isControl: Bool {
        switch value {
        case 0x09, 0x0A: false
        case 0x202A...0x202E, 0x2066...0x2069: true
        default: properties.generalCategory == .control
        }
    }
}
