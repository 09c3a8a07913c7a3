import CorpusKit
import Foundation
import TestSupport
import Testing

@testable import CorpusSandbox

@Suite("Probe")
struct SandboxProbeTests {
    /// A folder with a stand-in for bubblewrap and kernel settings, removed at the end.
    private final class Stage {
        let folder = FileManager.default.temporaryDirectory.appending(path: "probe-\(UUID().uuidString)")

        init(says words: String, settings: [String: Int] = [:]) async throws {
            let files = FileManager.default
            try files.createDirectory(at: folder.appending(path: "sys"), withIntermediateDirectories: true)
            // The cells' thread may be another user than the one that runs the tests.
            try files.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.path)
            try await write("#!/bin/sh\necho '\(words)' >&2\nexit 1\n")
            for (name, value) in settings {
                let file = folder.appending(path: "sys/\(name)")
                try files.createDirectory(
                    at: file.deletingLastPathComponent(),
                    withIntermediateDirectories: true
                )
                try "\(value)\n".write(to: file, atomically: true, encoding: .utf8)
            }
        }

        deinit { try? FileManager.default.removeItem(at: folder) }

        /// Writes the stand-in from another process: one that this process ever had open for writing could not be
        /// run while a program that it spawned at that moment still holds the descriptor.
        func write(_ script: String) async throws {
            let words = "printf %s \"$1\" > \"$0\" && chmod 755 \"$0\""
            _ = try await Child.code(of: "/bin/sh", "-c", words, program.path, script)
        }

        var program: URL { folder.appending(path: "bwrap") }

        func probe(allowsUnsafe: Bool = false) -> SandboxProbe {
            SandboxProbe(
                bubblewrap: program.path,
                keeper: "/nowhere/corpusmith-cell",
                allowsUnsafe: allowsUnsafe,
                width: 1,
                searchPath: [],
                settings: KernelSettings(folder: folder.appending(path: "sys").path)
            )
        }
    }

    @Test("Without bubblewrap the report names the package, and runs are refused")
    func absent() async {
        let probe = SandboxProbe(bubblewrap: "/nowhere/bwrap", keeper: "/nowhere/corpusmith-cell")

        let report = await probe.report()
        let failure = await #expect(throws: WorkFailure.self) { try await probe.sandbox() }

        #expect(
            report
                == SandboxReport(
                    level: nil,
                    reason: "there is no `/nowhere/bwrap`",
                    fix: "sudo apt-get install bubblewrap"
                )
        )
        #expect(failure?.code == "no-sandbox")
        #expect(failure?.stopsRun == true)
        #expect(failure?.hint == "sudo apt-get install bubblewrap")
        #expect(
            failure?.description == "untrusted programs cannot be run safely: there is no `/nowhere/bwrap`"
        )
    }

    @Test(
        "A trial run that fails names the switch that helps",
        arguments: [
            (
                "bwrap: No permissions", ["user/max_user_namespaces": 0],
                "sudo sysctl -w user.max_user_namespaces=15000"
            ),
            (
                "bwrap: No permissions", ["kernel/unprivileged_userns_clone": 0],
                "sudo sysctl -w kernel.unprivileged_userns_clone=1"
            ),
            (
                "bwrap: setting up uid map: Permission denied",
                ["kernel/apparmor_restrict_unprivileged_userns": 1],
                "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"
            ),
            (
                "bwrap: Unknown option --json-status-fd", [:],
                "use Debian 12, Ubuntu 22.04 or later, or build bubblewrap 0.6 or later from source"
            ),
            (
                "bwrap: Cannot mount proc on /newroot/proc: Operation not permitted", [:],
                "docker run --security-opt systempaths=unconfined …"
            ),
            (
                "bwrap: Creating new namespace failed: Operation not permitted", [:],
                "docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined …"
            ),
            ("something else", ["kernel/unprivileged_userns_clone": 1], nil),
        ] as [(String, [String: Int], String?)]
    )
    func refused(words: String, settings: [String: Int], fix: String?) async throws {
        let stage = try await Stage(says: words, settings: settings)

        let report = await stage.probe().report()

        #expect(report.level == nil)
        #expect(report.fix == fix)
        #expect(report.reason.contains(words) || settings.values.contains(0))
    }

    @Test("Only an explicit word opens a sandbox without walls")
    func unsafeSandbox() async throws {
        let stage = try await Stage(says: "broken")

        let report = await stage.probe(allowsUnsafe: true).report()
        let sandbox = try await stage.probe(allowsUnsafe: true).sandbox()
        let failure = await #expect(throws: WorkFailure.self) {
            try await stage.probe(allowsUnsafe: true).sandbox(atLeast: .oneshot)
        }

        #expect(report.level == IsolationLevel.none)
        #expect(
            report.reason.hasPrefix(
                "programs run without walls, as `--unsafe-no-sandbox` allows: a trial run failed"
            )
        )
        #expect(sandbox.isolation == "none")
        #expect(failure?.description == "the sandbox level is `none` and the recipe asks for `oneshot`")
    }

    @Test("A bubblewrap that reports success without walls is found out")
    func falseFriend() async throws {
        let stage = try await Stage(says: "")
        let script = """
            #!/bin/sh
            # Takes all options and runs the command as it is.
            while [ "$1" != "--" ]; do shift; done
            shift
            echo "{ \\"child-pid\\": $$ }" >&5
            read _ <&6
            echo '{ "exit-code": 0 }' >&5
            # Slow enough to be measured, with a process of its own.
            sleep 0.3
            exec "$@"
            """
        try await stage.write(script)

        let report = await stage.probe().report()

        #expect(report.level == nil)
        #expect(report.reason == "a trial run found a gap: the system-call filter is off")
    }

    @Test(
        "A bubblewrap without the newest options gives the same walls by other means",
        .enabled("bubblewrap works on this machine") { await Workshop.isUsable },
        arguments: [
            (["--disable-userns"], "bwrap: Unknown option $word"),
            (["--disable-userns", "--size"], "bwrap: Unknown option $word"),
            (
                ["--disable-userns"],
                "bwrap: cannot open /proc/sys/user/max_user_namespaces: Read-only file system"
            ),
        ]
    )
    func oldBubblewrap(missing: [String], words: String) async throws {
        let stage = try await Stage(says: "")
        let script = """
            #!/bin/sh
            for word; do
                case "$word" in \(missing.joined(separator: "|")))
                    echo "\(words)" >&2
                    exit 1
                esac
            done
            exec /usr/bin/bwrap "$@"
            """
        try await stage.write(script)
        let filler = """
            for index in range(100):
                with open("/tmp/w/%d" % index, "wb") as file: file.write(bytes(8 << 20))
            """
        let sandbox = try await stage.probe().sandbox(atLeast: .oneshot)
        func run(_ source: String, prints text: String) async throws -> ExecutionResult {
            let tests = TestSuite.io(cases: [.init(input: "", expected: text)], comparison: .exact)
            return try await sandbox.run(ExecutionJob(language: "python", source: source, tests: tests))
        }

        let full = try await run(filler, prints: "")

        // Without a size the disk is bounded by measuring, and whoever passes the bound is stopped.
        #expect(full.verdict == (missing.contains("--size") ? .memoryLimit : .runtimeError), "\(full)")
        for attack in Attack.calls
        where attack.name.contains("name spaces") || attack.name.contains("by argument") {
            let result = try await run(attack.source, prints: attack.prints)
            #expect(result.verdict == .ok, "\(result.tests) \(result.diagnostics)")
        }
    }

    @Test("Where bubblewrap works, all its walls stand")
    func realWalls() async {
        let report = await SandboxProbe().report()

        // Cell tests are skipped on machines without name spaces; a wall that fell must not skip them too.
        #expect(!report.reason.contains("gap"))
        #expect(report.fix == nil || report.level == nil)
    }

    @Test("The levels are ordered by strength")
    func order() {
        #expect(IsolationLevel.allCases == IsolationLevel.allCases.sorted())
        #expect(IsolationLevel.none < .landlock && .landlock < .oneshot && .oneshot < IsolationLevel.full)
    }

    @Test(
        "Every wall that is missing is named",
        arguments: [
            ("Seccomp:\t2", "Seccomp:\t0", "the system-call filter is off"),
            ("NoNewPrivs:\t1", "NoNewPrivs:\t0", "programs may gain rights"),
            ("CapEff:\t0000000000000000", "CapEff:\t0000000000000400", "capabilities are left"),
            ("Max processes 64 64", "Max processes 96365 96365", "the number of processes is not limited"),
            ("tmpfs /dev tmpfs ro,", "tmpfs /dev tmpfs rw,", "`/dev` can be written"),
            ("Groups: 65534 65534", "eth0 00000000 010011AC", "a network is in reach"),
        ]
    )
    func gaps(sound: String, broken: String, gap: String) {
        let text = """
            NoNewPrivs:\t1
            Seccomp:\t2
            CapEff:\t0000000000000000
            CapBnd:\t0000000000000000
            Max processes 64 64 processes
            Max open files 256 256 files
            Max data size 536870912 536870912 bytes
            Max file size 16777216 16777216 bytes
            Max core file size 0 0 bytes
            tmpfs / tmpfs ro,nosuid 0 0
            tmpfs /dev tmpfs ro,nosuid 0 0
            tmpfs /tmp tmpfs rw,nosuid 0 0
            Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT
            Groups: 65534 65534 65534 65534 65534 65534 65534 65534 65534 65534
            """
        func outcome(_ text: String) -> CellOutcome {
            CellOutcome(
                ending: .exited(0),
                output: Array(text.utf8),
                errors: [],
                note: [],
                harness: nil,
                elapsed: .zero
            )
        }

        #expect(WallInspection.gap(in: outcome(text)) == nil)
        #expect(WallInspection.gap(in: outcome(text.replacing(sound, with: broken))) == gap)
    }
}
