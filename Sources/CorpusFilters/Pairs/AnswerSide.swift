import CorpusKit

/// One answer to a task as a possible side of a pair.
struct AnswerSide {
    let key: ItemKey
    /// The models that the stage which answered may have asked.
    let models: [String]
    /// The history it answers.
    let prompt: [Message]
    let answer: Message
    /// The program in the answer, without blank lines, comments on lines of their own and spaces at line ends.
    let code: String
    /// What the tests said: `ok`, `wrong_answer`, `timeout`, and so on.
    let verdict: String
    /// The share of the tests that passed, in 0...1; nil when the tests did not say.
    let passFraction: Double?

    /// The benchmarks and rules that its sample is suspect of.
    let suspectOf: [String]

    /// Reads a sample, or answers nil when it is no answer, holds no code or was not tested as it is.
    init?(_ sample: Sample) {
        guard let answer = sample.content.messages.last, answer.role == .assistant,
            let tests = sample.evidence.last(where: { $0.check == "tests" && $0.subject == sample.id }),
            let verdict = tests.detail["verdict"]?.text
        else { return nil }
        let block = CodeBlock.all(in: answer.content).last(where: \.isTerminated)
        let language = sample.content.labels["language"]?.text.map(CodeLanguage.name(of:))
        let code = CodeForm.lines(
            of: sample.content.fields["code"]?.text ?? block?.code ?? "",
            language: language ?? block?.language ?? "python"
        )
        .joined(separator: "\n")
        guard !code.isEmpty else { return nil }
        key = sample.key
        models = sample.provenance.last?.models ?? []
        prompt = sample.content.messages.dropLast()
        self.answer = answer
        self.code = code
        self.verdict = tests.outcome == .pass ? "ok" : verdict
        passFraction = Self.fraction(tests.detail)
        suspectOf = sample.content.labels["suspect_of"]?.elements?.compactMap(\.text) ?? []
    }

    private static func fraction(_ detail: [String: JSONValue]) -> Double? {
        guard let passed = detail["passed"]?.whole, let total = detail["total"]?.whole, total > 0 else {
            return nil
        }
        return Double(passed) / Double(total)
    }
}
