import CorpusKit
import Foundation
import Synchronization
import Testing

@testable import CorpusSandbox

@Suite("Programs in cells", .enabled("bubblewrap works on this machine") { await Workshop.isUsable })
struct CellSandboxTests {
    private static let quick = ExecutionLimits(wallMilliseconds: 3_000)

    @Test("The record names level and toolchain", arguments: Workshop.levels)
    func record(level: IsolationLevel) async throws {
        let result = try await Workshop.call(
            "def f(a, b): return a + b",
            [([1, 2], 3), (["a", "b"], "ab")],
            at: level
        )
        let toolchain = try await Workshop.sandbox(at: level).toolchain(for: "python")

        #expect(result.verdict == .ok)
        #expect(result.passed == 2)
        #expect(result.isolation == level.rawValue)
        #expect(result.toolchain == toolchain)
        #expect(toolchain?.hasPrefix("python 3.") == true)
    }

    @Test(
        "Every way to end has its verdict",
        arguments: Workshop.levels,
        [
            ("def f(x): return x", ExecutionResult.Verdict.ok, ["1", "[2,{\"a\":null}]"]),
            ("def f(x): return 1", .wrongAnswer, ["1", "1"]),
            ("def f(x): return (x,)[0]", .ok, ["1", "[2,{\"a\":null}]"]),
            ("def f(x): return [x]", .wrongAnswer, ["[1]", "[[2,{\"a\":null}]]"]),
            ("def f(x: return x", .compileError, []),
            ("def f(x):\n\treturn 1\n        return 2", .compileError, []),
            ("x = '\u{0}'", .compileError, []), ("raise ValueError('no')", .runtimeError, []),
            ("import nothing_of_the_kind", .runtimeError, []), ("", .runtimeError, []),
            (
                "def f(x): return 1 // 0", .runtimeError,
                ["ZeroDivisionError: integer division or modulo by zero"]
            ),
            (
                "def f(): return 1", .runtimeError,
                ["TypeError: f() takes 0 positional arguments but 1 was given"]
            ),
            ("def f(x): return {1, 2}", .wrongAnswer, ["<a value of type set>"]),
            ("def f(x): return f", .wrongAnswer, ["<a value of type function>"]),
            ("def f(x): return b'1'", .wrongAnswer, ["<a value of type bytes>"]),
            ("def f(x): return 2 ** 64", .wrongAnswer, ["18446744073709551616"]),
            ("def f(x): return float('inf')", .wrongAnswer, ["inf"]),
            ("def f(x): return {1: 2, '3': (4,)}", .wrongAnswer, ["{\"1\":2,\"3\":[4]}"]),
            (
                "def f(x): return {1: 2, '1': 3}", .wrongAnswer,
                ["<a mapping with keys that JSON cannot tell apart>"]
            ),
            ("def f(x): return {None: 2}", .wrongAnswer, ["<a mapping with keys of type NoneType>"]),
            ("def f(x): return 'x' * 10**7", .outputLimit, []), ("def f(x): exit()", .earlyExit, []),
            ("def f(x): return bytearray(1 << 40)", .memoryLimit, []),
            ("import os, signal\ndef f(x): os.kill(os.getpid(), signal.SIGSEGV)", .signal, []),
            (
                "import dataclasses\n@dataclasses.dataclass\nclass P:\n    x: int\ndef f(x): return P(x).x",
                .ok, ["1", "[2,{\"a\":null}]"]
            ),
            ("if __name__ == '__main__': input()\ndef f(x): return x", .ok, ["1", "[2,{\"a\":null}]"]),
        ]
    )
    func verdicts(
        level: IsolationLevel,
        row: (source: String, verdict: ExecutionResult.Verdict, got: [String])
    ) async throws {
        let result = try await Workshop.call(
            row.source,
            [([1], 1), ([[2, ["a": nil]]], [2, ["a": nil]])],
            at: level
        )

        #expect(result.verdict == row.verdict, "\(result)")
        #expect(Array(result.tests.compactMap(\.got).prefix(row.got.count)) == row.got)
        #expect(result.total == 2)
    }

    @Test("A program that hangs is stopped at its test, and those before it count")
    func timeout() async throws {
        let source = "def f(x):\n    while x == 2: pass\n    return x"

        let result = try await Workshop.call(source, [([1], 1), ([2], 2), ([3], 3)], limits: Self.quick)

        #expect(result.verdict == .timeout)
        #expect(result.tests.map(\.verdict) == [.ok, .timeout])
        #expect(result.passed == 1)
    }

    @Test("Failing tests do not hide passing ones")
    func countsAll() async throws {
        let result = try await Workshop.call(
            "def f(x): return 6 // x",
            [([0], 0), ([2], 3), ([3], 3), ([6], 1)]
        )

        #expect(result.verdict == .runtimeError)
        #expect(result.tests.map(\.verdict) == [.runtimeError, .ok, .wrongAnswer, .ok])
    }

    @Test("Random values go through the cell and come back as they were")
    func roundTrip() async throws {
        var random = RandomStream(seed: 3, purpose: ["round trip"])
        var values: [JSONValue] = [
            .int(.max), .int(.min), .double(.leastNonzeroMagnitude), .double(-1.7976931348623157e308),
            .double(-0.0),
            "\u{2028}\u{7F}",
            "🂡é\u{0}\u{1F}\\\"", ["": ["": [[:], []]]], ["int": "1", "float": "nan"], ["map": [1]],
            try JSONValue(parsing: "[1180591620717411303427,-1180591620717411303427,{\"9\":12e30}]"),
            try JSONValue(parsing: String(repeating: "9", count: TestSuite.mostDigits)),
            (0..<TestSuite.deepestNesting).reduce(7) { inner, _ in [inner] },
            (0..<TestSuite.deepestNesting).reduce(7) { inner, _ in ["key": inner] },
        ]
        for _ in 0..<100 {
            let scalars = (0..<random.below(6)).compactMap { _ in
                Unicode.Scalar(UInt32(random.below(0x11_0000)))
            }
            values.append([
                .string(String(String.UnicodeScalarView(scalars))),
                .int(Int(truncatingIfNeeded: random.next())),
            ])
            let real = Double(bitPattern: random.next())
            if real.isFinite { values.append(.double(real)) }
        }

        let result = try await Workshop.call("def f(x): return x", values.map { ([$0], $0) })

        #expect(result.passed == values.count, "\(result.tests.first { $0.verdict != .ok }?.got ?? "")")
    }

    @Test("Equal jobs give equal results, also where hashes and addresses are shown")
    func determinism() async throws {
        let source =
            "def f(x):\n    import sys\n    print(object(), file=sys.stderr)\n    return str([*{'a', 'b', 'c', 'd'}, f])"

        let first = try await Workshop.call(source, [([1], 1)])
        let second = try await Workshop.call(source, [([1], 1)])

        #expect(first == second)
        #expect(first.diagnostics == "<object object at 0x…>\n")
    }

    @Test("Diagnostics show the program's own lines and nothing of the driver")
    func diagnostics() async throws {
        let call = try await Workshop.call("def f(x):\n    return x.nothing", [([1], 1)])
        let io = try await Workshop.io("print(1)\nraise ValueError('no')", [("", "1")])
        let syntax = try await Workshop.io("x = = 1", [("", "")])

        #expect(call.diagnostics.contains("File \"/tmp/w/main.py\", line 2, in f\n    return x.nothing"))
        #expect(!call.diagnostics.contains("<string>"))
        #expect(
            io.diagnostics
                == """
                Traceback (most recent call last):
                  File "/tmp/w/main.py", line 2, in <module>
                    raise ValueError('no')
                ValueError: no

                """
        )
        #expect(syntax.verdict == .compileError)
        #expect(syntax.diagnostics.contains("line 1\n    x = = 1"))
        #expect(syntax.diagnostics.hasPrefix("  File \"/tmp/w/main.py\""))
    }

    @Test("Programs read their input and print, each case in a process of its own")
    func inputAndOutput() async throws {
        let source = "import sys\ndata = sys.stdin.read()\nprint(len(data), data.strip()[-3:])\nexit()"
        let long = String(repeating: "abc\n", count: 60_000)

        let result = try await Workshop.io(
            source,
            [("xyz", "3 xyz"), (long, "240000 abc\n\n"), ("", "0 "), ("a", "2")]
        )

        #expect(result.tests.map(\.verdict) == [.ok, .ok, .ok, .wrongAnswer], "\(result)")
        #expect(result.verdict == .wrongAnswer)
    }

    @Test(
        "Programs end with their verdict",
        arguments: Workshop.levels,
        [
            ("print(1", ExecutionResult.Verdict.compileError),
            ("import sys\nprint(1)\nsys.exit(3)", .runtimeError),
            ("print(1)\nraise KeyError", .runtimeError), ("x = bytearray(1 << 40)", .memoryLimit),
            ("import os\nos.abort()", .signal), ("print('1' * (2 << 20))", .outputLimit), ("print(1)", .ok),
            ("import os\nos.write(1, b'1')\nos._exit(0)", .ok), ("if __name__ == '__main__': print(1)", .ok),
        ]
    )
    func programVerdicts(
        level: IsolationLevel,
        row: (source: String, verdict: ExecutionResult.Verdict)
    ) async throws {
        let result = try await Workshop.io(row.source, [("", "1")], at: level)

        #expect(result.verdict == row.verdict, "\(result)")
    }

    @Test(
        "A second language is nothing but a profile",
        arguments: [
            ("read a b\necho $((a + b))", ExecutionResult.Verdict.ok), ("echo 4", .wrongAnswer),
            ("if then", .compileError),
            ("echo 3; exit 3", .runtimeError), ("kill -ABRT $$", .signal), ("while :; do :; done", .timeout),
        ]
    )
    func bash(source: String, verdict: ExecutionResult.Verdict) async throws {
        let limits = verdict == .timeout ? Self.quick : Workshop.patient
        let result = try await Workshop.io(source, [("1 2", "3")], language: "bash", limits: limits)

        #expect(result.verdict == verdict, "\(result)")
        #expect(result.toolchain.hasPrefix("bash "))
    }

    @Test("A language without toolchain or driver is unavailable, not wrong")
    func unavailable() async throws {
        let calls = TestSuite.call(
            entryPoint: "f",
            cases: [.init(arguments: [], expected: 1)],
            comparison: .exact
        )

        let unknown = try await Workshop.io("1", [("", "")], language: "befunge")
        let undriven = try await Workshop.sandbox(at: .full).run(
            ExecutionJob(language: "bash", source: "", tests: calls)
        )
        let none = try await Workshop.sandbox(at: .full).toolchain(for: "befunge")

        #expect(unknown.verdict == .unavailable)
        #expect(unknown.total == 1)
        #expect(undriven.verdict == .unavailable)
        #expect(none == nil)
        let sandbox = try Workshop.sandbox(at: .full)
        #expect(!sandbox.canRun(.io, in: "befunge"))
        #expect(!sandbox.canRun(.call, in: "bash"))
        #expect(sandbox.canRun(.io, in: "bash"))
        #expect(sandbox.canRun(.call, in: "python"))
    }

    @Test(
        "Cancellation ends a running program and all that it started",
        .timeLimit(.minutes(5)),
        arguments: zip(Workshop.levels, ["86396", "86397"])
    )
    func cancellation(level: IsolationLevel, seconds: String) async throws {
        func sleepers() throws -> [String] {
            try FileManager.default.contentsOfDirectory(atPath: "/proc").filter { name in
                let command = FileManager.default.contents(atPath: "/proc/\(name)/cmdline") ?? Data()
                return String(decoding: command, as: UTF8.self) == "sleep\u{0}\(seconds)\u{0}"
            }
        }
        let source = "import os\nos.fork()\nos.execv('/bin/sleep', ['sleep', '\(seconds)'])"

        let wasCancelled = try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                do {
                    // Longer than the test may take: nothing but the cancellation can end it.
                    _ = try await Workshop.io(
                        source,
                        [("", "")],
                        limits: .init(wallMilliseconds: 600_000),
                        at: level
                    )
                    return false
                } catch is CancellationError {
                    return true
                }
            }
            while try sleepers().count < 2 {
                try Task.checkCancellation()
                await Task.yield()
            }
            group.cancelAll()
            return try await group.next() ?? false
        }

        #expect(wasCancelled)
        #expect(try sleepers().isEmpty)
    }

    @Test("More jobs than places wait their turn", .timeLimit(.minutes(5)), arguments: Workshop.levels)
    func narrow(level: IsolationLevel) async throws {
        let cells =
            level == .full
            ? try CellLoop(keeper: KeeperProgram(path: KeeperProgram.expectedPath), width: 1)
            : try CellLoop(launcher: BubblewrapLauncher(path: "/usr/bin/bwrap"), width: 1)
        let sandbox = CellSandbox(backend: cells)
        let tests = TestSuite.io(cases: [.init(input: "", expected: "1")], comparison: .exact)

        let passed = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<6 {
                group.addTask {
                    try await sandbox.run(ExecutionJob(language: "bash", source: "echo 1", tests: tests))
                        .passed
                }
            }
            return try await group.reduce(0, +)
        }

        #expect(passed == 6)
    }

    @Test("Without walls the verdicts are the same, and the record says so")
    func unwalled() async throws {
        let sandbox = CellSandbox(backend: try CellLoop(launcher: UnwalledLauncher(), width: 2))
        let call = TestSuite.call(
            entryPoint: "f",
            cases: [.init(arguments: [2], expected: 4)],
            comparison: .exact
        )
        let io = TestSuite.io(cases: [.init(input: "2", expected: "4")], comparison: .exact)
        func run(
            _ source: String,
            _ tests: TestSuite,
            limits: ExecutionLimits = Workshop.patient
        ) async throws -> ExecutionResult {
            try await sandbox.run(
                ExecutionJob(language: "python", source: source, tests: tests, limits: limits)
            )
        }

        let right = try await run("def f(x): return x + 2", call)
        let printed = try await run("print(int(input()) + 2)", io)
        let endless = try await run("while True: pass", io, limits: Self.quick)
        let crashed = try await run("import os\nos.abort()", io)
        let greedy = try await run("x = bytearray(1 << 40)", io)

        #expect(right.verdict == .ok)
        #expect(right.isolation == "none")
        #expect(printed.verdict == .ok, "\(printed)")
        #expect(endless.verdict == .timeout)
        #expect(crashed.verdict == .signal)
        #expect(greedy.verdict == .memoryLimit)
    }
}

@Suite("Faults of the sandbox")
struct SandboxFaultTests {
    /// A backend that fails a number of times, then reports a program that printed `1`.
    private final class Shaky: CellBackend {
        let isolation = IsolationLevel.oneshot
        private let failures: Mutex<Int>

        init(failures: Int) { self.failures = Mutex(failures) }

        func outcome(of task: CellTask) async throws -> CellOutcome {
            if task.command.contains("--version") { return outcome("Python 3.9.9\n") }
            let fails = failures.withLock { count in
                count -= 1
                return count >= 0
            }
            if fails { throw CellFault("bubblewrap broke") }
            return outcome("1\n")
        }

        private func outcome(_ text: String) -> CellOutcome {
            CellOutcome(
                ending: .exited(0),
                output: Array(text.utf8),
                errors: [],
                note: [],
                harness: nil,
                elapsed: .zero
            )
        }
    }

    private static let job = ExecutionJob(
        language: "python",
        source: "print(1)",
        tests: .io(cases: [.init(input: "", expected: "1")], comparison: .exact)
    )

    @Test("One fault is tried again and never counted against the program")
    func oneFault() async throws {
        let result = try await CellSandbox(backend: Shaky(failures: 1)).run(Self.job)

        #expect(result.verdict == .ok)
    }

    @Test("Two faults in a row are an error of the world")
    func twoFaults() async throws {
        let sandbox = CellSandbox(backend: Shaky(failures: 2))

        let failure = await #expect(throws: WorkFailure.self) { try await sandbox.run(Self.job) }

        #expect(failure?.code == "sandbox-error")
        #expect(failure?.description == "the sandbox could not run a program: bubblewrap broke")
    }

    @Test("A job without tests is a broken promise")
    func noTests() async {
        await #expect(processExitsWith: .failure) {
            let job = ExecutionJob(language: "python", source: "", tests: .io(cases: [], comparison: .exact))
            _ = try await CellSandbox(backend: Shaky(failures: 0)).run(job)
        }
    }

    @Test(
        "An exit code tells signals from errors",
        arguments: [
            (1, ExecutionResult.Verdict.runtimeError), (139, .signal), (152, .cpuLimit), (137, .signal),
            (255, .runtimeError), (128, .runtimeError),
        ]
    )
    func exitCodes(code: Int, verdict: ExecutionResult.Verdict) {
        #expect(ExitReading.verdict(code: code, otherwise: .runtimeError) == verdict)
    }

    @Test(
        "A version is found in what an interpreter says",
        arguments: [
            ("Python 3.11.2\n", "3.11.2"), ("GNU bash, version 5.2.15(1)-release (x86_64)", "5.2.15"),
            ("v18", nil), ("...", nil),
        ] as [(String, String?)]
    )
    func versions(text: String, version: String?) {
        #expect(ToolchainSearch.version(in: Array(text.utf8)) == version)
    }
}
