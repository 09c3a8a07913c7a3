import CorpusModel
import Foundation
import TestSupport

/// The built binary, run as a person would run it.
struct Program {
    struct End {
        var code: Int32
        var output: String
        var errors: String

        var json: JSONValue { get throws { try JSONValue(parsing: output) } }
    }

    /// The binary beside the test runner.
    static let path: String = {
        let runner =
            (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe"))
            ?? CommandLine.arguments[0]
        var folder = URL(fileURLWithPath: runner).deletingLastPathComponent()
        while folder.path != "/" {
            let candidate = folder.appendingPathComponent("corpusmith").path
            if FileManager.default.isExecutableFile(atPath: candidate) { return candidate }
            folder.deleteLastPathComponent()
        }
        return "corpusmith"
    }()

    /// Runs the program to its end.
    static func run(
        _ arguments: String...,
        folder: String = Repository.path,
        environment: [String: String] = [:]
    ) async throws -> End {
        try await start(arguments, folder: folder, environment: environment).end()
    }

    /// Starts the program.
    static func start(
        _ arguments: [String],
        folder: String = Repository.path,
        environment: [String: String] = [:]
    ) throws -> Running {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        var surroundings = ProcessInfo.processInfo.environment
        surroundings["NO_COLOR"] = "1"
        process.environment = surroundings.merging(environment) { _, new in new }
        process.standardInput = FileHandle.nullDevice
        return try Running(process)
    }

    /// A started program; what it says goes to files, so that it never waits for a reader.
    ///
    /// Unchecked: the process is only asked for its end, from one thread.
    final class Running: @unchecked Sendable {
        private let process: Process
        private let output: String
        private let errors: String

        fileprivate init(_ process: Process) throws {
            let base = NSTemporaryDirectory() + "corpusmith-" + UUID().uuidString
            (self.process, output, errors) = (process, base + ".out", base + ".err")
            process.standardOutput = try Self.file(output)
            process.standardError = try Self.file(errors)
            try process.run()
        }

        private static func file(_ path: String) throws -> FileHandle {
            _ = FileManager.default.createFile(atPath: path, contents: nil)
            return try FileHandle(forWritingTo: URL(fileURLWithPath: path))
        }

        var identifier: Int32 { process.processIdentifier }

        func signal(_ number: Int32) { kill(identifier, number) }

        /// What was written to standard error so far.
        var errorsSoFar: String { (try? String(contentsOfFile: errors, encoding: .utf8)) ?? "" }

        func end() async throws -> End {
            await withCheckedContinuation { continuation in
                Thread { [self] in
                    process.waitUntilExit()
                    continuation.resume()
                }.start()
            }
            defer {
                try? FileManager.default.removeItem(atPath: output)
                try? FileManager.default.removeItem(atPath: errors)
            }
            return End(
                code: process.terminationReason == .uncaughtSignal
                    ? -process.terminationStatus : process.terminationStatus,
                output: try String(contentsOfFile: output, encoding: .utf8),
                errors: errorsSoFar
            )
        }
    }
}
