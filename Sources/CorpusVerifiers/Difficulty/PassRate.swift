import CorpusKit

/// Rates a task by how often it is solved.
///
/// Without a model it judges a group: the drafts that answer one task, and those the recipe names under `siblings:`,
/// have been through `tests`, and the share that passed is the rate. Attempts that never got as far as `tests`, such as
/// a reply without code, are unknown to it: `attempts` says how many were made, and the missing ones count as failed.
/// With a model it solves the task itself, up to `attempts` times, and stops early once the band of difficulty is 90 %
/// certain.
///
/// A rate of 0 never passes: such a task may be too hard, or its tests broken. Where a model solved in vain what brings
/// code of its own, that code decides: if it passes tests that an empty stub fails, the task is `unsolved`. Sets the label `difficulty`: `easy`
/// above two thirds, `hard` below one third, `medium` between.
///
/// - Fields, with a model: `instruction`, `tests`, optional `code`; the language is the label or field `language`, or `python`.
/// - Evidence detail: `passes`, `attempts`, `wilson_low`, `wilson_high`, `models` (whose rate it is); in a group
///   `missing`, with a model `stopped_early` and, where it was looked at, `reference` (`passed` or `failed`).
struct PassRate: VerifierPlugin {
    struct Options: PluginOptions {
        var attempts = 0
        var stopEarly = true
        var min = 0.0
        var max = 1.0
        var wallMilliseconds = 10_000
        var memoryMiB = 512

        static let meanings = [
            "attempts": """
            How many attempts a task gets, 1 to 100. In a group, how many the stage that answers makes \
            of each task: those that never came to be tested count as failed, and those beyond the \
            number count too. 0 stands for 8 with a model and, in a group, for as many as were tested, \
            which makes tasks look easier than they are when attempts fell out before.
            """,
            "stop_early": "Whether a model stops once the band is clear, after 3 attempts at the earliest.",
            "min": "The lowest rate to keep, 0 to 1; below it a task is `too-hard`.",
            "max": "The highest rate to keep, 0 to 1; above it a task is `too-easy`.",
            "wall_ms": "Wall time of the tests of one attempt, in milliseconds, 1 to 600000.",
            "memory_mib": "Memory of one process, in MiB, 16 to 65536.",
        ]

        private enum CodingKeys: String, CodingKey {
            case attempts, min, max
            case stopEarly = "stop_early"
            case wallMilliseconds = "wall_ms"
            case memoryMiB = "memory_mib"
        }
    }

    static let manifest = Manifest(
        name: "pass-rate",
        version: 3,
        summary: "Rates tasks by the share of attempts that pass their tests",
        needs: [.sandbox],
        roles: ["model"],
        labels: ["difficulty"],
        reasons: [
            "too-easy", "too-hard", "unsolved", "untested", "test-failed", "vacuous-test", "missing-field",
            "format-broken", "unsupported-tests",
        ]
    )

    static func make(options: Options, roles: Set<String>, setup: PluginSetup) throws -> VerifierKind {
        guard (0...100).contains(options.attempts) else {
            throw BadOption("attempts", "must be between 0 and 100, not \(options.attempts)")
        }
        guard options.min >= 0, options.max <= 1, options.min <= options.max else {
            throw BadOption("min", "must not exceed `max`, both between 0 and 1")
        }
        let limits = try ExecutionLimits(
            wallMilliseconds: options.wallMilliseconds,
            checkedMemoryMiB: options.memoryMiB
        )
        guard !roles.isEmpty else {
            return .group(GroupPassRate(attempts: options.attempts, rates: options.min...options.max))
        }
        let prompt = try setup.prompt("solve", variables: ["instruction", "language", "contract"])
        return .single(
            SolvedPassRate(
                attempts: options.attempts == 0 ? 8 : options.attempts,
                stopEarly: options.stopEarly,
                rates: options.min...options.max,
                limits: limits,
                prompt: prompt
            )
        )
    }
}

/// The pass rate of attempts that were tested before.
struct GroupPassRate: GroupVerifier {
    let attempts: Int
    let rates: ClosedRange<Double>

    func verdicts(
        on drafts: [Sample],
        siblings: [Sample],
        in context: PluginContext
    ) async throws -> [Verdict] {
        // A draft may be named on both sides.
        var outcomes: [ItemKey: Evidence.Outcome] = [:]
        for sample in drafts + siblings {
            outcomes[sample.key] = sample.evidence.last { $0.check == Tests.manifest.name }?.outcome
        }
        let arrived = Set((drafts + siblings).map(\.key)).count
        let tested = outcomes.values.count { $0 != .unsure }
        guard tested > 0 else {
            let verdict = Verdict(
                .unsure("untested"),
                "no attempt at the task has been through `\(Tests.manifest.name)`"
            )
            return drafts.map { _ in verdict }
        }
        let made = attempts == 0 ? tested : max(attempts, arrived)
        let count = PassCount(passes: outcomes.values.count { $0 == .pass }, attempts: made)
        let models = Set((drafts + siblings).flatMap { $0.provenance.last?.models ?? [] }).sorted()
        let verdict = count.verdict(
            keeping: rates,
            detail: [
                "missing": .int(count.attempts - tested), "models": .array(models.map(JSONValue.string)),
            ]
        )
        return drafts.map { _ in verdict }
    }
}

/// The pass rate of attempts that a model makes for the purpose.
struct SolvedPassRate: Verifier {
    let attempts: Int
    let stopEarly: Bool
    let rates: ClosedRange<Double>
    let limits: ExecutionLimits
    let prompt: PromptTemplate

    var worstCaseCalls: [String: Int] { ["model": attempts] }

    func verdict(on draft: Sample, in context: PluginContext) async throws -> Verdict {
        let task = try TestedTask(draft.content, limits: limits)
        try await context.require(task.tests.kind, in: task.language)
        let question = try prompt.rendered(with: [
            "instruction": .string(try draft.content.task()), "language": .string(task.language),
            "contract": .string(Self.contract(of: task.tests)),
        ])
        var count = PassCount(passes: 0, attempts: 0)
        while count.attempts < attempts, !(stopEarly && count.isDecided) {
            if try await isSolved(task, by: question, in: context) { count.passes += 1 }
            count.attempts += 1
        }
        let verdict = count.verdict(
            keeping: rates,
            detail: [
                "stopped_early": .bool(count.attempts < attempts),
                "models": [.string(try context.modelName())],
            ]
        )
        guard count.passes == 0, let code = draft.content.fields["code"]?.text else { return verdict }
        return try await decided(verdict, by: code, of: task, in: context)
    }

    /// What a rate of 0 means, where the task brings code that should pass.
    private func decided(
        _ verdict: Verdict,
        by code: String,
        of task: TestedTask,
        in context: PluginContext
    ) async throws -> Verdict {
        func because(_ reason: ReasonCode, _ words: String, reference: String) -> Verdict {
            var verdict = verdict
            verdict.outcome = .fail(reason)
            verdict.summary += "; \(words)"
            verdict.detail["reference"] = .string(reference)
            return verdict
        }
        guard TestedTask.isPass(try await task.run(code, in: context)) else {
            return because("test-failed", "nor does the task's own code pass", reference: "failed")
        }
        if let stub = EmptyStub.source(for: task.tests, in: task.language),
            TestedTask.isPass(try await task.run(stub, in: context))
        {
            return because("vacuous-test", "an empty stub passes, though", reference: "passed")
        }
        return because("unsolved", "the task's own code passes", reference: "passed")
    }

    /// Whether one attempt passes; an attempt without code, or one that was cut off, does not.
    private func isSolved(_ task: TestedTask, by question: String, in context: PluginContext) async throws
        -> Bool
    {
        let reply = try await context.reply(to: [Message(.user, question)])
        guard reply.finish != .length, let code = Self.code(in: reply.text, language: task.language)
        else { return false }
        return TestedTask.isPass(try await task.run(code, in: context))
    }

    /// The block in the task's language, or the whole reply when it has no block at all.
    private static func code(in reply: String, language: String) -> String? {
        if let block = CodeBlock.answer(in: reply, language: language) { return block.code }
        let isBare = CodeBlock.all(in: reply).isEmpty && reply.contains { !$0.isWhitespace }
        return isBare ? reply : nil
    }

    private static func contract(of tests: TestSuite) -> String {
        switch tests {
        case .call(let entryPoint, _, _):
            "Define a function named `\(entryPoint)`; it is called with arguments."
        case .io: "Write a whole program that reads standard input and writes standard output."
        }
    }
}

extension PassRate {
    static let selfChecks = [
        SelfCheck(
            "a task that is always solved passes",
            seed: double,
            replies: ["```python\ndef double(n): return 2 * n\n```"],
            executions: [.ok],
            expects: .accepts("twice")
        ),
        SelfCheck(
            "a task that is never solved is too hard",
            seed: double,
            replies: ["I do not know"],
            executions: [.compileError],
            expects: .refuses("too-hard")
        ),
    ]

    private static let double = Seed(
        id: "double",
        fields: [
            "instruction": "Return twice a number.",
            "tests": ["kind": "call", "entry_point": "double", "cases": [["args": [3], "expect": 6]]],
        ]
    )
}
