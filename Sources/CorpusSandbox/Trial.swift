import CorpusKit

/// One run of one job: which tasks it takes, and what their outcomes mean.
struct Trial {
    let job: ExecutionJob
    let toolchain: Toolchain
    let backend: any CellBackend

    /// - Throws: ``CellFault``, `CancellationError`.
    func result() async throws -> ExecutionResult {
        switch job.tests {
        case .call(let entryPoint, let cases, let comparison):
            guard let arguments = toolchain.profile.serveCalls else {
                return outcome(.unavailable, words: "`\(job.language)` has no driver for `call` tests")
            }
            return try await calls(of: entryPoint, cases, comparison, with: arguments)
        case .io(let cases, let comparison): return try await runs(cases, comparison)
        }
    }

    private var limits: CellLimits {
        var limits = CellLimits()
        limits.wall = .milliseconds(job.limits.wallMilliseconds)
        limits.memoryMiB = job.limits.memoryMiB
        limits.totalMemoryMiB = 2 * job.limits.memoryMiB
        limits.outputBytes = job.limits.outputKiB << 10
        return limits
    }

    private func outcome(
        _ verdict: ExecutionResult.Verdict,
        _ tests: [ExecutionResult.Test] = [],
        words: String = ""
    ) -> ExecutionResult {
        ExecutionResult(
            verdict,
            tests: tests,
            total: job.tests.count,
            isolation: backend.isolation.rawValue,
            diagnostics: words,
            toolchain: toolchain.description
        )
    }

    private static func verdict(for stop: CellOutcome.Stop) -> ExecutionResult.Verdict {
        switch stop {
        case .wall: .timeout
        case .memory: .memoryLimit
        case .output: .outputLimit
        case .answered: .sandboxError
        }
    }
}

// MARK: - Calls

extension Trial {
    private func calls(
        of entryPoint: String,
        _ cases: [TestSuite.CallCase],
        _ comparison: TestSuite.Comparison,
        with arguments: [String]
    ) async throws -> ExecutionResult {
        let longest = limits.outputBytes
        var task = toolchain.task(
            arguments,
            source: job.source,
            limits: limits,
            filling: [LanguageProfile.entryPoint: entryPoint, LanguageProfile.longestAnswer: String(longest)]
        )
        task.channel = .calls(CallHarness(cases: cases, comparison: comparison, longestAnswer: longest))
        let end = try await backend.outcome(of: task)
        guard let harness = end.harness else { throw CellFault("the harness got lost") }
        return verdict(on: end, harness)
    }

    private func verdict(on end: CellOutcome, _ harness: CallHarness) -> ExecutionResult {
        let words = PlainText.diagnostics(end.errors)
        var tests = harness.tests
        switch harness.failure {
        case .syntax: return outcome(.compileError, words: words)
        case .load(let test):
            let reason = test.got.map { words.isEmpty ? $0 : words } ?? words
            return outcome(test.verdict, words: reason)
        case .forged: break
        case nil where tests.count == job.tests.count:
            return outcome(tests.first { $0.verdict != .ok }?.verdict ?? .ok, tests, words: words)
        case nil: break
        }
        // The program did not get to the end: what stopped it is how the open test ended.
        let last: ExecutionResult.Verdict =
            switch end.ending {
            case .stopped(.answered): .wrongAnswer
            case .stopped(let stop): Self.verdict(for: stop)
            case .exited(let code): ExitReading.verdict(code: code, otherwise: .earlyExit)
            }
        if harness.isLoaded { tests.append(ExecutionResult.Test(last)) }
        let accusation = harness.failure == .forged ? "the program wrote to the answer channel itself\n" : ""
        return outcome(tests.first { $0.verdict != .ok }?.verdict ?? last, tests, words: accusation + words)
    }
}

// MARK: - Programs

extension Trial {
    private func runs(
        _ cases: [TestSuite.IOCase],
        _ comparison: TestSuite.Comparison
    ) async throws -> ExecutionResult {
        var remaining = limits.wall
        if let check = toolchain.profile.check {
            let task = toolchain.task(check, source: job.source, limits: limits)
            let end = try await backend.outcome(of: task)
            if end.ending != .exited(0) {
                return outcome(.compileError, words: PlainText.diagnostics(end.errors))
            }
            remaining -= end.elapsed
        }
        var tests: [ExecutionResult.Test] = []
        var words = ""
        for test in cases {
            var task = toolchain.task(toolchain.profile.run, source: job.source, limits: limits)
            task.limits.wall = max(remaining, .milliseconds(1))
            task.input = Array(test.input.utf8)
            if toolchain.profile.leavesNotes { task.channel = .note }
            let end = try await backend.outcome(of: task)
            remaining -= end.elapsed
            if end.note == Array("syntax".utf8) {
                return outcome(.compileError, words: PlainText.diagnostics(end.errors))
            }
            let verdict = verdict(on: end, expecting: test.expected, comparison)
            let got = PlainText.brief(String(decoding: end.output.prefix(4096), as: UTF8.self))
            tests.append(ExecutionResult.Test(verdict, got: got))
            if verdict != .ok, words.isEmpty { words = PlainText.diagnostics(end.errors) }
            // A program that hangs or dies does so again, and each time costs its limit.
            if ![.ok, .wrongAnswer, .runtimeError].contains(verdict) { break }
        }
        return outcome(tests.first { $0.verdict != .ok }?.verdict ?? .ok, tests, words: words)
    }

    private func verdict(
        on end: CellOutcome,
        expecting expected: String,
        _ comparison: TestSuite.Comparison
    ) -> ExecutionResult.Verdict {
        switch end.ending {
        case .stopped(let stop): return Self.verdict(for: stop)
        case .exited(0):
            return OutputComparison.matches(end.output, expected, by: comparison) ? .ok : .wrongAnswer
        case .exited(let code):
            if let words = toolchain.profile.outOfMemoryWords,
                Self.lastLine(of: end.errors).starts(with: words.utf8)
            {
                return .memoryLimit
            }
            return ExitReading.verdict(code: code, otherwise: .runtimeError)
        }
    }

    private static func lastLine(of text: [UInt8]) -> ArraySlice<UInt8> {
        text.split(separator: UInt8(ascii: "\n")).last ?? []
    }
}
