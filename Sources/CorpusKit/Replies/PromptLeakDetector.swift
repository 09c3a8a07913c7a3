/// Tells replies that repeat the scaffold of the prompt they answer.
///
/// The list of markers builds itself from the templates: every section tag, every role token of a chat format, and
/// every run of words that the template says by itself. A fixed list of phrases that betray a prompt is added.
public struct PromptLeakDetector: Sendable {
    /// How many words in a row, taken from the template's own text, count as a leak.
    static let runLength = 6

    private let markers: [String]
    private let runs: Set<[Substring]>

    /// Builds the detector for what a set of templates may leak.
    ///
    /// - Parameters:
    ///   - templates: The templates' source text, holes and all.
    ///   - phrases: More phrases that must not appear, whatever their case.
    public init(templates: [String], phrases: [String] = []) {
        var markers = Self.fixed + phrases.map { $0.lowercased() }
        var runs: Set<[Substring]> = []
        for template in templates {
            let spoken = Self.withoutHoles(template)
            for section in TaggedSections(parsing: spoken).sections {
                markers.append("<<<" + section.name.lowercased())
            }
            for piece in spoken.split(separator: "\u{0}") {
                let words = Self.words(of: String(piece))
                guard words.count >= Self.runLength else { continue }
                for start in 0...(words.count - Self.runLength) {
                    runs.insert(Array(words[start..<(start + Self.runLength)]))
                }
            }
        }
        self.markers = markers
        self.runs = runs
    }

    /// Looks for what the templates leaked.
    ///
    /// - Parameters:
    ///   - text: What the model wrote.
    ///   - source: What the model was given to work on. Words and markers that stand there are no leak.
    /// - Returns: The first marker found in the text, or nil when it is clean.
    public func leak(in text: String, source: String = "") -> String? {
        let lowered = text.lowercased()
        let given = source.lowercased()
        if let marker = markers.first(where: { lowered.contains($0) && !given.contains($0) }) {
            return marker
        }
        if let tag = Self.strayTag(in: text), !source.contains(tag) { return String(tag) }
        guard !runs.isEmpty else { return nil }
        let allowed = Self.words(of: source)
        let words = Self.words(of: text)
        guard words.count >= Self.runLength else { return nil }
        let excused = Set(
            allowed.count < Self.runLength
                ? []
                : (0...(allowed.count - Self.runLength)).map { Array(allowed[$0..<($0 + Self.runLength)]) }
        )
        for start in 0...(words.count - Self.runLength) {
            let run = Array(words[start..<(start + Self.runLength)])
            if runs.contains(run), !excused.contains(run) { return run.joined(separator: " ") }
        }
        return nil
    }

    private static let fixed = [
        "given prompt", "rewritten prompt", "created prompt", "given test", "rewritten test", "as an ai",
        "as a language model", "<|im_start|>", "<|im_end|>", "<|endoftext|>", "<|eot_id|>", "[inst]",
        "[/inst]",
        "<start_of_turn>", "<end_of_turn>",
    ]

    /// A line that begins like a section tag, also when a weak model spelt it wrong (`<<<REWRITEN>>`).
    private static func strayTag(in text: String) -> Substring? {
        text.textLines.first { line in
            line.hasPrefix("<<<") && (line.dropFirst(3).first.map { $0.isASCII && $0.isUppercase } ?? false)
        }
    }

    private static func words(of text: String) -> [Substring] {
        text.lowercased().split { !$0.isLetter && !$0.isNumber && $0 != "_" }
    }

    /// The template with comments removed and every hole or block replaced by a zero byte.
    private static func withoutHoles(_ template: String) -> String {
        var result = ""
        var rest = template[...]
        while let open = rest.firstIndex(of: "{") {
            result += rest[..<open]
            let kind = rest[rest.index(after: open)...].first
            let close: String? =
                switch kind {
                case "{": "}}"
                case "%": "%}"
                case "#": "#}"
                default: nil
                }
            guard let close, let end = rest[open...].firstRange(of: close) else {
                result.append("{")
                rest = rest[rest.index(after: open)...]
                continue
            }
            if kind != "#" { result.append("\u{0}") }
            rest = rest[end.upperBound...]
        }
        return result + rest
    }
}
