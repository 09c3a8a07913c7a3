import CorpusKit
import Foundation
import TestSupport
import Testing

@testable import CorpusSandbox

@Suite(
    "Cells that stay",
    .enabled("name spaces can be had on this machine") { await Workshop.isUsable },
    .timeLimit(.minutes(5))
)
struct KeptCellTests {
    private func loop(width: Int = 1) throws -> CellLoop {
        try CellLoop(keeper: KeeperProgram(path: KeeperProgram.expectedPath), width: width)
    }

    private func run(
        _ loop: CellLoop,
        _ script: String,
        binds: [String] = [],
        limits: CellLimits = CellLimits()
    ) async throws -> CellOutcome {
        try await loop.outcome(
            of: CellTask(command: ["/bin/sh", "-c", script], binds: binds, limits: limits)
        )
    }

    /// The processes of cells of which each may have so many files, whatever other tests do.
    private func processes(ofCellsWith files: Int) throws -> [Int32] {
        try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap(Int32.init).filter { number in
            let command = FileManager.default.contents(atPath: "/proc/\(number)/cmdline") ?? Data()
            let words = String(decoding: command, as: UTF8.self).split(separator: "\u{0}")
            return words.first == "corpusmith-cell" && words.last == "\(files)"
        }
    }

    /// Limits that make a cell of their own.
    private func limits(files: Int, wall: Duration = .seconds(60)) -> CellLimits {
        var limits = CellLimits()
        (limits.temporaryFiles, limits.wall) = (files, wall)
        return limits
    }

    private func text(_ outcome: CellOutcome) -> String { String(decoding: outcome.output, as: UTF8.self) }

    @Test("One cell runs a thousand programs, one after the other, and each finds it clean")
    func thousand() async throws {
        let loop = try loop()
        for number in 0..<1000 {
            let outcome = try await run(
                loop,
                "echo $$; ls -A /tmp /tmp/w; echo \(number) >/tmp/left; exit \(number % 7)"
            )
            #expect(outcome.ending == .exited(number % 7))
            // Also its number is the same: it may stand in what a program prints.
            #expect(text(outcome) == "2\n/tmp:\nw\n\n/tmp/w:\n")
        }
    }

    @Test("What a program started ends with it, and nothing of it keeps the next one waiting")
    func leftovers() async throws {
        let loop = try loop()
        let began = ContinuousClock.now
        for _ in 0..<20 {
            let outcome = try await run(
                loop,
                "for i in 1 2 3 4 5; do (setsid sleep 86395 &) ; done; (trap '' TERM INT HUP; sleep 86395) & echo x"
            )
            #expect(outcome.ending == .exited(0) && text(outcome) == "x\n")
        }
        let seen = try await run(loop, "for p in /proc/[0-9]*; do cat $p/comm; done")

        #expect(ContinuousClock.now - began < .seconds(240))
        #expect(
            text(seen) == "corpusmith-cell\nsh\ncat\n" || text(seen) == "corpusmith-cell\nsh\n",
            "\(text(seen))"
        )
    }

    @Test("A cell that dies under a program fails that program alone, and the next one gets another cell")
    func keeperDies() async throws {
        let loop = try loop()
        let limits = limits(files: 4001, wall: .seconds(600))
        _ = try await run(loop, "true", limits: limits)
        let own = try processes(ofCellsWith: 4001)
        let fault = await withTaskGroup(of: (any Error)?.self) { group in
            group.addTask {
                do {
                    _ = try await loop.outcome(
                        of: CellTask(command: ["/bin/sleep", "86394"], limits: limits)
                    )
                    return nil
                } catch {
                    return error
                }
            }
            group.addTask {
                while !Self.isRunning("/bin/sleep\u{0}86394\u{0}") { await Task.yield() }
                for number in own { kill(number, SIGKILL) }
                return nil
            }
            var found: (any Error)?
            for await error in group { found = found ?? error }
            return found
        }
        let next = try await run(loop, "echo well", limits: limits)

        #expect(own.count == 3)
        #expect(fault is CellFault)
        #expect(!Self.isRunning("/bin/sleep\u{0}86394\u{0}"))
        #expect(text(next) == "well\n")
    }

    private static func isRunning(_ command: String) -> Bool {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.contains { name in
            let found = FileManager.default.contents(atPath: "/proc/\(name)/cmdline") ?? Data()
            return String(decoding: found, as: UTF8.self) == command
        }
    }

    @Test("Programs see the folders of their toolchain and no other program's")
    func binds() async throws {
        // What lies below /tmp is hidden by the program's own.
        let folder = URL(filePath: "/var/tmp/tools-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: folder.path)
        try "tool".write(to: folder.appending(path: "name"), atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes(
            [.posixPermissions: 0o644],
            ofItemAtPath: folder.appending(path: "name").path
        )
        let loop = try loop()
        let look = "cat \(folder.path)/name; echo new 2>/dev/null >\(folder.path)/new; ls \(folder.path)"

        let with = try await run(loop, look, binds: [folder.path])
        let without = try await run(loop, look)

        #expect(text(with) == "toolname\n", "\(text(with))")
        #expect(text(without) == "", "\(text(without))")
    }

    @Test("Sockets that hold each other, and files with them, are gone before the next program begins")
    func sockets() async throws {
        let loop = try loop()
        let source = """
            import socket
            named = socket.socket(socket.AF_UNIX)
            named.bind("\\0secret-of-this-program")
            file = open("/tmp/w/kept", "w")
            left, right = socket.socketpair()
            socket.send_fds(left, [b"x"], [file.fileno(), named.fileno(), left.fileno(), right.fileno()])
            print(len(open("/proc/net/unix").read().splitlines()))
            """
        var seen: [String] = []
        for _ in 0..<3 {
            let outcome = try await loop.outcome(
                of: CellTask(command: ["/usr/bin/python3", "-I", "-S", "-c", source])
            )
            seen.append(text(outcome))
        }

        // The heading, the warden's two and this program's three.
        #expect(seen == ["6\n", "6\n", "6\n"])
    }

    @Test("Limits of one program are not those of the next")
    func limits() async throws {
        let loop = try loop()
        var tight = CellLimits()
        (tight.wall, tight.openFiles, tight.memoryMiB) = (.milliseconds(300), 16, 64)

        let slow = try await run(loop, "ulimit -n; ulimit -d; sleep 86393", limits: tight)
        let plain = try await run(loop, "ulimit -n; ulimit -d; sleep 0.5")

        #expect(slow.ending == .stopped(.wall) && text(slow) == "16\n65536\n")
        #expect(plain.ending == .exited(0) && text(plain) == "256\n524288\n")
    }

    @Test("A loop that is let go leaves no process and no descriptor behind")
    func letGo() async throws {
        do {
            let loop = try loop(width: 3)
            let limits = limits(files: 4002)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<9 { group.addTask { _ = try await run(loop, "sleep 0.05", limits: limits) } }
                try await group.waitForAll()
            }
            #expect([3, 6, 9].contains(try processes(ofCellsWith: 4002).count))
        }
        // Its thread ends soon after.
        while try !processes(ofCellsWith: 4002).isEmpty {
            try Task.checkCancellation()
            await Task.yield()
        }
    }
}
