import CorpusKit

/// What a task says about how its answers are run.
struct TestedTask {
    /// The language's name, for example `python`.
    let language: String
    /// The hidden tests.
    let tests: TestSuite
    /// What an answer may use.
    let limits: ExecutionLimits

    /// Reads a draft: the field `tests`, and the label or field `language`, which is `python` where there is none.
    ///
    /// - Throws: ``Skip`` when there are no tests (`missing-field`) or they cannot be read (`format-broken`).
    init(_ content: Content, limits: ExecutionLimits) throws {
        guard let tests = content.fields["tests"], tests != .null else {
            throw Skip("missing-field", "the draft has no field `tests`")
        }
        do {
            self.tests = try TestSuite(json: tests)
        } catch {
            throw Skip("format-broken", error.description)
        }
        language = CodeLanguage.name(
            of: content.labels["language"]?.text ?? content.fields["language"]?.text ?? "python"
        )
        self.limits = limits
    }

    /// Runs a program against the tests.
    ///
    /// - Throws: As ``PluginContext/run(_:)``.
    func run(_ source: String, in context: PluginContext) async throws -> ExecutionResult {
        let job = ExecutionJob(language: language, source: source, tests: tests, limits: limits)
        return try await context.run(job)
    }

    /// Whether a result is a pass: every test ended `ok`, and there was at least one.
    static func isPass(_ result: ExecutionResult) -> Bool {
        result.verdict == .ok && result.total >= 1 && result.passed == result.total
    }
}

extension ExecutionLimits {
    /// Limits from a recipe's options, checked.
    ///
    /// - Parameters:
    ///   - wallMilliseconds: 1 to 600,000.
    ///   - memoryMiB: 16 to 65,536.
    /// - Throws: ``BadOption``.
    init(wallMilliseconds: Int, checkedMemoryMiB memoryMiB: Int) throws {
        guard (1...600_000).contains(wallMilliseconds) else {
            throw BadOption("wall_ms", "must be between 1 and 600000, not \(wallMilliseconds)")
        }
        guard (16...65_536).contains(memoryMiB) else {
            throw BadOption("memory_mib", "must be between 16 and 65536, not \(memoryMiB)")
        }
        self.init(wallMilliseconds: wallMilliseconds, memoryMiB: memoryMiB)
    }
}
