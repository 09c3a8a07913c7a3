import CorpusKit

/// Independent attempts at a task, one answer each; the tests decide later which are right.
///
/// Nothing here is believed: truth comes from the task's own `tests`, which a `verify: tests` stage runs. The prompt
/// holds one worked example and asks for the function only, since that is what small models need to answer at all.
///
/// A task that never names the function which its tests call is dropped before it is asked.
///
/// - Seed fields: `instruction` and `tests`; optional `signature`, `example` and `worked_example` (a text that ends in
///   a fenced block, shown to the model in place of the built-in example). The label `language` names the language.
/// - Drafts: one for each attempt. The user's turn is the task as a trained model should meet it, without the worked
///   example; the assistant's turn is the answer. Field `code`, label `language`.
struct Solve: GeneratorPlugin {
    struct Options: PluginOptions {
        var attempts = 4
        var answer = "block"
        var language = "python"

        static let meanings = [
            "attempts": "How many independent answers each task gets; 1 to 1000.",
            "answer": """
            What becomes the assistant's turn: `block`, the fenced code alone, or `reply`, all that \
            the model said.
            """,
            "language": "The language of tasks that have no label `language`.",
        ]
    }

    static let manifest = Manifest(
        name: "solve",
        version: 1,
        summary: "Several independent answers to each task that brings tests",
        needs: [.model],
        requires: ["instruction", "tests"],
        produces: ["code"],
        labels: ["language"],
        reasons: [
            "empty", "truncated", "refusal", "low-quality", "format-broken", "prompt-leak", "missing-field",
            "unsupported-tests", "unnamed-entry-point",
        ]
    )

    let attempts: Int
    let worstCaseCalls = ["model": 1]
    private let keepsReply: Bool
    private let language: String
    private let prompt: PromptScript
    private let leaks: PromptLeakDetector

    init(options: Options, setup: PluginSetup) throws {
        guard (1...1000).contains(options.attempts) else {
            throw BadOption("attempts", "must be from 1 to 1000, not \(options.attempts)")
        }
        guard options.answer == "block" || options.answer == "reply" else {
            throw BadOption("answer", "must be `block` or `reply`, not `\(options.answer)`")
        }
        guard !options.language.isEmpty else { throw BadOption("language", "must not be empty") }
        attempts = options.attempts
        keepsReply = options.answer == "reply"
        language = options.language
        prompt = try PromptScript(
            "prompt",
            variables: ["language", "worked_task", "worked_answer", "task"],
            setup: setup
        )
        leaks = PromptLeakDetector(templates: [])
    }

    func drafts(from seed: Seed, in context: PluginContext) async throws -> [Draft] {
        let language = seed.language(otherwise: language)
        let task = try TaskText(seed, in: language)
        // A suite that cannot be read can never believe an answer: find out before paying for one.
        guard let tests = try seed.tests() else {
            throw Skip("missing-field", "the seed has no field `tests`")
        }
        try await context.require(tests.kind, in: language)
        let example = WorkedExample(seed)

        let messages = try prompt.messages([
            "language": .string(CodeLanguage.title(of: language)), "task": .string(task.text),
            "worked_task": .string(example?.task ?? ""), "worked_answer": .string(example?.answer ?? ""),
        ])
        try tests.checkEntryPoint(isNamedIn: messages)
        let reply = try await context.reply(to: messages, settings: CallSettings(isSharedByAttempts: true))

        let text = try reply.usableText()
        if let marker = leaks.leak(in: text, source: task.text) {
            throw Skip("prompt-leak", "the reply repeats `\(marker)` of the prompt")
        }
        let code = try Answer.code(in: text, language: language)
        let answer = keepsReply ? text : CodeBlock.fenced(code, language: language)
        return [
            Draft(
                from: seed,
                messages: [Message(.user, task.text), Message(.assistant, answer)],
                fields: ["code": .string(code)],
                labels: ["language": .string(language)]
            )
        ]
    }
}

/// What an answer in code must have.
enum Answer {
    /// The code of a reply, or ``Skip`` with `format-broken`.
    static func code(in text: String, language: String) throws(Skip) -> String {
        if let block = CodeBlock.answer(in: text, language: language) { return block.code }
        let blocks = CodeBlock.all(in: text)
        guard let last = blocks.last else { throw Skip("format-broken", "the reply has no code block") }
        guard last.isTerminated else {
            throw Skip("format-broken", "the last code block of the reply has no end")
        }
        throw Skip("format-broken", "the reply has no code block in \(CodeLanguage.title(of: language))")
    }
}

/// A worked example that a seed brings: everything up to its first code block is the task, the block is the answer.
struct WorkedExample: Sendable {
    let task: String
    let answer: String

    init?(_ seed: Seed) {
        guard let text = seed.optionalText("worked_example"), let block = CodeBlock.all(in: text).first,
            block.isTerminated
        else { return nil }
        task = text.textLines.prefix(block.line - 1).joined(separator: "\n").trimmed
        answer = CodeBlock.fenced(block.code, language: block.language ?? "")
        guard !task.isEmpty else { return nil }
    }
}

extension Solve {
    static let selfChecks = [
        SelfCheck(
            "a fenced function becomes the answer",
            seed: double,
            replies: ["Here it is:\n```python\ndef double(n):\n    return 2 * n\n```"],
            expects: .accepts("def double(n):\n    return 2 * n")
        ),
        SelfCheck(
            "all that was said can be kept",
            seed: double,
            options: ["answer": "reply"],
            replies: ["Doubling is adding.\n```\ndef double(n):\n    return n + n\n```"],
            expects: .accepts("Doubling is adding.")
        ),
        SelfCheck(
            "words without code are no answer",
            seed: double,
            replies: ["Multiply the number by two."],
            expects: .refuses("format-broken")
        ),
        SelfCheck(
            "a block that does not end is no answer",
            seed: double,
            replies: ["```python\ndef double(n):"],
            expects: .refuses("format-broken")
        ),
        SelfCheck(
            "a refusal is booked as one",
            seed: double,
            replies: ["I'm sorry, but I cannot help with that."],
            expects: .refuses("refusal")
        ),
    ]

    private static let double = Seed(
        id: "double",
        fields: [
            "instruction": "Return twice the given number.", "signature": "def double(n):",
            "example": "double(2) -> 4",
            "tests": ["kind": "call", "entry_point": "double", "cases": [["args": [3], "expect": 6]]],
        ]
    )
}
