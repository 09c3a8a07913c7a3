import CorpusKit

/// A self-contained problem and its solution, inspired by a piece of real code.
///
/// The snippet only inspires; nothing of it is believed, and no test comes with the draft. Truth has to come from a
/// later stage that writes or brings tests. What is checked here is that the problem stands by itself and that the
/// solution is more than the snippet. A solution in another language than the snippet's gets that language's label.
///
/// - Seed fields: `code`, the snippet. The label `language` names its language.
/// - Drafts: one, with the problem as the user's turn and the solution as the assistant's. Fields `instruction`,
///   `code` (the solution's) and `snippet`; label `reply_form` says how the two were told apart: `tagged`,
///   `headings` or `plain`.
///
/// After *Magicoder: Empowering Code Generation with OSS-Instruct*, section 2.
struct OSSInstruct: GeneratorPlugin {
    struct Options: PluginOptions {
        var attempts = 1
        var minCharacters = 40
        var language = "python"

        static let meanings = [
            "attempts": "How many problems each snippet inspires; 1 to 100.",
            "min_characters": """
            The fewest visible characters of a snippet that is worth asking about; at least 0.
            """,
            "language": "The language of snippets that have no label `language`.",
        ]

        enum CodingKeys: String, CodingKey {
            case attempts, language
            case minCharacters = "min_characters"
        }
    }

    static let manifest = Manifest(
        name: "oss-instruct",
        version: 2,
        summary: "A problem and its solution, inspired by a piece of real code",
        needs: [.model],
        requires: ["code"],
        produces: ["instruction", "code", "snippet"],
        labels: ["language", "reply_form", "suspect_of"],
        reasons: [
            "empty", "truncated", "refusal", "low-quality", "format-broken", "prompt-leak", "no-gain",
            "unanswerable",
        ]
    )

    let attempts: Int
    let worstCaseCalls = ["model": 1]
    private let options: Options
    private let prompt: PromptScript
    private let leaks: PromptLeakDetector

    init(options: Options, setup: PluginSetup) throws {
        guard (1...100).contains(options.attempts) else {
            throw BadOption("attempts", "must be from 1 to 100, not \(options.attempts)")
        }
        guard options.minCharacters >= 0 else { throw BadOption("min_characters", "must not be negative") }
        self.options = options
        attempts = options.attempts
        prompt = try PromptScript("inspire", variables: ["language", "snippet"], setup: setup)
        leaks = PromptLeakDetector(templates: [prompt.source], phrases: Self.pointers)
    }

    func drafts(from seed: Seed, in context: PluginContext) async throws -> [Draft] {
        let snippet = try seed.text("code")
        let language = seed.language(otherwise: options.language)
        let visible = TextLikeness.whitespaceFree(snippet)
        guard visible.count >= options.minCharacters else {
            throw Skip(
                "low-quality",
                "the snippet has \(visible.count) visible characters of \(options.minCharacters)"
            )
        }

        let reply = try await context.reply(
            to: prompt.messages([
                "language": .string(CodeLanguage.title(of: language)),
                "snippet": .string(CodeBlock.fenced(snippet, language: language)),
            ]),
            settings: CallSettings(isSharedByAttempts: true)
        )

        let parts = try ProblemAndSolution(reply.usableText())
        let answer = try Self.answer(in: parts.solution, language: language)
        let code = answer.code
        if let marker = leaks.leak(in: parts.problem) {
            throw Skip("prompt-leak", "the problem says `\(marker)`")
        }
        guard TextLikeness.wordCount(parts.problem) > 3 else {
            throw Skip("low-quality", "the problem has no more than three words")
        }
        guard !visible.contains(TextLikeness.whitespaceFree(code)) else {
            throw Skip("no-gain", "the solution merely copies the snippet")
        }
        if UnseenName.first(in: parts.problem, solution: code) != nil {
            throw Skip("unanswerable", "the problem names something that it does not show")
        }
        return [
            Draft(
                from: seed,
                messages: [Message(.user, parts.problem), Message(.assistant, parts.solution)],
                fields: [
                    "instruction": .string(parts.problem), "code": .string(code), "snippet": .string(snippet),
                    // Whatever the seed knew about its own code does not hold for the new problem.
                    "tests": .null, "signature": .null, "example": .null, "entry_point": .null,
                ],
                labels: [
                    "language": .string(answer.language), "reply_form": .string(parts.form.rawValue),
                    "suspect_of": .null,
                ]
            )
        ]
    }

    /// The code of a solution: in the snippet's language, or else in the one that the solution is written in.
    private static func answer(
        in solution: String,
        language: String
    ) throws(Skip) -> (code: String, language: String) {
        if CodeBlock.answer(in: solution, language: language) == nil {
            let other = CodeBlock.all(in: solution).first { block in
                block.isTerminated && !notProgramming.contains(block.language ?? "text")
                    && block.code.contains { !$0.isWhitespace }
            }
            if let other, let name = other.language { return (other.code, name) }
        }
        return (try Answer.code(in: solution, language: language), language)
    }

    private static let notProgramming: Set<String> = [
        "text", "json", "yaml", "toml", "xml", "csv", "diff", "markdown", "output",
    ]

    /// What a problem must not say: it would point at something that its reader cannot see.
    private static let pointers = [
        "the snippet", "this snippet", "given snippet", "code snippet", "snippet above", "the code above",
        "code above",
        "above code", "given code", "provided code", "following code", "the code below", "this code",
        "your code",
        "original code", "original function", "original solution", "your implementation", "your function",
        "this function can be", "this function is", "this implementation", "this solution",
    ]
}

/// A reply told apart into a problem and its solution.
struct ProblemAndSolution: Sendable, Hashable {
    /// How the two were marked.
    enum Form: String, Sendable {
        /// By the lines `<<<PROBLEM>>>` and `<<<SOLUTION>>>`.
        case tagged
        /// By headings `Problem` and `Solution`, in Markdown or with a colon, whatever their case.
        case headings
        /// By nothing: text, then a code block.
        case plain
    }

    let problem: String
    let solution: String
    let form: Form

    /// Tells a reply apart, or throws ``Skip`` with `format-broken`.
    init(_ text: String) throws(Skip) {
        let sections = TaggedSections(parsing: text, names: ["PROBLEM", "SOLUTION"])
        if !sections.sections.isEmpty {
            let texts = try sections.required("PROBLEM", "SOLUTION")
            (problem, solution, form) = (texts[0], texts[1], .tagged)
            return
        }
        let lines = text.textLines
        let headings = lines.enumerated().compactMap { index, line in Heading(line, at: index) }
        if !headings.isEmpty {
            guard headings.map(\.word) == ["problem", "solution"] else {
                throw Skip("format-broken", "the reply needs one heading `Problem` and then one `Solution`")
            }
            let (first, second) = (headings[0], headings[1])
            func body(_ heading: Heading, until end: Int) -> String {
                ([heading.rest] + lines[(heading.line + 1)..<end]).joined(separator: "\n").trimmed
            }
            problem = body(first, until: second.line)
            solution = body(second, until: lines.count)
            form = .headings
            guard !problem.isEmpty, !solution.isEmpty else {
                throw Skip("format-broken", "the problem or the solution is blank")
            }
            return
        }
        guard let block = CodeBlock.all(in: text).first, block.line > 1 else {
            throw Skip("format-broken", "no problem stands before the code")
        }
        problem = lines.prefix(block.line - 1).joined(separator: "\n").trimmed
        solution = lines.dropFirst(block.line - 1).joined(separator: "\n").trimmed
        form = .plain
        guard !problem.isEmpty else { throw Skip("format-broken", "no problem stands before the code") }
    }
}

/// A line that is a heading `Problem` or `Solution`: `## Problem`, `**Solution:**`, `Problem: rest of the line`.
private struct Heading {
    let word: String
    let rest: Substring
    let line: Int

    init?(_ text: Substring, at line: Int) {
        guard
            let match = text.wholeMatch(
                of: /\s*(#{1,6}\s*)?(\*\*|__)?\s*((?i)problem|solution)\s*(:?)\s*(\*\*|__)?\s*(:?)\s*(.*)/
            )
        else { return nil }
        let isMarked = match.1 != nil || match.2 != nil || !match.4.isEmpty || !match.6.isEmpty
        let hasColon = !match.4.isEmpty || !match.6.isEmpty
        // `Problem solving is …` is a sentence; only a colon may be followed by text.
        guard isMarked, hasColon || match.7.isEmpty else { return nil }
        word = match.3.lowercased()
        rest = match.7
        self.line = line
    }
}

extension OSSInstruct {
    static let selfChecks = [
        SelfCheck(
            "tags tell problem and solution apart",
            seed: clamp,
            replies: ["<<<PROBLEM>>>\nKeep a dial between its stops.\n<<<SOLUTION>>>\n\(solution)"],
            expects: .accepts("Keep a dial between its stops.")
        ),
        SelfCheck(
            "headings do too",
            seed: clamp,
            replies: ["**Problem:** Keep a dial between its stops.\n\n## Solution\n\(solution)"],
            expects: .accepts("Keep a dial between its stops.")
        ),
        SelfCheck(
            "a problem that points at the snippet is a leak",
            seed: clamp,
            replies: ["Problem: Explain what the snippet does.\nSolution:\n\(solution)"],
            expects: .refuses("prompt-leak")
        ),
        SelfCheck(
            "a solution that copies the snippet is no gain",
            seed: clamp,
            replies: ["Problem: Keep a dial between its stops.\nSolution:\n```python\n\(snippet)\n```"],
            expects: .refuses("no-gain")
        ),
        SelfCheck(
            "a problem without a solution is broken",
            seed: clamp,
            replies: ["Problem: Keep a dial between its stops."],
            expects: .refuses("format-broken")
        ),
    ]

    private static let snippet = "value = max(low, min(high, value))\nstate['dial'] = value"
    private static let solution = "```python\ndef turn(dial, by):\n    return max(0, min(10, dial + by))\n```"
    private static let clamp = Seed(
        id: "clamp",
        fields: ["code": .string(snippet)],
        labels: ["language": "python"]
    )
}
