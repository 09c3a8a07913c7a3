import CorpusKit
import Foundation
import Synchronization

/// Finds the interpreters of this machine and asks each once, inside a cell, what it is.
final class ToolchainSearch: Sendable {
    private let profiles: [String: LanguageProfile]
    private let backend: any CellBackend
    private let searchPath: [String]
    private let known = Mutex<[String: Toolchain?]>([:])

    init(profiles: [LanguageProfile], backend: any CellBackend, searchPath: [String]) {
        self.profiles = Dictionary(profiles.map { ($0.name, $0) }) { first, _ in first }
        self.backend = backend
        self.searchPath = searchPath
    }

    /// The toolchain of a language, or nil when the language is unknown or nothing runs it.
    func toolchain(for language: String) async throws -> Toolchain? {
        guard let profile = profiles[language] else { return nil }
        if let answer = known.withLock({ $0[language] }) { return answer }
        let found = try await find(profile)
        known.withLock { $0[language] = .some(found) }
        return found
    }

    private func find(_ profile: LanguageProfile) async throws -> Toolchain? {
        let candidates = profile.executables + searchPath.map { "\($0)/\(profile.commandName)" }
        for candidate in candidates {
            guard let path = Self.program(at: candidate) else { continue }
            let binds = Self.binds(for: path)
            var task = CellTask(command: [path] + profile.versionArguments, binds: binds)
            task.limits.wall = .seconds(20)
            let outcome = try await backend.outcome(of: task)
            guard outcome.ending == .exited(0),
                let version = Self.version(in: outcome.output + outcome.errors)
            else {
                continue
            }
            return Toolchain(
                profile: profile,
                executable: path,
                binds: binds,
                description: "\(profile.toolchain) \(version)"
            )
        }
        return nil
    }

    /// The real path of a program; nil for what is absent or a script, as version switchers put in place of programs.
    private static func program(at candidate: String) -> String? {
        guard FileManager.default.isExecutableFile(atPath: candidate) else { return nil }
        let path = URL(filePath: candidate).resolvingSymlinksInPath().path
        guard let file = FileHandle(forReadingAtPath: path), let head = try? file.read(upToCount: 2) else {
            return nil
        }
        return Array(head) == Array("#!".utf8) ? nil : path
    }

    private static func binds(for path: String) -> [String] {
        if path.hasPrefix("/usr/") || path.hasPrefix("/bin/") { return [] }
        // `PREFIX/bin/program` needs its libraries beside it.
        let folder = URL(filePath: path).deletingLastPathComponent()
        return [folder.lastPathComponent == "bin" ? folder.deletingLastPathComponent().path : folder.path]
    }

    /// The first run of digits and points that holds a point.
    static func version(in text: [UInt8]) -> String? {
        text.split { !(UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || $0 == UInt8(ascii: ".")) }
            .map { String(decoding: $0, as: UTF8.self) }
            .first { $0.contains(".") && $0.first != "." && $0.last != "." }
    }
}
