import CorpusKit

/// Solutions that are run, repaired from what the run showed, and run again until every test passes.
///
/// Truth comes from the sandbox: a draft leaves only when its code passed all visible and all hidden tests. The tests
/// are frozen from the start. The solver is shown failures of the visible ones; the hidden ones run apart, and nothing
/// of that run is ever shown, so that code which merely repeats the shown answers does not get through; where all tests
/// are shown, code that asks for their arguments one by one is refused.
///
/// - Seed fields: `instruction`; optional `signature`, `example`, `tests`, and `code` to start from. Without `tests`
///   the tester writes some, and they must pass static checks of their strength.
/// - Drafts: the task and the final code as one question and answer (fields `code` and `tests`; labels `language`,
///   `revisions`, `restarts`, `tests_origin`); with `emit_dialogue`, also the whole conversation from the first
///   attempt to the last repair when there was one (label `form`: `dialogue`).
///
/// After the sandbox verification with self-revision of the Seed-Coder report, section 3.1.3.
struct SelfCorrection: GeneratorPlugin {
    struct Options: PluginOptions {
        var revisions = 3
        var attempts = 3
        var emitDialogue = false
        var hidden = 0.3
        var minCases = 3
        var repairTemperature = 0.2
        var restartTemperature = 0.8
        var wallMs = 10_000
        var language = "python"

        static let meanings = [
            "revisions": "How often one solution is repaired at most; 0 to 10.",
            "attempts": "How often the solver starts afresh, the first time included; 1 to 10.",
            "emit_dialogue": "Whether the repair itself becomes a second draft.",
            "hidden": """
            The share of tests that the solver never sees; 0 to 0.9. Fewer than three tests are all \
            shown.
            """,
            "min_cases": "The fewest cases of a suite that the tester writes; at least 1.",
            "repair_temperature": "The temperature of repairs; 0 to 2.",
            "restart_temperature": "The temperature of fresh starts after the first; 0 to 2.",
            "wall_ms": "The wall time of one run of the tests, in milliseconds; at least 1.",
            "language": "The language of tasks that have no label `language`.",
        ]

        enum CodingKeys: String, CodingKey {
            case revisions, attempts, hidden, language
            case emitDialogue = "emit_dialogue"
            case minCases = "min_cases"
            case repairTemperature = "repair_temperature"
            case restartTemperature = "restart_temperature"
            case wallMs = "wall_ms"
        }
    }

    static let manifest = Manifest(
        name: "self-correction",
        version: 3,
        summary: "Solutions that are run, repaired from what the run showed, and run again",
        needs: [.model, .sandbox],
        roles: ["solver", "tester"],
        requires: ["instruction"],
        produces: ["code", "tests"],
        labels: ["form", "language", "restarts", "revisions", "tests_origin"],
        reasons: [
            "empty", "truncated", "refusal", "low-quality", "format-broken", "test-failed", "vacuous-test",
            "unsupported-tests", "unnamed-entry-point",
        ]
    )

    let worstCaseCalls: [String: Int]
    let worstCaseDrafts: Int
    private let options: Options
    private let solve: PromptScript
    private let repair: PromptScript
    private let tester: TestWriter

    init(options: Options, setup: PluginSetup) throws {
        guard (0...10).contains(options.revisions) else {
            throw BadOption("revisions", "must be from 0 to 10, not \(options.revisions)")
        }
        guard (1...10).contains(options.attempts) else {
            throw BadOption("attempts", "must be from 1 to 10, not \(options.attempts)")
        }
        guard (0...0.9).contains(options.hidden) else { throw BadOption("hidden", "must be from 0 to 0.9") }
        guard options.minCases >= 1 else { throw BadOption("min_cases", "must be at least 1") }
        guard options.wallMs >= 1 else { throw BadOption("wall_ms", "must be at least 1") }
        for (name, value) in [
            ("repair_temperature", options.repairTemperature),
            ("restart_temperature", options.restartTemperature),
        ] where !(0...2).contains(value) {
            throw BadOption(name, "must be from 0 to 2")
        }
        self.options = options
        solve = try PromptScript("solve", variables: ["language", "task"], setup: setup)
        repair = try PromptScript("repair", variables: ["language", "task", "code", "report"], setup: setup)
        tester = try TestWriter(fewest: options.minCases, setup: setup)
        worstCaseCalls = ["solver": options.attempts * (1 + options.revisions), "tester": TestWriter.tries]
        worstCaseDrafts = options.emitDialogue ? 2 : 1
    }

    func drafts(from seed: Seed, in context: PluginContext) async throws -> [Draft] {
        let language = seed.language(otherwise: options.language)
        let task = try TaskText(seed, in: language)
        let brought = try seed.tests()
        // Whatever cannot be tested can never be believed: find out before paying for it. The tester writes calls.
        try await context.require(brought?.kind ?? .call, in: language)
        let tests: TestSuite
        if let brought {
            tests = brought
        } else {
            tests = try await tester.tests(for: task, language: language, in: context)
        }
        var random = context.random
        let bench = Bench(
            language: language,
            limits: ExecutionLimits(wallMilliseconds: options.wallMs),
            tests: tests.split(hiding: options.hidden, with: &random)
        )

        // A repair shows which function the tests call; without one, only the task can name it.
        if options.revisions == 0, seed.optionalText("code") == nil {
            try tests.checkEntryPoint(isNamedIn: try question(task, in: language))
        }

        for attempt in 0..<options.attempts {
            guard let start = try await start(attempt, seed, task, language, in: context) else { continue }
            var line = RepairLine(code: start, language: language)
            let isSolved = try await solved(&line, task, bench, in: context)
            let isHardCoded = isSolved && HardCoding.isLikely(in: line.code, of: bench.tests.visible)
            if isSolved, !isHardCoded {
                return drafts(
                    from: seed,
                    task,
                    line,
                    restarts: attempt,
                    tests: tests,
                    wasBrought: brought != nil,
                    language: language
                )
            }
            let end =
                isHardCoded
                ? Skip("vacuous-test", "attempt \(attempt + 1) answers the shown tests one by one")
                : Skip(
                    "test-failed",
                    "attempt \(attempt + 1) was given up after \(counted(line.revisions, "repair"))"
                        + (line.isStuck ? ", of which the last two changed nothing" : "")
                )
            // The last word on a unit is its skip; everything before is a drop.
            guard attempt < options.attempts - 1 else { throw end }
            context.drop(end.reason, end.description, text: line.code)
        }
        throw Skip("test-failed", "no attempt gave code to run")
    }

    /// The code that an attempt begins with; nil when the solver gave none, which is booked.
    private func start(
        _ attempt: Int,
        _ seed: Seed,
        _ task: TaskText,
        _ language: String,
        in context: PluginContext
    ) async throws -> String? {
        if attempt == 0, let code = seed.optionalText("code") { return code }
        let messages = try question(task, in: language)
        let temperature = attempt == 0 ? nil : options.restartTemperature
        let reply = try await context.reply(
            to: messages,
            role: "solver",
            settings: CallSettings(temperature: temperature)
        )
        do throws(Skip) {
            return try Answer.code(in: reply.usableText(), language: language)
        } catch {
            // The last word on a unit is its skip; everything before is a drop.
            if attempt == options.attempts - 1 { throw error }
            context.drop(error.reason, "attempt \(attempt + 1): \(error.description)", text: reply.text)
            return nil
        }
    }

    private func question(_ task: TaskText, in language: String) throws -> [Message] {
        try solve.messages([
            "language": .string(CodeLanguage.title(of: language)), "task": .string(task.text),
        ])
    }

    /// Runs and repairs one line of code until it passes or is given up.
    private func solved(
        _ line: inout RepairLine,
        _ task: TaskText,
        _ bench: Bench,
        in context: PluginContext
    ) async throws -> Bool {
        while true {
            let outcome = try await bench.outcome(of: line.code, in: context)
            guard case .failed(let report) = outcome else { return true }
            guard line.revisions < options.revisions, !line.isCircling else { return false }

            let messages = try repair.messages([
                "language": .string(CodeLanguage.title(of: bench.language)), "task": .string(task.text),
                "code": .string(CodeBlock.fenced(line.code, language: bench.language)),
                "report": .string(report),
            ])
            // After an unchanged repair the same question is asked hotter: the same one would get the same answer.
            let temperature = min(2, options.repairTemperature + 0.3 * Double(line.repeats))
            let reply = try await context.reply(
                to: messages,
                role: "solver",
                settings: CallSettings(temperature: temperature)
            )
            do throws(Skip) {
                let parts = try TaggedSections(parsing: reply.usableText()).required("DIAGNOSIS", "SOLUTION")
                let code = try Answer.code(in: parts[1], language: bench.language)
                line.take(code, diagnosis: parts[0], report: report)
            } catch {
                context.drop(
                    error.reason,
                    "repair \(line.revisions + 1): \(error.description)",
                    text: reply.text
                )
                return false
            }
            if line.isStuck { return false }
        }
    }

    private func drafts(
        from seed: Seed,
        _ task: TaskText,
        _ line: RepairLine,
        restarts: Int,
        tests: TestSuite,
        wasBrought: Bool,
        language: String
    ) -> [Draft] {
        func fenced(_ code: String) -> String { CodeBlock.fenced(code, language: language) }
        let fields: [String: JSONValue] = ["code": .string(line.code), "tests": tests.json]
        let labels: [String: JSONValue] = [
            "language": .string(language), "revisions": .int(line.revisions), "restarts": .int(restarts),
            "tests_origin": .string(wasBrought ? "seed" : "model"),
        ]
        var drafts = [
            Draft(
                from: seed,
                messages: [Message(.user, task.text), Message(.assistant, fenced(line.code))],
                fields: fields,
                labels: labels,
                note: "final"
            )
        ]
        if options.emitDialogue, !line.repairs.isEmpty {
            var messages = [Message(.user, task.text), Message(.assistant, fenced(line.first))]
            for repair in line.repairs {
                messages.append(Message(.user, repair.report))
                messages.append(Message(.assistant, repair.diagnosis + "\n\n" + fenced(repair.code)))
            }
            let form = labels.merging(["form": "dialogue"]) { $1 }
            drafts.append(
                Draft(from: seed, messages: messages, fields: fields, labels: form, note: "dialogue")
            )
        }
        return drafts
    }
}
