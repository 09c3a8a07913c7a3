import CorpusKit
import Foundation

@testable import CorpusSandbox

/// The sandbox that the tests share, and short ways to use it.
enum Workshop {
    private static let oneshot = Result { () throws(CellFault) in
        try CellLoop(launcher: BubblewrapLauncher(path: "/usr/bin/bwrap"), width: 4)
    }

    private static let kept = Result { () throws(CellFault) in
        try CellLoop(keeper: KeeperProgram(path: KeeperProgram.expectedPath), width: 4)
    }

    /// The levels with walls; a machine that gives one of them gives both.
    static let levels = [IsolationLevel.oneshot, .full]

    static func cells(at level: IsolationLevel) throws -> any CellBackend {
        try (level == .full ? kept : oneshot).get()
    }

    static func sandbox(at level: IsolationLevel) throws -> CellSandbox {
        CellSandbox(backend: try cells(at: level))
    }

    /// Time enough for an honest program on a machine that is busy with other tests.
    static let patient = ExecutionLimits(wallMilliseconds: 60_000)

    /// Files that hostile programs try to leave on the machine.
    static let traces = [
        "/tmp/corpusmith-breach", "/var/tmp/corpusmith-breach", "/dev/shm/corpusmith-breach",
    ]

    /// Runs Python with `call` tests: pairs of arguments and what is expected.
    static func call(
        _ source: String,
        _ cases: [([JSONValue], JSONValue)],
        entryPoint: String = "f",
        comparison: TestSuite.Comparison = .exact,
        limits: ExecutionLimits = patient,
        at level: IsolationLevel = .full
    ) async throws -> ExecutionResult {
        let rows = cases.map { TestSuite.CallCase(arguments: $0.0, expected: $0.1) }
        let suite = TestSuite.call(entryPoint: entryPoint, cases: rows, comparison: comparison)
        return try await sandbox(at: level).run(
            ExecutionJob(language: "python", source: source, tests: suite, limits: limits)
        )
    }

    /// Runs a program with `io` tests: pairs of input and what is expected.
    static func io(
        _ source: String,
        _ cases: [(String, String)],
        language: String = "python",
        comparison: TestSuite.Comparison = .exact,
        limits: ExecutionLimits = patient,
        at level: IsolationLevel = .full
    ) async throws -> ExecutionResult {
        let rows = cases.map { TestSuite.IOCase(input: $0.0, expected: $0.1) }
        return try await sandbox(at: level).run(
            ExecutionJob(
                language: language,
                source: source,
                tests: .io(cases: rows, comparison: comparison),
                limits: limits
            )
        )
    }
}

extension Workshop {
    /// Whether this machine gives cells at all.
    static var isUsable: Bool {
        get async { await SandboxProbe(keeper: "/nowhere").report().level == .oneshot }
    }
}
