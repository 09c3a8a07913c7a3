import CorpusKit

/// Tasks that grow harder round by round.
///
/// Each round rewrites the last surviving task by one operator, the least used one first. A rewriting that fails a rule
/// is booked and its parent stays; one other operator may try in the same round. Nothing is believed about the new
/// task: its parent's tests, example and code do not hold for it any more and are taken off.
///
/// - Seed fields: `instruction`; all others but those of the old task are carried on.
/// - Drafts: one unanswered task for each surviving round. Field `instruction`; labels `operation`, `round` and
///   `equality` (what the equality judge found: `different`, `unsure`, or `unasked`).
///
/// Operators and elimination follow *WizardLM: Empowering Large Language Models to Follow Complex Instructions* and
/// *WizardCoder: Empowering Code Large Language Models with Evol-Instruct*.
struct EvolInstruct: GeneratorPlugin {
    struct Options: PluginOptions {
        var operators = EvolOperators.named("code")
        var rounds = 3
        var equalityJudge = true
        var keepFields: [String] = []

        static let meanings = [
            "operators": "`code`, `general`, or a list of operators.",
            "rounds": "How often a task is rewritten; 1 to 10.",
            "equality_judge": """
            Whether a model judges that the new task differs from its parent. Asks at most twice for \
            each rewriting.
            """,
            "keep_fields": "Fields of the old task that are carried on although the task changed.",
        ]

        enum CodingKeys: String, CodingKey {
            case operators, rounds
            case equalityJudge = "equality_judge"
            case keepFields = "keep_fields"
        }
    }

    static let manifest = Manifest(
        name: "evol-instruct",
        version: 2,
        summary: "Tasks that grow harder round by round",
        needs: [.model],
        requires: ["instruction"],
        produces: ["instruction"],
        labels: [
            "difficulty", "equality", "llm_score", "operation", "round", "style", "suspect_of", "topic",
            "topics",
        ],
        reasons: ["empty", "truncated", "refusal", "low-quality", "format-broken", "prompt-leak", "no-gain"]
    )

    /// A line of tasks may try this many operators in one round.
    private static let triesOfARound = 2
    /// The most words of a task, code included.
    private static let mostWords = 400
    /// What describes the old task and not the new one.
    private static let fieldsOfATask = [
        "tests", "signature", "example", "code", "entry_point", "answer", "misleading_code",
    ]

    /// What was found out about the old task and does not hold for the new one.
    private static let labelsOfATask: [String: JSONValue] = [
        "difficulty": .null, "topic": .null, "topics": .null, "llm_score": .null, "style": .null,
        "suspect_of": .null,
    ]

    let givesAnswers = false
    let worstCaseCalls: [String: Int]
    let worstCaseDrafts: Int
    private let options: Options
    private let operators: [String]
    private let prompts: [String: PromptScript]
    private let equality: PromptScript?
    private let leaks: PromptLeakDetector

    init(options: Options, setup: PluginSetup) throws {
        guard (1...10).contains(options.rounds) else {
            throw BadOption("rounds", "must be from 1 to 10, not \(options.rounds)")
        }
        let operators = try options.operators.resolved()
        self.options = options
        self.operators = operators
        var prompts: [String: PromptScript] = [:]
        for name in operators {
            prompts[name] = try PromptScript(name, variables: ["task", "warn"], setup: setup)
        }
        self.prompts = prompts
        equality =
            options.equalityJudge
            ? try PromptScript("equality", variables: ["first", "second"], setup: setup) : nil
        leaks = PromptLeakDetector(templates: prompts.values.map(\.source))
        let callsOfATry = options.equalityJudge ? 3 : 1
        worstCaseCalls = ["model": options.rounds * min(Self.triesOfARound, operators.count) * callsOfATry]
        worstCaseDrafts = options.rounds
    }

    func drafts(from seed: Seed, in context: PluginContext) async throws -> [Draft] {
        var parent = try seed.text("instruction").trimmed
        var random = context.random
        var uses: [String: Int] = [:]
        var drafts: [Draft] = []
        for round in 1...options.rounds {
            let ranked = random.shuffled(operators).enumerated().sorted { left, right in
                (uses[left.element, default: 0], left.offset) < (
                    uses[right.element, default: 0], right.offset
                )
            }
            for (_, name) in ranked.prefix(Self.triesOfARound) {
                uses[name, default: 0] += 1
                let warn = random.below(2) == 0
                guard let child = try await child(of: parent, by: name, warning: warn, in: context) else {
                    continue
                }
                drafts.append(draft(from: seed, child, operation: name, round: round))
                parent = child.text
                break
            }
        }
        return drafts
    }

    private struct Child {
        let text: String
        let equality: String
    }

    /// One rewriting that survives every rule, or nil; what does not survive is booked.
    private func child(
        of parent: String,
        by name: String,
        warning: Bool,
        in context: PluginContext
    ) async throws -> Child? {
        guard let prompt = prompts[name] else { return nil }
        let reply = try await context.reply(
            to: prompt.messages(["task": .string(parent), "warn": .bool(warning)])
        )
        let text: String
        do throws(Skip) {
            text = try rewritten(reply, from: parent, by: name)
        } catch {
            context.drop(error.reason, "`\(name)`: \(error.description)", text: reply.text)
            return nil
        }
        let verdict = try await equality(of: parent, and: text, in: context)
        guard verdict != "equal" else {
            context.drop("no-gain", "`\(name)`: the judge finds both tasks equal", text: text)
            return nil
        }
        return Child(text: text, equality: verdict)
    }

    private func rewritten(_ reply: ModelReply, from parent: String, by name: String) throws(Skip) -> String {
        let usable = try reply.usableText()
        let sections = TaggedSections(parsing: usable, names: ["REWRITTEN"])
        let text = (sections["REWRITTEN"] ?? usable).unquoted
        guard !text.isEmpty else { throw Skip("empty", "nothing was rewritten") }
        if let marker = leaks.leak(in: text, source: parent) {
            throw Skip("prompt-leak", "the reply repeats `\(marker)` of the prompt")
        }
        let words = TextLikeness.wordCount(text.withoutCode)
        let limit = Self.mostWords(ofAChildOf: parent)
        guard words > 3 else { throw Skip("low-quality", "the new task has no more than three words") }
        guard words <= limit, TextLikeness.wordCount(text) <= Self.mostWords else {
            throw Skip("low-quality", "the new task has \(words) words besides code, the limit is \(limit)")
        }
        try checkBlocks(of: text, from: parent, by: name)
        guard TextLikeness.whitespaceFree(text) != TextLikeness.whitespaceFree(parent) else {
            throw Skip("no-gain", "the task came back as it was")
        }
        guard !TextLikeness.isDistance(from: text, to: parent, below: 0.05) else {
            throw Skip("no-gain", "the new task differs from the old one in less than 5 % of its characters")
        }
        return text
    }

    /// Code and tables of the parent must stay, and only the operator that gives misleading code may add code.
    private func checkBlocks(of text: String, from parent: String, by name: String) throws(Skip) {
        func tableRows(_ text: String) -> Int { text.textLines.count { $0.trimmed.hasPrefix("|") } }
        let (old, new) = (CodeBlock.all(in: parent), CodeBlock.all(in: text))
        guard new.allSatisfy({ $0.isTerminated }) else {
            throw Skip("format-broken", "a code block has no end")
        }
        guard new.count >= old.count, tableRows(text) >= tableRows(parent) else {
            throw Skip("low-quality", "code or a table of the old task is lost")
        }
        if name == EvolOperators.misleading {
            guard new.count > old.count else {
                throw Skip("format-broken", "the new task brings no misleading code")
            }
        } else {
            guard new.count == old.count, CodeMarks.holdsCode(parent) || !CodeMarks.holdsCode(text) else {
                throw Skip("format-broken", "the reply holds code that the old task does not have")
            }
        }
    }

    /// Three times the parent's words, but room for one more requirement on a terse parent.
    private static func mostWords(ofAChildOf parent: String) -> Int {
        let words = TextLikeness.wordCount(parent.withoutCode)
        return min(mostWords, max(3 * words, words + 20))
    }

    /// Asks in both orders, since judges favour a position; only twice `EQUAL` counts.
    private func equality(of parent: String, and child: String, in context: PluginContext) async throws
        -> String
    {
        guard let equality else { return "unasked" }
        var verdict = "equal"
        for (first, second) in [(parent, child), (child, parent)] {
            let reply = try await context.reply(
                to: equality.messages(["first": .string(first), "second": .string(second)]),
                settings: CallSettings(temperature: 0)
            )
            switch VerdictReply.choice(of: ["EQUAL", "DIFFERENT"], in: reply.text) {
            case "EQUAL": continue
            case "DIFFERENT": return "different"
            default: verdict = "unsure"
            }
        }
        return verdict
    }

    private func draft(from seed: Seed, _ child: Child, operation: String, round: Int) -> Draft {
        var fields: [String: JSONValue] = ["instruction": .string(child.text)]
        for name in Self.fieldsOfATask where !options.keepFields.contains(name) { fields[name] = .null }
        if operation == EvolOperators.misleading, let block = CodeBlock.all(in: child.text).last {
            fields["misleading_code"] = .string(block.code)
        }
        return Draft(
            from: seed,
            fields: fields,
            labels: [
                "operation": .string(operation), "round": .int(round), "equality": .string(child.equality),
            ]
            .merging(Self.labelsOfATask) { $1 },
            note: "round \(round)"
        )
    }
}
