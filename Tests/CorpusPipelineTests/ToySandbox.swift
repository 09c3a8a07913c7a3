import CorpusKit
import Synchronization

/// Passes every program whose text ends in an even digit, and counts what it runs.
final class ToySandbox: Sandbox {
    private let jobs = Mutex<[ExecutionJob: Int]>([:])

    let isolation = "none"
    let harness = "toy 1"

    /// How many programs were run.
    var runs: Int { jobs.withLock { $0.values.reduce(0, +) } }
    /// How many programs were run more than once.
    var ranTwice: Int { jobs.withLock { $0.values.count { $0 > 1 } } }

    func canRun(_ kind: TestSuite.Kind, in language: String) -> Bool { true }

    func toolchain(for language: String) async throws -> String? { "toy 1" }

    func run(_ job: ExecutionJob) async throws -> ExecutionResult {
        jobs.withLock { $0[job, default: 0] += 1 }
        for _ in 0..<10 { await Task.yield() }
        let isEven = job.source.last?.wholeNumberValue?.isMultiple(of: 2) ?? false
        let verdict: ExecutionResult.Verdict = isEven ? .ok : .wrongAnswer
        return ExecutionResult(
            verdict,
            tests: [.init(verdict)],
            total: 1,
            isolation: isolation,
            toolchain: "toy 1"
        )
    }
}

/// Passes answers that the sandbox passes.
struct ToyRun: VerifierPlugin, Verifier {
    struct Options: PluginOptions {
        /// Changes the stage and none of its jobs.
        var note = ""
    }

    static let manifest = Manifest(
        name: "toy-run",
        version: 1,
        summary: "runs answers",
        needs: [.sandbox],
        requires: ["code"]
    )
    static let selfChecks: [SelfCheck] = []

    static func make(options: Options, roles: Set<String>, setup: PluginSetup) throws -> VerifierKind {
        .single(ToyRun())
    }

    static func job(_ source: String) -> ExecutionJob {
        ExecutionJob(
            language: "toy",
            source: source,
            tests: .io(cases: [.init(input: "", expected: "")], comparison: .exact)
        )
    }

    func verdict(on draft: Sample, in context: PluginContext) async throws -> Verdict {
        let result = try await context.run(Self.job(draft.content.fields["code"]?.text ?? ""))
        return result.verdict == .ok ? Verdict(.pass, score: 1) : Verdict(.fail("test-failed"), "odd")
    }
}
