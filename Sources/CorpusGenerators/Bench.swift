import CorpusKit

/// Runs code against visible tests and then, apart from them, against hidden ones.
struct Bench: Sendable {
    /// How a run ended.
    enum Outcome: Sendable {
        case passed
        /// What may be told about it.
        case failed(report: String)
    }

    let language: String
    let limits: ExecutionLimits
    let tests: (visible: TestSuite, hidden: TestSuite?)

    /// - Throws: As ``PluginContext/run(_:)``.
    func outcome(of code: String, in context: PluginContext) async throws -> Outcome {
        let visible = try await run(code, tests.visible, in: context)
        guard visible.verdict == .ok else {
            return .failed(report: ExecutionReport(visible, of: tests.visible).text)
        }
        guard let suite = tests.hidden else { return .passed }
        let hidden = try await run(code, suite, in: context)
        // Its inputs, outputs and messages stay unsaid: whoever sees them can write code for them alone.
        return hidden.verdict == .ok
            ? .passed : .failed(report: "The tests that are shown pass, but others for the same task fail.")
    }

    private func run(
        _ code: String,
        _ tests: TestSuite,
        in context: PluginContext
    ) async throws -> ExecutionResult {
        try await context.run(
            ExecutionJob(language: language, source: code, tests: tests, limits: limits)
        )
    }
}

extension TestSuite {
    /// Splits the cases into visible and hidden ones, at random.
    ///
    /// With fewer than three cases, or a share of 0, none is hidden; otherwise at least one is, and at least one is
    /// not. Both parts keep the cases in their order.
    func split(hiding share: Double, with random: inout RandomStream) -> (
        visible: TestSuite, hidden: TestSuite?
    ) {
        guard count >= 3, share > 0 else { return (self, nil) }
        let hiddenCount = min(count - 1, max(1, Int(Double(count) * share)))
        let hidden = Set(random.shuffled(Array(0..<count)).prefix(hiddenCount))
        return (part { !hidden.contains($0) }, part { hidden.contains($0) })
    }

    private func part(_ isIncluded: (Int) -> Bool) -> TestSuite {
        switch self {
        case .call(let entryPoint, let cases, let comparison):
            .call(
                entryPoint: entryPoint,
                cases: cases.indices.filter(isIncluded).map { cases[$0] },
                comparison: comparison
            )
        case .io(let cases, let comparison):
            .io(cases: cases.indices.filter(isIncluded).map { cases[$0] }, comparison: comparison)
        }
    }
}
