import CorpusKit

extension Content {
    /// The task: the field `instruction`, or what the user says first.
    ///
    /// - Throws: ``Skip`` (`missing-field`) when there is neither.
    func task() throws -> String {
        let text = fields["instruction"]?.text ?? messages.first { $0.role == .user }?.content
        guard let text, text.contains(where: { !$0.isWhitespace }) else {
            throw Skip("missing-field", "the draft has no `instruction`")
        }
        return text
    }
}
