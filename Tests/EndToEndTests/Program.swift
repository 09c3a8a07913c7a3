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

    /// What to start it through to have a copy of it, without the program that keeps cells beside it.
    static let alone = [
        "/bin/sh", "-c",
        """
        folder=$(mktemp -d "$(dirname "$0")/alone-XXXXXX") && trap 'rm -rf "$folder"' EXIT
        ln "$0" "$folder/corpusmith" 2>/dev/null || cp "$0" "$folder/corpusmith"
        "$folder/corpusmith" "$@"
        """,
    ]

    /// Runs the program to its end.
    static func run(
        _ arguments: String...,
        folder: String = Repository.path,
        environment: [String: String] = [:]
    ) async throws -> End {
        try await start(arguments, folder: folder, environment: environment).end()
    }

    /// Starts the program, perhaps by way of another one that is given its path and arguments.
    static func start(
        _ arguments: [String],
        through wrapper: [String] = [],
        folder: String = Repository.path,
        environment: [String: String] = [:]
    ) throws -> Running {
        var surroundings = ProcessInfo.processInfo.environment
        surroundings["NO_COLOR"] = "1"
        return try Running(
            wrapper + [path] + arguments,
            folder: folder,
            environment: surroundings.merging(environment) { _, new in new }
        )
    }

    /// A started program; what it says goes to files, so that it never waits for a reader.
    final class Running: Sendable {
        private let child: Child
        private let output: String
        private let errors: String

        fileprivate init(_ arguments: [String], folder: String, environment: [String: String]) throws {
            let base = NSTemporaryDirectory() + "corpusmith-" + UUID().uuidString
            (output, errors) = (base + ".out", base + ".err")
            child = try Child(
                arguments,
                folder: folder,
                environment: environment,
                output: .file(output),
                errors: .file(errors)
            )
        }

        deinit {
            try? FileManager.default.removeItem(atPath: output)
            try? FileManager.default.removeItem(atPath: errors)
        }

        var identifier: Int32 { child.identifier }

        func signal(_ number: Int32) { child.signal(number) }

        /// What was written to standard error so far.
        var errorsSoFar: String { content(of: errors) }

        /// Waits until the program has written something to standard error.
        func said(_ text: String) async { await reached(text, in: errors) }

        /// Kills the program once a server has got so many requests, if it has not ended by itself before.
        func killed(after requests: Int, at server: TestServer) async throws -> End {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await server.received(requests) }
                group.addTask { [child] in _ = await child.end() }
                await group.next()
                signal(SIGKILL)
                group.cancelAll()
            }
            let end = try await end()
            await server.deserted()
            return end
        }

        func end() async throws -> End {
            let code = await child.end()
            return End(code: code, output: content(of: output), errors: errorsSoFar)
        }
    }
}
