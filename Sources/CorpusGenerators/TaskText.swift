import CorpusKit

/// A task as a person would send it: the instruction, then the signature and one example where there are any.
struct TaskText: Sendable {
    let instruction: String
    let signature: String?
    let example: String?

    init(_ seed: Seed) throws(SeedProblem) {
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
        var lines = [instruction]
        if let signature, isNew(signature) { lines.append(signature) }
        if let example, isNew(example) { lines.append("Example: \(example)") }
        return lines.joined(separator: "\n")
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
