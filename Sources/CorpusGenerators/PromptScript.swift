import CorpusKit

/// A prompt that is a whole conversation, worked examples included, in one template.
///
/// A line that is exactly `<<<SYSTEM>>>`, `<<<USER>>>` or `<<<ASSISTANT>>>` opens a turn; other tags are text. Values
/// cannot open turns: such a line inside a value is moved one space to the right.
struct PromptScript: Sendable {
    /// The template as it is written, for ``PromptLeakDetector``.
    let source: String
    private let template: PromptTemplate

    /// Reads `Templates/Prompts/PLUGIN/NAME.jinja`.
    init(_ name: String, variables: Set<String>, setup: PluginSetup) throws {
        template = try setup.prompt(name, variables: variables)
        source = try String(
            decoding: setup.file("Templates/Prompts/\(setup.plugin)/\(name).jinja").bytes,
            as: UTF8.self
        )
        guard TaggedSections(parsing: source, names: Self.names).names.last == "USER" else {
            throw PromptProblem(
                path: template.path,
                line: 1,
                column: 1,
                code: "no-question",
                message: "the last turn of a prompt must be under `<<<USER>>>`",
                hint: "put `<<<USER>>>` on a line of its own before the question"
            )
        }
    }

    /// The conversation with its holes filled.
    func messages(_ values: [String: JSONValue]) throws(PromptProblem) -> [Message] {
        let text = try template.rendered(with: values.mapValues(Self.harmless))
        return TaggedSections(parsing: text, names: Self.names).sections.map { section in
            let role: Message.Role =
                switch section.name {
                case "SYSTEM": .system
                case "ASSISTANT": .assistant
                default: .user
                }
            return Message(role, section.text)
        }
    }

    private static let names: Set<String> = ["SYSTEM", "USER", "ASSISTANT"]

    private static func harmless(_ value: JSONValue) -> JSONValue {
        switch value {
        case .string(let text):
            guard names.contains(where: { text.contains("<<<\($0)>>>") }) else { return value }
            let lines = text.textLines.map { line in line.hasPrefix("<<<") ? " " + line : String(line) }
            return .string(lines.joined(separator: "\n"))
        case .array(let elements): return .array(elements.map(harmless))
        default: return value
        }
    }
}
