import CTestSupport
import Foundation
import Synchronization

/// A program that a test starts.
///
/// Nobody blocks until it ends: tests share two or three threads, and one that blocks can keep those from running
/// that it waits for.
///
/// Not Foundation's `Process`: where many files are open it reads beyond the end of a directory's buffer (it copies a
/// whole `dirent` for each entry of `/proc/self/fd`), which now and then ends the tests with a segmentation fault.
package final class Child: Sendable {
    /// Where one of the program's streams leads.
    package enum Stream: Sendable {
        case nothing
        case file(String)
        /// A connection that nobody reads.
        case closed
    }

    private struct State: Sendable {
        var code: Int32?
        var waiting: [CheckedContinuation<Int32, Never>] = []
    }

    package let identifier: Int32
    private let state = Mutex(State())

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - arguments: The program, by its path or looked for on `PATH`, and its arguments.
    ///   - folder: Its working directory.
    ///   - environment: Its variables; nil for those of the tests.
    ///   - output: Where its standard output leads.
    ///   - errors: Where its standard error leads.
    /// - Throws: ``SpawnTrouble`` when it cannot be started.
    package init(
        _ arguments: [String],
        folder: String = "/",
        environment: [String: String]? = nil,
        output: Stream = .nothing,
        errors: Stream = .nothing
    ) throws {
        let variables = environment ?? ProcessInfo.processInfo.environment
        identifier = try Self.spawn(
            arguments,
            variables.map { "\($0.key)=\($0.value)" },
            folder: folder,
            outputs: [output, errors]
        )
        Thread { [self] in collect() }.start()
    }

    /// Runs a program to its end and gives its code; what it says is lost.
    package static func code(of arguments: String...) async throws -> Int32 {
        try await Child(arguments).end()
    }

    /// Runs a program to its end and gives what it wrote to standard output.
    ///
    /// - Throws: ``SpawnTrouble`` when it cannot be started or does not end well.
    package static func output(of arguments: String...) async throws -> String {
        let file = NSTemporaryDirectory() + "corpusmith-output-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: file) }
        let code = try await Child(arguments, output: .file(file)).end()
        guard code == 0 else { throw SpawnTrouble(program: arguments[0], "ended with \(code)") }
        return content(of: file)
    }

    /// Sends a signal; nothing happens once the program has ended.
    package func signal(_ number: Int32) {
        state.withLock { state in
            if state.code == nil { kill(identifier, number) }
        }
    }

    /// The program's exit code once it has ended, or its signal's number, negative.
    ///
    /// A caller who is cancelled ends the program.
    package func end() async -> Int32 {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let code = state.withLock { state in
                    if state.code == nil { state.waiting.append(continuation) }
                    return state.code
                }
                if let code { continuation.resume(returning: code) }
            }
        } onCancel: {
            signal(SIGKILL)
        }
    }

    /// Waits for the end on a thread of its own.
    private func collect() {
        // The number stays the program's own until it is collected, which happens where nobody can signal it.
        var facts = unsafe siginfo_t()
        while unsafe waitid(P_PID, id_t(identifier), &facts, WEXITED | WNOWAIT) != 0, errno == EINTR {}
        let (code, waiting) = state.withLock { state in
            var status: Int32 = 0
            unsafe waitpid(identifier, &status, 0)
            let signal = status & 0x7F
            let code = signal == 0 ? (status >> 8) & 0xFF : -signal
            defer { state.waiting = [] }
            state.code = code
            return (code, state.waiting)
        }
        for continuation in waiting { continuation.resume(returning: code) }
    }

    private static func spawn(
        _ arguments: [String],
        _ environment: [String],
        folder: String,
        outputs: [Stream]
    ) throws -> Int32 {
        let streams = unsafe [open("/dev/null", O_RDONLY | O_CLOEXEC)] + outputs.map(descriptor)
        defer { for stream in streams where stream >= 0 { close(stream) } }
        guard streams.allSatisfy({ $0 >= 0 }) else {
            throw SpawnTrouble(program: arguments[0], number: errno)
        }
        var argv = unsafe arguments.map { unsafe strdup($0) } + [nil]
        var envp = unsafe environment.map { unsafe strdup($0) } + [nil]
        defer { unsafe (argv + envp).forEach { unsafe free($0) } }
        let number = unsafe ctest_spawn(&argv, &envp, folder, streams)
        guard number > 0 else { throw SpawnTrouble(program: arguments[0], number: -number) }
        return number
    }

    private static func descriptor(of stream: Stream) -> Int32 {
        switch stream {
        case .nothing: unsafe open("/dev/null", O_WRONLY | O_CLOEXEC)
        case .file(let path): unsafe open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        case .closed: ctest_unread_pipe()
        }
    }
}

/// A program that cannot be started or used.
package struct SpawnTrouble: Error, CustomStringConvertible {
    package let description: String

    init(program: String, _ problem: String) { description = "`\(program)` \(problem)" }

    init(program: String, number: Int32) {
        self.init(program: program, "cannot be started: \(unsafe String(cString: strerror(number)))")
    }
}
