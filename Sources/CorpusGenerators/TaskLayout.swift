import CorpusKit

/// Lays a task out as a style card's `structure` asks.
///
/// The words are the model's, the layout is ours: so it is always met, and no fact gets lost on the way. A task that has
/// nothing to lay out stays prose: one without a signature, or a single sentence alone.
struct TaskLayout: Sendable {
    private let facts: [String]
    private let signature: String?
    private let language: String

    /// Reads what a seed's task has besides its instruction.
    ///
    /// - Parameters:
    ///   - seed: The seed.
    ///   - language: What the signature is written in.
    init(_ seed: Seed, in language: String) {
        self.language = language
        signature = seed.optionalText("signature")?.trimmed
        let example = seed.optionalText("example")?.trimmed
        facts = [signature.map { "Signature: `\($0)`" }, example.map { "Example: \($0)" }]
            .compactMap { $0 }
            .filter { $0.textLines.count == 1 }
    }

    /// An instruction in a structure.
    func laidOut(_ instruction: String, as structure: StyleCard.Structure) -> String {
        switch structure {
        case .prose: return instruction
        case .list:
            let items = TaskSentence.sentences(of: instruction).map { String(instruction[$0]) } + facts
            // Several lines have a layout of their own, and what stands in code or tables must stay together.
            guard items.count > 1, instruction.textLines.count == 1 else { return instruction }
            return items.map { "- \($0)" }.joined(separator: "\n")
        case .codeFirst:
            guard let signature,
                !TextLikeness.whitespaceFree(instruction).contains(TextLikeness.whitespaceFree(signature))
            else { return instruction }
            return CodeBlock.fenced(signature, language: language) + "\n\n" + instruction
        }
    }
}
