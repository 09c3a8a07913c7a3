import CorpusKit
import Testing

@testable import CorpusSandbox

@Suite("Smoke")
struct Smoke {
    @Test func smoke() async throws {
        let probe = SandboxProbe()
        let report = await probe.report()
        print(report)
        let sandbox = try await probe.sandbox()
        print(await sandbox.toolchain(for: "python") ?? "-", await sandbox.toolchain(for: "bash") ?? "-")
        let suite = TestSuite.call(entryPoint: "f", cases: [.init(arguments: [1, 2], expected: 3), .init(arguments: ["a", "b"], expected: "ab")], comparison: .exact)
        print(try await sandbox.run(ExecutionJob(language: "python", source: "def f(a, b):\n    return a + b\n", tests: suite)))
    }
}
