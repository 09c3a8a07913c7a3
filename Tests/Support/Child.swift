import Foundation
import Synchronization

/// A program that a test starts.
///
/// Nobody blocks until it ends: tests share two or three threads, and one that blocks can keep those from running
/// that it waits for.
///
/// Unchecked: the process is only started here, and asked for its end once it has ended.
package final class Child: @unchecked Sendable {
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

    private let process = Process()
    private let state = Mutex(State())

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - arguments: The program, by its path or looked for on `PATH`, and its arguments.
    ///   - folder: Its working directory.
    ///   - environment: Its variables; nil for those of the tests.
    ///   - output: Where its standard output leads.
    ///   - errors: Where its standard error leads.
    /// - Throws: What keeps it from being started.
    package init(
        _ arguments: [String],
        folder: String = "/",
        environment: [String: String]? = nil,
        output: Stream = .nothing,
        errors: Stream = .nothing
    ) throws {
        let isPath = arguments[0].contains("/")
        process.executableURL = URL(fileURLWithPath: isPath ? arguments[0] : "/usr/bin/env")
        process.arguments = isPath ? Array(arguments.dropFirst()) : arguments
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        process.environment = environment
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try Self.handle(output)
        process.standardError = try Self.handle(errors)
        process.terminationHandler = { [self] _ in book() }
        try Self.withoutMask { try process.run() }
    }

    /// Programs inherit the signals that their starter blocks, and the threads of tests block nearly all.
    private static func withoutMask(_ start: () throws -> Void) rethrows {
        var (none, old) = (sigset_t(), sigset_t())
        unsafe sigemptyset(&none)
        unsafe pthread_sigmask(SIG_SETMASK, &none, &old)
        defer { unsafe pthread_sigmask(SIG_SETMASK, &old, nil) }
        try start()
    }

    /// Runs a program to its end and gives its code; what it says is lost.
    package static func code(of arguments: String...) async throws -> Int32 {
        try await Child(arguments).end()
    }

    package var identifier: Int32 { process.processIdentifier }

    /// Sends a signal.
    package func signal(_ number: Int32) { kill(identifier, number) }

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
            if state.withLock({ $0.code == nil }) { signal(SIGKILL) }
        }
    }

    private func book() {
        process.terminationHandler = nil
        let status = process.terminationStatus
        let code = process.terminationReason == .uncaughtSignal ? -status : status
        let waiting = state.withLock { state in
            state.code = code
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume(returning: code) }
    }

    private static func handle(_ stream: Stream) throws -> FileHandle {
        switch stream {
        case .nothing: return FileHandle.nullDevice
        case .file(let path):
            _ = FileManager.default.createFile(atPath: path, contents: nil)
            return try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        case .closed:
            let pipe = Pipe()
            try pipe.fileHandleForReading.close()
            return pipe.fileHandleForWriting
        }
    }
}
