public import CorpusKit
import Foundation

/// Files that exist in memory only.
public struct MemoryFinder: ResourceFinder, Sendable {
    private let files: [String: [UInt8]]

    /// Creates a finder of texts by name; names use `/`.
    public init(_ files: [String: String] = [:]) {
        self.files = files.mapValues { Array($0.utf8) }
    }

    /// The name itself, when there is such a file or a file below it.
    public func locate(_ name: String) throws -> String {
        guard files[name] != nil || files.keys.contains(where: { $0.hasPrefix(name + "/") }) else {
            throw ResourceProblem(name: name, "cannot find `\(name)`")
        }
        return name
    }

    /// What the file holds.
    public func bytes(at path: String) throws -> [UInt8] {
        guard let bytes = files[path] else { throw ResourceProblem(name: path, "cannot read `\(path)`") }
        return bytes
    }

    /// Every name under a pattern, sorted.
    public func files(matching pattern: String) throws -> [String] {
        let pattern = PathPattern(pattern)
        return files.keys.filter { pattern.matches($0) }.sorted()
    }
}

/// Files of a folder on disk, and of further folders when the first has none of that name.
public struct FolderFinder: ResourceFinder, Sendable {
    private let roots: [String]

    /// Creates a finder; folders are searched in order.
    public init(_ roots: String...) { self.roots = roots }

    /// The path of a file or folder in the first root that has it.
    public func locate(_ name: String) throws -> String {
        let paths = name.hasPrefix("/") ? [name] : roots.map { "\($0)/\(name)" }
        guard let path = paths.first(where: { FileManager.default.fileExists(atPath: $0) }) else {
            throw ResourceProblem(name: name, "cannot find `\(name)`")
        }
        return path
    }

    /// What the file holds.
    public func bytes(at path: String) throws -> [UInt8] {
        do {
            return try Array(Data(contentsOf: URL(fileURLWithPath: path)))
        } catch {
            throw ResourceProblem(name: path, "cannot read `\(path)`")
        }
    }

    /// Every file under a pattern, sorted; the part before the first wildcard must exist.
    public func files(matching pattern: String) throws -> [String] {
        let parts = pattern.split(separator: "/", omittingEmptySubsequences: false)
        let fixed = parts.prefix { !$0.contains("*") && !$0.contains("?") }
        guard fixed.count < parts.count else { return [try locate(pattern)] }
        let start = try fixed.isEmpty ? locate(".") : locate(fixed.joined(separator: "/"))
        let wild = PathPattern(parts[fixed.count...].joined(separator: "/"))
        let below = FileManager.default.enumerator(atPath: start)?.compactMap { $0 as? String } ?? []
        return below.filter { wild.matches($0) }.map { "\(start)/\($0)" }.filter(isFile).sorted()
    }

    private func isFile(_ path: String) -> Bool {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        return attributes?[.type] as? FileAttributeType == .typeRegular
    }
}

/// A path with `*`, `?` (within one part) and `**` (any number of parts).
struct PathPattern {
    private let parts: [[Character]]

    init(_ pattern: String) {
        parts = pattern.split(separator: "/").map(Array.init)
    }

    func matches(_ path: String) -> Bool {
        Self.matchParts(parts[...], path.split(separator: "/").map(Array.init)[...])
    }

    private static func matchParts(_ pattern: ArraySlice<[Character]>, _ path: ArraySlice<[Character]>)
        -> Bool
    {
        guard let first = pattern.first else { return path.isEmpty }
        if first == ["*", "*"] {
            if matchParts(pattern.dropFirst(), path) { return true }
            return path.isEmpty ? false : matchParts(pattern, path.dropFirst())
        }
        guard let next = path.first, matchPart(first[...], next[...]) else { return false }
        return matchParts(pattern.dropFirst(), path.dropFirst())
    }

    private static func matchPart(_ pattern: ArraySlice<Character>, _ text: ArraySlice<Character>) -> Bool {
        guard let first = pattern.first else { return text.isEmpty }
        if first == "*" {
            if matchPart(pattern.dropFirst(), text) { return true }
            return text.isEmpty ? false : matchPart(pattern, text.dropFirst())
        }
        guard let next = text.first, first == "?" || first == next else { return false }
        return matchPart(pattern.dropFirst(), text.dropFirst())
    }
}
