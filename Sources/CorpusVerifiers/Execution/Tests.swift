import CorpusKit

/// Runs a draft's code against its hidden tests in the sandbox.
///
/// Passes a draft whose code passes every test, of which there must be at least one. The *control* guards against
/// tests that demand nothing: an empty stub, a function that returns nothing or a program that prints nothing, must
/// fail the same suite. It runs for drafts that pass, once for each task.
///
/// A draft that fails is dropped with the verdict of the sandbox in kebab case, such as `early-exit`, but for two old
/// names: `test-failed` is a wrong answer, `syntax-error` a program that does not compile.
///
/// - Fields: `code`, `tests`; the language is the label or field `language`, or `python`.
/// - Evidence detail: `verdict`, `passed`, `total`, `isolation`, `toolchain`, and `control` (`failed` as it should,
///   `passed`, `unknown` for a language without a stub, or `off`).
struct Tests: VerifierPlugin, Verifier {
    struct Options: PluginOptions {
        var wallMilliseconds = 10_000
        var memoryMiB = 512
        var controls = true

        static let meanings = [
            "wall_ms": "Wall time of all tests of one draft, in milliseconds, 1 to 600000.",
            "memory_mib": "Memory of one process, in MiB, 16 to 65536.",
            "controls": "Whether tests that an empty stub passes are refused.",
        ]

        private enum CodingKeys: String, CodingKey {
            case wallMilliseconds = "wall_ms"
            case memoryMiB = "memory_mib"
            case controls
        }
    }

    static let manifest = Manifest(
        name: "tests",
        version: 2,
        summary: "Runs the code against hidden tests, which an empty stub must fail",
        needs: [.sandbox],
        requires: ["code", "tests"],
        reasons: [
            "test-failed", "syntax-error", "runtime-error", "timeout", "cpu-limit", "memory-limit",
            "output-limit", "signal", "early-exit", "vacuous-test", "missing-field", "format-broken",
            "unsupported-tests",
        ]
    )

    private let limits: ExecutionLimits
    private let controls: Bool

    static func make(options: Options, roles: Set<String>, setup: PluginSetup) throws -> VerifierKind {
        .single(try Tests(options: options))
    }

    init(options: Options) throws {
        limits = try ExecutionLimits(
            wallMilliseconds: options.wallMilliseconds,
            checkedMemoryMiB: options.memoryMiB
        )
        controls = options.controls
    }

    func verdict(on draft: Sample, in context: PluginContext) async throws -> Verdict {
        let task = try TestedTask(draft.content, limits: limits)
        guard let code = draft.content.fields["code"]?.text, code.contains(where: { !$0.isWhitespace }) else {
            throw Skip("missing-field", "the draft has no `code` to test")
        }
        let result = try await task.run(code, in: context)
        var detail: [String: JSONValue] = [
            "verdict": .string(result.verdict.rawValue), "passed": .int(result.passed),
            "total": .int(result.total),
            "isolation": .string(result.isolation), "toolchain": .string(result.toolchain),
        ]
        let score = result.total > 0 ? Double(result.passed) / Double(result.total) : 0
        let tally = "\(result.passed) of \(counted(result.total, "test")) passed"
        guard TestedTask.isPass(result) else {
            let reason = Self.reason(for: result.verdict)
            return Verdict(
                .fail(reason),
                "\(tally); \(Self.words(result))",
                score: score,
                detail: detail
            )
        }
        let control = try await controlOutcome(of: task, in: context)
        detail["control"] = .string(control.rawValue)
        guard control != .passed else {
            return Verdict(
                .fail("vacuous-test"),
                "an empty stub passes all tests",
                score: score,
                detail: detail
            )
        }
        return Verdict(.pass, tally, score: score, detail: detail)
    }

    private enum Control: String {
        case passed, failed, unknown, off
    }

    private func controlOutcome(of task: TestedTask, in context: PluginContext) async throws -> Control {
        guard controls else { return .off }
        guard let stub = EmptyStub.source(for: task.tests, in: task.language) else { return .unknown }
        return TestedTask.isPass(try await task.run(stub, in: context)) ? .passed : .failed
    }

    /// The reason code that stands for a way of failing.
    private static func reason(for verdict: ExecutionResult.Verdict) -> ReasonCode {
        switch verdict {
        case .compileError: "syntax-error"
        case .runtimeError: "runtime-error"
        case .timeout: "timeout"
        case .cpuLimit: "cpu-limit"
        case .memoryLimit: "memory-limit"
        case .outputLimit: "output-limit"
        case .signal: "signal"
        case .earlyExit: "early-exit"
        // An `ok` that is no pass ran no test; the last two say nothing about the program and never get here.
        case .ok, .wrongAnswer, .unavailable, .sandboxError: "test-failed"
        }
    }

    /// How the program failed, with its own last words or its first wrong answer; what was expected stays hidden.
    private static func words(_ result: ExecutionResult) -> String {
        let way = result.verdict.rawValue.split(separator: "_").joined(separator: " ")
        switch result.verdict {
        case .runtimeError, .compileError:
            let last = result.diagnostics.textLines.last { $0.contains { !$0.isWhitespace } }
            return last.map { "\(way): \($0.prefix(200))" } ?? way
        case .wrongAnswer:
            guard let place = result.tests.firstIndex(where: { $0.verdict == .wrongAnswer }),
                let got = result.tests[place].got
            else { return way }
            return "\(way): test \(place + 1) got \(got.prefix(100))"
        default: return way
        }
    }
}

extension Tests {
    static let selfChecks = [
        SelfCheck(
            "code that passes while the stub fails is believed",
            seed: square,
            executions: [.ok, .wrongAnswer],
            expects: .accepts("n * n")
        ),
        SelfCheck(
            "code that fails a test is refused",
            seed: square,
            executions: [.wrongAnswer],
            expects: .refuses("test-failed")
        ),
        SelfCheck(
            "code that crashes is told apart from code that answers wrongly",
            seed: square,
            executions: [.runtimeError],
            expects: .refuses("runtime-error")
        ),
        SelfCheck(
            "tests that the stub passes prove nothing",
            seed: square,
            executions: [.ok, .ok],
            expects: .refuses("vacuous-test")
        ),
    ]

    private static let square = Seed(
        id: "square",
        fields: [
            "code": "def square(n):\n    return n * n\n",
            "tests": ["kind": "call", "entry_point": "square", "cases": [["args": [3], "expect": 9]]],
        ]
    )
}
