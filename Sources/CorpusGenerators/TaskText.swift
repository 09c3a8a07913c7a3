import CorpusKit

/// A task as a person would send it: the instruction, then the signature and one example where there are any.
struct TaskText: Sendable {
    let instruction: String
    let signature: String?
    let example: String?
    private let language: String

    /// Reads the task of a seed.
    ///
    /// - Parameters:
    ///   - seed: The seed.
    ///   - language: What the signature is written in.
    /// - Throws: ``SeedProblem`` when there is no instruction.
    init(_ seed: Seed, in language: String) throws(SeedProblem) {
        self.language = language
        instruction = try seed.text("instruction").trimmed
        signature = seed.optionalText("signature")?.trimmed
        example = seed.optionalText("example")?.trimmed
    }

    /// The whole text.
    ///
    /// What the instruction says already is not said again.
    var text: String {
        let said = TextLikeness.whitespaceFree(instruction)
        func isNew(_ part: String) -> Bool { !said.contains(TextLikeness.whitespaceFree(part)) }
        var parts = [instruction]
        if let signature, isNew(signature) { parts.append(CodeBlock.fenced(signature, language: language)) }
        if let example, isNew(example) { parts.append("Example: \(example)") }
        return parts.joined(separator: "\n\n")
    }
}

extension Seed {
    /// The programming language, by its usual name: the label `language`, or else a default.
    func language(otherwise fallback: String) -> String {
        CodeLanguage.name(of: content.labels["language"]?.text ?? fallback)
    }
}

extension StringProtocol {
    /// The text without white space around it.
    var trimmed: String {
        guard let first = firstIndex(where: { !$0.isWhitespace }),
            let last = lastIndex(where: { !$0.isWhitespace })
        else { return "" }
        return String(self[first...last])
    }
}
