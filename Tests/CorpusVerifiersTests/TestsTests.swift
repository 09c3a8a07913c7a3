import CorpusKit
import CorpusTesting
import CorpusVerifiers
import Testing

@Suite("Hidden tests")
struct TestsTests {
    private static let suite: JSONValue = [
        "kind": "call", "entry_point": "triple",
        "cases": [["args": [1], "expect": 3], ["args": [2], "expect": 6]],
    ]
    private let draft = sample(["code": "def triple(n):\n    return 3 * n\n", "tests": TestsTests.suite])

    @Test("Code that passes while the stub fails is believed")
    func passes() async throws {
        let host = ScriptedHost(verdicts: [.ok, .wrongAnswer])

        let verdict = try await single("tests").verdict(on: draft, in: host.context())

        #expect(verdict.outcome == .pass)
        #expect(verdict.score == 1)
        #expect(
            verdict.detail == [
                "verdict": "ok", "passed": 2, "total": 2, "isolation": "full", "toolchain": "python 3",
                "control": "failed",
            ]
        )
    }

    @Test(
        "A way of failing has its reason code",
        arguments: [
            (ExecutionResult.Verdict.wrongAnswer, "test-failed"), (.runtimeError, "runtime-error"),
            (.earlyExit, "early-exit"), (.signal, "signal"), (.compileError, "syntax-error"),
            (.timeout, "timeout"), (.cpuLimit, "cpu-limit"), (.memoryLimit, "memory-limit"),
            (.outputLimit, "output-limit"),
        ]
    )
    func reasons(verdict: ExecutionResult.Verdict, reason: String) async throws {
        let host = ScriptedHost(verdicts: [verdict])

        let answer = try await single("tests").verdict(on: draft, in: host.context())
        let named = BuiltInVerifiers.all.first { $0.manifest.name == "tests" }?.manifest.reasons

        #expect(answer.outcome == .fail(ReasonCode(reason)))
        #expect(named?.contains(ReasonCode(reason)) == true)
        #expect(answer.score == 0.5)
        #expect(answer.detail["verdict"] == .string(verdict.rawValue))
        #expect(host.jobs.count == 1, "the control is for drafts that pass")
    }

    @Test("A suite that the empty stub passes is vacuous")
    func vacuous() async throws {
        let host = ScriptedHost(verdicts: [.ok])

        let verdict = try await single("tests").verdict(on: draft, in: host.context())

        #expect(verdict.outcome == .fail("vacuous-test"))
        #expect(host.jobs.map(\.source).last == "def triple(*args, **kwargs):\n    return None\n")
        #expect(host.jobs.map(\.tests).first == host.jobs.map(\.tests).last)
    }

    @Test("The control can be turned off")
    func controlsOff() async throws {
        let host = ScriptedHost(verdicts: [.ok])

        let verdict = try await single("tests", ["controls": false]).verdict(on: draft, in: host.context())

        #expect(verdict.outcome == .pass)
        #expect(verdict.detail["control"] == "off")
        #expect(host.jobs.count == 1)
    }

    @Test("A language without a stub is tested without control")
    func noStub() async throws {
        let host = ScriptedHost(verdicts: [.ok])
        let rust = sample(["code": "fn triple() {}", "tests": Self.suite, "language": "rust"])

        let verdict = try await single("tests").verdict(on: rust, in: host.context())

        #expect(verdict.outcome == .pass)
        #expect(verdict.detail["control"] == "unknown")
    }

    @Test("A result that ran no test is no pass")
    func nothingRan() async throws {
        let empty = ExecutionResult(.ok, tests: [], total: 0, isolation: "full", toolchain: "python 3")
        let host = ScriptedHost(replies: [], results: [empty])

        let verdict = try await single("tests").verdict(on: draft, in: host.context())

        #expect(verdict.outcome == .fail("test-failed"))
    }

    @Test("The job carries language, code and limits")
    func job() async throws {
        let host = ScriptedHost(verdicts: [.wrongAnswer])
        let labelled = sample(
            ["code": "x", "tests": Self.suite, "language": "ruby"],
            labels: ["language": "go"]
        )

        _ = try await single("tests", ["wall_ms": 1500, "memory_mib": 64]).verdict(
            on: labelled,
            in: host.context()
        )

        let job = try #require(host.jobs.first)
        #expect(job.language == "go")
        #expect(job.source == "x")
        #expect(job.limits == ExecutionLimits(wallMilliseconds: 1500, memoryMiB: 64))
    }

    @Test(
        "A broken world is a failure of work, not a verdict",
        arguments: [
            (ExecutionResult.Verdict.unavailable, "toolchain-missing"), (.sandboxError, "sandbox-error"),
        ]
    )
    func brokenWorld(verdict: ExecutionResult.Verdict, code: String) async throws {
        let host = ScriptedHost(verdicts: [verdict])
        let tests = try single("tests")

        let failure = await #expect(throws: WorkFailure.self) {
            try await tests.verdict(on: draft, in: host.context())
        }

        #expect(failure?.code == ReasonCode(code))
    }

    @Test(
        "What cannot be tested is skipped with its reason",
        arguments: [
            (["code": "x"], "missing-field"),
            (["tests": TestsTests.suite], "missing-field"),
            (["code": " \n", "tests": TestsTests.suite], "missing-field"),
            (["code": "x", "tests": ["kind": "call"]], "format-broken"),
        ] as [([String: JSONValue], String)]
    )
    func unusable(fields: [String: JSONValue], reason: String) async throws {
        let host = ScriptedHost(verdicts: [.ok])
        let tests = try single("tests")

        let skip = await #expect(throws: Skip.self) {
            try await tests.verdict(on: sample(fields), in: host.context())
        }

        #expect(skip?.reason == ReasonCode(reason))
    }

    @Test(
        "Impossible limits are refused",
        arguments: [
            (["wall_ms": 0], "option `wall_ms` must be between 1 and 600000, not 0"),
            (["memory_mib": 1], "option `memory_mib` must be between 16 and 65536, not 1"),
        ] as [(JSONValue, String)]
    )
    func badOptions(options: JSONValue, message: String) {
        let error = #expect(throws: BadOption.self) { try single("tests", options) }
        #expect(error?.description == message)
    }

    @Test("Programs get stubs that print nothing", arguments: ["python", "c", "java", "bash", "rust"])
    func programStub(language: String) async throws {
        let host = ScriptedHost(verdicts: [.ok, .wrongAnswer])
        let suite: JSONValue = ["kind": "io", "cases": [["stdin": "1", "stdout": "2"]]]

        let verdict = try await single("tests").verdict(
            on: sample(["code": "x", "tests": suite, "language": .string(language)]),
            in: host.context()
        )

        #expect(verdict.detail["control"] == "failed")
        #expect(host.jobs.count == 2)
    }
}
