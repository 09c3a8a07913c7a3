import CorpusKit
import Foundation
import Synchronization

/// Finds the interpreters of this machine and asks each once, inside a cell, what it is.
final class ToolchainSearch: Sendable {
    private let profiles: [String: LanguageProfile]
    private let backend: any CellBackend
    private let searchPath: [String]
    private let homes: HomeFolders
    private let known = Mutex<[String: Result<Toolchain?, WorkFailure>]>([:])

    init(
        profiles: [LanguageProfile],
        backend: any CellBackend,
        searchPath: [String],
        homes: HomeFolders = .ofThisMachine
    ) {
        self.profiles = Dictionary(profiles.map { ($0.name, $0) }) { first, _ in first }
        self.backend = backend
        self.searchPath = searchPath
        self.homes = homes
    }

    /// Whether the language is known and has a way to run such tests.
    func canRun(_ kind: TestSuite.Kind, in language: String) -> Bool {
        guard let profile = profiles[language] else { return false }
        return kind == .io || profile.serveCalls != nil
    }

    /// The toolchain of a language, or nil when the language is unknown or nothing runs it.
    ///
    /// - Throws: ``WorkFailure`` with `toolchain-missing` when the only interpreter lies in a home folder,
    ///   ``CellFault``, `CancellationError`.
    func toolchain(for language: String) async throws -> Toolchain? {
        guard let profile = profiles[language] else { return nil }
        if let answer = known.withLock({ $0[language] }) { return try answer.get() }
        let answer: Result<Toolchain?, WorkFailure>
        do {
            answer = .success(try await find(profile))
        } catch let failure as WorkFailure {
            answer = .failure(failure)
        }
        known.withLock { $0[language] = answer }
        return try answer.get()
    }

    private func find(_ profile: LanguageProfile) async throws -> Toolchain? {
        var refusal: WorkFailure?
        let candidates = profile.executables + searchPath.map { "\($0)/\(profile.commandName)" }
        for candidate in candidates {
            guard let path = Self.program(at: candidate) else { continue }
            let binds: [String]
            do throws(WorkFailure) {
                binds = try self.binds(for: path)
            } catch {
                refusal = refusal ?? error
                continue
            }
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
        if let refusal { throw refusal }
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

    /// What a program outside `/usr` needs to be seen of its folder: itself and what it loads, and nothing else that
    /// happens to lie there.
    ///
    /// - Throws: ``WorkFailure`` when that folder is a home or holds one; without walls there is nothing left to hide.
    private func binds(for path: String) throws(WorkFailure) -> [String] {
        if path.hasPrefix("/usr/") || path.hasPrefix("/bin/") { return [] }
        let folder = URL(filePath: path).deletingLastPathComponent()
        let isInBin = folder.lastPathComponent == "bin"
        let root = isInBin ? folder.deletingLastPathComponent().path : folder.path
        guard backend.isolation == .none || !homes.areExposed(by: root) else {
            throw WorkFailure(
                "toolchain-missing",
                "`\(path)` is not used: programs would be shown parts of `\(root)`, which is or holds a home folder",
                hint:
                    "install the interpreter under /usr, or put it into a folder of its own such as `/opt/NAME/bin`"
            )
        }
        let parts = ["lib", "lib32", "lib64", "libexec", "include"].map { "\(root)/\($0)" }
        return [isInBin ? folder.path : path] + parts.filter { FileManager.default.fileExists(atPath: $0) }
    }

    /// The first run of digits and points that holds a point.
    static func version(in text: [UInt8]) -> String? {
        text.split { !(UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 || $0 == UInt8(ascii: ".")) }
            .map { String(decoding: $0, as: UTF8.self) }
            .first { $0.contains(".") && $0.first != "." && $0.last != "." }
    }
}
