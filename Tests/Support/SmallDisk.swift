import Foundation

/// A file system in memory that is soon full.
package struct SmallDisk: Sendable {
    /// Where it is mounted.
    package let path: String

    /// Lends a small disk to a test.
    ///
    /// Mounting takes the rights of the machine's owner. Who lacks them runs the test once more in name spaces of its
    /// own, where it has them: the fault is proved everywhere, or the test fails.
    ///
    /// - Parameters:
    ///   - kibibytes: How much is free on it.
    ///   - test: The test's name for the runner's `--filter`.
    ///   - body: The test.
    /// - Throws: ``DiskTrouble`` when no disk can be had, or when the test failed in its name spaces.
    package static func lend(
        kibibytes: Int,
        to test: String,
        _ body: (SmallDisk) async throws -> Void
    ) async throws {
        let folder = NSTemporaryDirectory() + "corpusmith-disk-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let size = "size=\(kibibytes + (ballast >> 10))k"
        if try await Child.code(of: "mount", "-t", "tmpfs", "-o", size, "tmpfs", folder) == 0 {
            let result: Result<Void, any Error>
            do {
                try Data(count: ballast).write(to: URL(fileURLWithPath: folder + "/ballast"))
                result = .success(try await body(SmallDisk(path: folder)))
            } catch {
                result = .failure(error)
            }
            _ = try await Child.code(of: "umount", "-l", folder)
            return try result.get()
        }
        guard ProcessInfo.processInfo.environment[marker] == nil else {
            throw DiskTrouble(
                description: "no file system can be mounted, not even in name spaces of our own"
            )
        }
        try await repeatApart(test)
    }

    /// Makes room: 16 MiB more are free.
    package func makeRoom() throws { try FileManager.default.removeItem(atPath: path + "/ballast") }

    private static let ballast = 16 << 20
    private static let marker = "CORPUSMITH_SMALL_DISK"

    private static func repeatApart(_ test: String) async throws {
        let runner = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let said = NSTemporaryDirectory() + "corpusmith-disk-" + UUID().uuidString
        defer { try? FileManager.default.removeItem(atPath: said) }
        let child = try Child(
            ["unshare", "--map-root-user", "--mount", runner]
                + ["--testing-library", "swift-testing", "--filter", test],
            folder: FileManager.default.currentDirectoryPath,
            environment: ProcessInfo.processInfo.environment.merging([marker: "1"]) { $1 },
            output: .file(said),
            errors: .file(said + "-errors")
        )
        let code = await child.end()
        let text = content(of: said) + content(of: said + "-errors")
        try? FileManager.default.removeItem(atPath: said + "-errors")
        guard code == 0, text.contains("1 test") else {
            throw DiskTrouble(
                description:
                    "`\(test)` ended with \(code) in name spaces of its own, where it may mount a small disk; "
                    + "it needs root, or a kernel that lets users make name spaces:\n\(text)"
            )
        }
    }
}

/// A small disk that cannot be had.
package struct DiskTrouble: Error, CustomStringConvertible {
    package let description: String
}
