public import CorpusKit

/// Runs untrusted programs against hidden tests, each program in a cell that nothing of another one is in.
///
/// The verdict is made outside the cell: what is expected never enters it. Calls and their arguments go in one at a
/// time, plain data comes out, and a test passes only by an answer of its own. For `io` tests each case is a
/// process.
///
/// Get one from ``SandboxProbe/sandbox()``, which knows what the machine can do.
public final class CellSandbox: Sandbox {
    private let backend: any CellBackend
    private let search: ToolchainSearch

    init(
        backend: any CellBackend,
        profiles: [LanguageProfile] = LanguageProfile.builtIn,
        searchPath: [String] = []
    ) {
        self.backend = backend
        search = ToolchainSearch(profiles: profiles, backend: backend, searchPath: searchPath)
    }

    /// The level that isolates programs.
    public var level: IsolationLevel { backend.isolation }

    /// The level's name.
    public var isolation: String { backend.isolation.rawValue }

    /// Raised whenever one and the same program could be judged otherwise: with the drivers, the comparison, the limits
    /// that jobs do not name, and the meaning of verdicts.
    public var harness: String { "corpusmith 2" }

    /// Whether a profile says how to run such tests.
    public func canRun(_ kind: TestSuite.Kind, in language: String) -> Bool {
        search.canRun(kind, in: language)
    }

    /// Name and version of what runs a language, for example `python 3.11.2`; nil when its toolchain is missing.
    ///
    /// - Throws: ``WorkFailure`` with `toolchain-missing` when the only one lies in a home folder, and with
    ///   `sandbox-error` when the cell failed twice; `CancellationError`.
    public func toolchain(for language: String) async throws -> String? {
        try await twice { try await search.toolchain(for: language)?.description }
    }

    /// Runs a job; equal jobs give equal results as long as the program itself does.
    ///
    /// - Throws: ``WorkFailure`` as for ``toolchain(for:)``, `CancellationError`.
    public func run(_ job: ExecutionJob) async throws -> ExecutionResult {
        try await twice { try await attempt(job) }
    }

    private func twice<Value>(_ attempt: () async throws -> Value) async throws -> Value {
        do {
            return try await attempt()
        } catch is CellFault {
            do {
                return try await attempt()
            } catch let fault as CellFault {
                throw WorkFailure(
                    "sandbox-error",
                    "the sandbox could not run a program: \(fault)",
                    hint: "`corpusmith doctor` says what the sandbox needs"
                )
            }
        }
    }

    private func attempt(_ job: ExecutionJob) async throws -> ExecutionResult {
        // Without a test nothing can be proved, and what is not proved is not passed.
        precondition(job.tests.count > 0, "a job needs at least one test")
        guard let toolchain = try await search.toolchain(for: job.language) else {
            return ExecutionResult(
                .unavailable,
                total: job.tests.count,
                isolation: isolation,
                diagnostics: "no toolchain for `\(job.language)`",
                toolchain: ""
            )
        }
        let trial = Trial(job: job, toolchain: toolchain, backend: backend)
        return try await trial.result()
    }
}
