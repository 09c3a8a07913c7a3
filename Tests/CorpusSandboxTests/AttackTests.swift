import CorpusKit
import Foundation
import TestSupport
import Testing

@testable import CorpusSandbox

@Suite("Attacks", .enabled("bubblewrap works on this machine") { await Workshop.isUsable })
struct AttackTests {
    @Test(
        "A hostile program ends as it must and leaves nothing behind",
        arguments: Workshop.levels,
        Attack.all
    )
    func attack(level: IsolationLevel, attack: Attack) async throws {
        let result = try await Workshop.io(
            attack.source,
            [("", attack.prints)],
            limits: attack.limits,
            at: level
        )

        #expect(
            attack.alsoFine.union([attack.verdict]).contains(result.verdict),
            "\(result.tests) \(result.diagnostics)"
        )
        for trace in Workshop.traces { #expect(!FileManager.default.fileExists(atPath: trace), "\(trace)") }
    }

    @Test("Nothing of a program lives on, not even its daemons", arguments: Workshop.levels)
    func daemons(level: IsolationLevel) async throws {
        let daemon = try #require(Attack.processes.first)

        _ = try await Workshop.io(daemon.source, [("", "gone")], at: level)

        let commands = try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { name in
            FileManager.default.contents(atPath: "/proc/\(name)/cmdline").map {
                String(decoding: $0, as: UTF8.self)
            }
        }
        #expect(!commands.contains { $0.contains("86399") })
    }

    @Test(
        "Dead processes are collected, whoever is the machine's first process",
        .timeLimit(.minutes(5))
    )
    func zombies() async throws {
        func zombies() throws -> Set<String> {
            let own = "(bwrap) Z \(getpid()) "
            return try Set(
                FileManager.default.contentsOfDirectory(atPath: "/proc").filter { name in
                    let row = FileManager.default.contents(atPath: "/proc/\(name)/stat") ?? Data()
                    return String(decoding: row, as: UTF8.self).contains(own)
                }
            )
        }

        for _ in 0..<3 { _ = try await Workshop.io("print(1)", [("", "1")], at: .oneshot) }
        var dead = try zombies()

        // Cells of other tests may be ending at this moment; what is collected at all is gone sooner or later.
        while !dead.isEmpty {
            try Task.checkCancellation()
            await Task.yield()
            dead.formIntersection(try zombies())
        }
    }

    @Test("The supervisor does not take in the orphans of others", .enabled(if: getpid() != 1))
    func orphans() async throws {
        for level in Workshop.levels { _ = try await Workshop.io("print(1)", [("", "1")], at: level) }
        let words = try await Child.output(
            of: "/usr/bin/python3",
            "-c",
            "import subprocess as s; print(s.Popen(['/bin/sleep', '86398'], stdin=-3, stdout=-3, stderr=-3).pid)"
        )
        let orphan = try #require(Int32(words.trimmingCharacters(in: .whitespacesAndNewlines)))
        defer { kill(orphan, SIGKILL) }
        let status = try String(contentsOfFile: "/proc/\(orphan)/status", encoding: .utf8)

        #expect(!status.contains("PPid:\t\(getpid())\n"))
    }

    @Test(
        "The supervisor's memory is closed to programs of the user that it runs them as",
        .enabled(if: getuid() == 0)
    )
    func supervisorMemory() async throws {
        // Without walls nothing but the kernel's rules on users stands between a program and its supervisor.
        let sandbox = CellSandbox(backend: try CellLoop(launcher: UnwalledLauncher(), width: 1))
        let source = """
            import os, ctypes
            parent = "/proc/%d/task" % os.getppid()
            library = ctypes.CDLL(None, use_errno=True)
            threads = os.listdir(parent)
            for thread in threads:
                for name in ["mem", "environ", "maps"]:
                    try:
                        os.close(os.open("%s/%s/%s" % (parent, thread, name), os.O_RDONLY))
                        print(name, "opened")
                    except OSError:
                        pass
                if library.ptrace(0x4206, int(thread), None, None) == 0:
                    print("seized")
            print(len(threads) > 1)
            """
        let tests = TestSuite.io(cases: [.init(input: "", expected: "True")], comparison: .exact)

        let result = try await sandbox.run(ExecutionJob(language: "python", source: source, tests: tests))

        #expect(result.verdict == .ok, "\(result.tests) \(result.diagnostics)")
    }

    @Test(
        "A secret of the supervisor's environment and memory is nowhere in the cell",
        arguments: Workshop.levels
    )
    func secrets(level: IsolationLevel) async throws {
        unsafe setenv("CORPUSMITH_TEST_KEY", "sk-secret-of-the-supervisor", 1)
        defer { unsafe unsetenv("CORPUSMITH_TEST_KEY") }
        let source = """
            import os, glob
            found = False
            for path in glob.glob("/proc/*/environ") + glob.glob("/proc/*/cmdline"):
                try:
                    found = found or b"sk-secret" in open(path, "rb").read()
                except OSError:
                    pass
            print(found)
            """

        let result = try await Workshop.io(source, [("", "False")], at: level)

        #expect(result.verdict == .ok)
    }

    @Test("Descriptors that the supervisor left open do not reach the cell", arguments: Workshop.levels)
    func inheritedDescriptors(level: IsolationLevel) async throws {
        // Without close-on-exec, as a careless library would open it.
        let leaks = (0..<20).map { _ in unsafe open("/etc/hostname", O_RDONLY) }
        defer { for leak in leaks { close(leak) } }
        let source = "import os\nprint(len([n for n in os.listdir('/proc/self/fd')]))"

        let result = try await Workshop.io(source, [("", "4")], at: level)

        #expect(result.verdict == .ok, "\(result.tests)")
    }

    @Test("What one program leaves behind, the next does not find", arguments: Workshop.levels)
    func nextProgram(level: IsolationLevel) async throws {
        _ = try await Workshop.io(
            "open('/tmp/w/json.py', 'w').write('broken = 1'); open('/dev/shm/x', 'w')",
            [("", "")],
            at: level
        )

        let result = try await Workshop.io(
            "import json, os\nprint(json.dumps([1]), os.listdir('/tmp'), os.listdir('/tmp/w'))",
            [("", "[1] ['w'] ['main.py']")],
            at: level
        )

        #expect(result.verdict == .ok, "\(result.tests) \(result.diagnostics)")
    }
}
