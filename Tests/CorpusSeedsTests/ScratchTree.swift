import CorpusKit
import CorpusSeeds
import Foundation

/// A fresh folder of files that is removed when the test lets go of it, and a finder that looks into it alone.
final class ScratchTree: ResourceFinder {
    let path: String

    init(_ files: [String: String] = [:]) throws {
        path = NSTemporaryDirectory() + "corpus-seeds-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        for (name, text) in files { try add(name, Data(text.utf8)) }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func add(_ name: String, _ data: Data) throws {
        let url = URL(fileURLWithPath: "\(path)/\(name)")
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(),
            withIntermediateDirectories: true
        )
        try data.write(to: url)
    }

    func setup(_ stage: String = "seeds") -> PluginSetup {
        PluginSetup(plugin: "test", stage: stage, finder: self)
    }

    func locate(_ name: String) throws -> String {
        let found = name == "." ? path : "\(path)/\(name)"
        guard FileManager.default.fileExists(atPath: found) else {
            throw ResourceProblem(name: name, "cannot find `\(name)`")
        }
        return found
    }

    func bytes(at path: String) throws -> [UInt8] { Array(try Data(contentsOf: URL(fileURLWithPath: path))) }

    func files(matching pattern: String) throws -> [String] {
        let parts = pattern.split(separator: "/").map(String.init)
        // In the reverse order: sources sort for themselves.
        return (FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? [])
            .filter { Self.matches($0.split(separator: "/").map(String.init)[...], parts[...]) }
            .sorted(by: >).map { "\(path)/\($0)" }
    }

    private static func matches(_ names: ArraySlice<String>, _ parts: ArraySlice<String>) -> Bool {
        guard let part = parts.first else { return names.isEmpty }
        if part == "**" {
            return matches(names, parts.dropFirst()) || !names.isEmpty && matches(names.dropFirst(), parts)
        }
        guard let name = names.first, fits(name[...], part[...]) else { return false }
        return matches(names.dropFirst(), parts.dropFirst())
    }

    private static func fits(_ name: Substring, _ part: Substring) -> Bool {
        guard let first = part.first else { return name.isEmpty }
        if first == "*" {
            return fits(name, part.dropFirst()) || !name.isEmpty && fits(name.dropFirst(), part)
        }
        return name.first == first && fits(name.dropFirst(), part.dropFirst())
    }
}

extension SeedSource {
    /// All rows at once; tests are small.
    func allRows() async throws -> [SourceRow] {
        var result: [SourceRow] = []
        for try await row in try rows() { result.append(row) }
        return result
    }

    func allSeeds() async throws -> [Seed] {
        try await allRows().compactMap { if case .seed(let seed) = $0 { seed } else { nil } }
    }

    func allProblems() async throws -> [UnreadableRow] {
        try await allRows().compactMap { if case .unreadable(let row) = $0 { row } else { nil } }
    }

    func allRefused() async throws -> [UnreadableRow] {
        try await allRows().compactMap { if case .refused(let row) = $0 { row } else { nil } }
    }
}

/// Builds a source by name from options as a recipe gives them.
func source(_ name: String, _ options: [String: JSONValue], in tree: ScratchTree) throws -> any SeedSource {
    let entry = BuiltInSources.all.first { $0.manifest.name == name }
    guard let entry else { throw BadOption("read", "names no source: `\(name)`") }
    return try entry.make(.object(options), [], tree.setup())
}
