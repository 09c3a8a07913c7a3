import CorpusKit
import Foundation
import Glibc
import TestSupport
import Testing

@testable import CorpusEndpoint

@Suite("The server of a local model")
struct LocalModelServerTests {
    private struct Oops: Error {}

    private func alive(_ report: JSONValue) throws -> Bool {
        let pid = try #require(report["pid"]?.whole)
        return kill(pid_t(pid), 0) == 0
    }

    private func port(of address: URL) throws -> UInt16 { UInt16(try #require(address.port)) }

    @Test(
        "It answers while the closure runs and is gone afterwards",
        .timeLimit(.minutes(5)),
        arguments: [
            ModelsFolder.Mode.ready, .slowlyReady,
        ]
    )
    func serves(mode: ModelsFolder.Mode) async throws {
        let folder = try ModelsFolder(mode)
        defer { folder.remove() }

        let (address, health) = try await LocalModelServer.withServer(folder.model, in: folder.path) {
            address in
            (address, LoopbackProbe.status(port: try port(of: address), path: "/health"))
        }

        let running = try alive(folder.report())
        #expect(address.host() == "127.0.0.1")
        #expect(health == 200)
        #expect(!running)
    }

    @Test(
        "It is told slots, context, threads, alias and weights, and nothing of our environment",
        .timeLimit(.minutes(5))
    )
    func settings() async throws {
        let folder = try ModelsFolder()
        defer { folder.remove() }
        let settings = LocalModelServer.Settings(slots: 3, contextPerSlot: 512)

        try await LocalModelServer.withServer(folder.model, in: folder.path, settings: settings) { _ in }

        let report = try folder.report()
        #expect(report["slots"]?.whole == 3)
        #expect(report["context"]?.whole == 1536)
        #expect(report["threads"]?.whole == max(1, ProcessInfo.processInfo.activeProcessorCount - 1))
        #expect(report["alias"] == ["tiny"])
        #expect(report["weights"]?.text == folder.path + "/tiny.gguf")
        let names = Set((report["environment"]?.elements ?? []).compactMap(\.text))
        let foreign = Set(ProcessInfo.processInfo.environment.keys).subtracting([
            "PATH", "HOME", "LC_ALL", "PWD", "SHLVL", "_",
        ])
        // What a shell script in front of the interpreter adds is its own business.
        #expect(names.intersection(foreign).allSatisfy { $0.hasPrefix("PY") || $0.hasPrefix("LC_") })
    }

    @Test("What the closure throws comes through, and the server is gone", .timeLimit(.minutes(5)))
    func closureThrows() async throws {
        let folder = try ModelsFolder()
        defer { folder.remove() }

        await #expect(throws: Oops.self) {
            try await LocalModelServer.withServer(folder.model, in: folder.path) { _ in throw Oops() }
        }

        let running = try alive(folder.report())
        #expect(!running)
    }

    @Test("A server that dies at its start is a problem with its last words", .timeLimit(.minutes(5)))
    func diesAtStart() async throws {
        let folder = try ModelsFolder(.diesAtStart)
        defer { folder.remove() }

        let problem = await #expect(throws: LocalModelProblem.self) {
            try await LocalModelServer.withServer(folder.model, in: folder.path) { _ in }
        }

        #expect(problem?.code == .notStarted)
        #expect(
            problem?.message
                == "the server of `tiny` ended at its start with exit code 7; it said last:\n    first line\n    the model file is broken"
        )
    }

    @Test(
        "A server that never gets ready is given up at the deadline",
        .timeLimit(.minutes(5)),
        arguments: [
            ModelsFolder.Mode.neverReady, .neverAnswers,
        ]
    )
    func neverReady(mode: ModelsFolder.Mode) async throws {
        let folder = try ModelsFolder(mode)
        defer { folder.remove() }
        let settings = LocalModelServer.Settings(startLimit: .seconds(3))

        let problem = await #expect(throws: LocalModelProblem.self) {
            try await LocalModelServer.withServer(folder.model, in: folder.path, settings: settings) { _ in }
        }

        // On a busy machine the interpreter itself may not have got that far.
        let running = try (try? folder.report()).map(alive) ?? false
        #expect(problem?.code == .notStarted)
        #expect(problem?.message.hasPrefix("the server of `tiny` was not ready after 3 s") == true)
        #expect(!running)
    }

    @Test("A server that dies under the closure explains the closure's failure", .timeLimit(.minutes(5)))
    func diesInUse() async throws {
        let folder = try ModelsFolder(.diesWhenAsked)
        defer { folder.remove() }

        let problem = await #expect(throws: LocalModelProblem.self) {
            try await LocalModelServer.withServer(folder.model, in: folder.path) { address in
                let port = try port(of: address)
                _ = await apart { LoopbackProbe.status(port: port, path: "/die") }
                while try alive(folder.report()) { try await Task.sleep(for: .milliseconds(5)) }
                throw Oops()
            }
        }

        #expect(problem?.code == .died)
        // A prober that hung up early may have left lines of its own before the last one.
        #expect(
            problem?.message.hasPrefix("the server of `tiny` ended with signal 9; it said last:\n") == true
        )
        #expect(problem?.message.hasSuffix("    out of luck") == true)
    }

    @Test("A server that ignores being told to stop is killed", .timeLimit(.minutes(5)))
    func ignoresStop() async throws {
        let folder = try ModelsFolder(.ignoresStop)
        defer { folder.remove() }
        let settings = LocalModelServer.Settings(stopLimit: .milliseconds(300))

        let took = try await ContinuousClock().measure {
            try await LocalModelServer.withServer(folder.model, in: folder.path, settings: settings) { _ in }
        }

        let running = try alive(folder.report())
        #expect(!running)
        #expect(took >= .milliseconds(300))
    }

    @Test("Cancelling while it loads ends it and throws", .timeLimit(.minutes(5)))
    func cancelledAtStart() async throws {
        let folder = try ModelsFolder(.neverReady)
        defer { folder.remove() }

        await #expect(throws: CancellationError.self) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try await LocalModelServer.withServer(folder.model, in: folder.path) { _ in }
                }
                try await folder.reported()
                group.cancelAll()
                try await group.waitForAll()
            }
        }

        let running = try alive(folder.report())
        #expect(!running)
    }

    @Test("Cancelling while the closure runs ends it", .timeLimit(.minutes(5)))
    func cancelledInUse() async throws {
        let folder = try ModelsFolder()
        defer { folder.remove() }

        await #expect(throws: CancellationError.self) {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try await LocalModelServer.withServer(folder.model, in: folder.path) { _ in
                        while true { try await Task.sleep(for: .milliseconds(5)) }
                    }
                }
                try await folder.reported()
                group.cancelAll()
                try await group.waitForAll()
            }
        }

        let running = try alive(folder.report())
        #expect(!running)
    }

    @Test("Damaged weights are never served", .timeLimit(.minutes(5)))
    func damaged() async throws {
        let folder = try ModelsFolder()
        defer { folder.remove() }
        try Data("something else".utf8).write(to: URL(fileURLWithPath: folder.path + "/tiny.gguf"))

        let problem = await #expect(throws: LocalModelProblem.self) {
            try await LocalModelServer.withServer(folder.model, in: folder.path) { _ in }
        }

        #expect(problem?.code == .damaged)
        #expect(throws: (any Error).self) { try folder.report() }
    }

    @Test("An interpreter that is not there is named", .timeLimit(.minutes(5)))
    func noInterpreter() async throws {
        let folder = try ModelsFolder()
        defer { folder.remove() }
        let settings = LocalModelServer.Settings(python: "python-of-nobody")

        let problem = await #expect(throws: LocalModelProblem.self) {
            try await LocalModelServer.withServer(folder.model, in: folder.path, settings: settings) { _ in }
        }

        #expect(problem?.message == "cannot start `python-of-nobody`: No such file or directory")
    }
}

@Suite("The launcher of a local model")
struct LauncherTests {
    /// Runs a program and hands over each line of its output until the output ends.
    private func listen(_ child: inout ChildProcess, _ work: (String, inout ChildProcess) -> Void) throws {
        var text = ""
        while !child.isSilent {
            var lines: [String] = []
            child.listen(milliseconds: 1000, wake: -1) { stream, bytes in
                guard stream == 0 else { return }
                text += String(decoding: bytes, as: UTF8.self)
                lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
                text = lines.popLast() ?? ""
            }
            for line in lines { work(line, &child) }
        }
    }

    private func environment(_ folder: ModelsFolder) -> [String] {
        [
            "PYTHONPATH=" + folder.path,
            "PATH=" + (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"),
        ]
    }

    private func arguments(_ folder: ModelsFolder) -> [String] {
        [
            "python3", "-s", "-c", LauncherScript.source, folder.path + "/tiny.gguf", "0", "1", "64", "tiny",
            "1",
        ]
    }

    @Test("It ends with its standard input", .timeLimit(.minutes(5)))
    func endsWithInput() throws {
        let folder = try ModelsFolder()
        defer { folder.remove() }
        var child = try ChildProcess.start(arguments(folder), environment: environment(folder))

        try listen(&child) { line, child in if line.hasPrefix("{\"ready\"") { child.closeInput() } }

        #expect(ending(of: &child) == .exit(0))
    }

    @Test("It ends cleanly when told to", .timeLimit(.minutes(5)))
    func endsOnTerm() throws {
        let folder = try ModelsFolder()
        defer { folder.remove() }
        var child = try ChildProcess.start(arguments(folder), environment: environment(folder))

        try listen(&child) { line, child in if line.hasPrefix("{\"ready\"") { child.signal(SIGTERM) } }

        #expect(ending(of: &child) == .exit(0))
    }

    @Test(
        "It dies with a parent that is killed, even when its standard input stays open",
        .timeLimit(.minutes(5))
    )
    func diesWithParent() async throws {
        let folder = try ModelsFolder()
        defer { folder.remove() }
        // The launcher's input is a pipe that it holds open itself, so only the kernel's signal can end it.
        let parent = """
            import os, subprocess, sys
            read, write = os.pipe()
            subprocess.Popen(sys.argv[1:], stdin=read, pass_fds=[write]).wait()
            """
        var child = try ChildProcess.start(
            ["python3", "-c", parent] + arguments(folder),
            environment: environment(folder)
        )

        try listen(&child) { line, child in if line.hasPrefix("{\"ready\"") { kill(child.pid, SIGKILL) } }

        #expect(ending(of: &child) == .signal(SIGKILL))
        // Where a sandbox has been opened, this process has adopted the orphan. Swift Testing, which looks at children in
        // order, would find no other before this one is reaped.
        let orphan = pid_t(try #require(try folder.report()["pid"]?.whole))
        await until { waitpid(orphan, nil, WNOHANG) != 0 }
    }

    private func ending(of child: inout ChildProcess) -> ProcessEnding? {
        for _ in 0..<1000 {
            if let ending = child.reap() { return ending }
            child.listen(milliseconds: 10, wake: -1) { _, _ in }
        }
        return nil
    }
}

@Suite("The real local model", .enabled(if: ProcessInfo.processInfo.environment["LOCAL_MODEL"] == "1"))
struct LiveLocalModelTests {
    @Test("It gets ready and ends", .timeLimit(.minutes(5)))
    func serves() async throws {
        let model = try LocalModel.named("smollm2-135m")
        let folder = try model.folder(among: [Repository.path + "/.local-model"])

        let status = try await LocalModelServer.withServer(model, in: folder) { address in
            LoopbackProbe.status(port: UInt16(try #require(address.port)), path: "/v1/models")
        }

        #expect(status == 200)
    }
}
