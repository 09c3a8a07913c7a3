import Foundation

/// A pattern over paths: `*` and `?` within one name, `**` for any number of folders; other characters stand for
/// themselves.
public struct FilePattern: Sendable, Hashable {
    /// The leading parts that hold no wildcard, such as `src` in `src/**/*.py`; empty when the first part has one,
    /// `/` when it is the root.
    public let base: String

    private let isRooted: Bool
    private let fixed: [String]
    private let wild: [String]

    /// Parses a pattern; every text is one.
    public init(_ pattern: String) {
        let parts = pattern.split(separator: "/").map(String.init)
        isRooted = pattern.hasPrefix("/")
        fixed = Array(parts.prefix { !$0.contains("*") && !$0.contains("?") })
        wild = Array(parts.dropFirst(fixed.count))
        base = (isRooted ? "/" : "") + fixed.joined(separator: "/")
    }

    /// Whether the whole path is of this form.
    ///
    /// A pattern without wildcards is of the form of its path and of all
    /// files below it.
    public func matches(_ path: String) -> Bool {
        guard path.hasPrefix("/") == isRooted else { return false }
        let parts = path.split(separator: "/").map(String.init)
        guard parts.starts(with: fixed) else { return false }
        return wild.isEmpty || Self.match(wild[...], parts[fixed.count...])
    }

    /// Every regular file below a folder that the part after ``base`` matches, sorted by bytes; all files when there
    /// is no such part.
    ///
    /// Folders that cannot match are not entered, links to folders are not followed, and folders
    /// that cannot be read count as empty.
    public func files(below folder: String) -> [String] {
        var found: Set<String> = []
        Self.collect(wild.isEmpty ? ["**", "*"] : wild[...], below: folder, into: &found)
        return found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    private static func collect(
        _ pattern: ArraySlice<String>,
        below folder: String,
        into found: inout Set<String>
    ) {
        guard let first = pattern.first else { return }
        let rest = pattern.dropFirst()
        let isDeep = first == "**"
        if isDeep { collect(rest, below: folder, into: &found) }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        for name in names where isDeep || match(first[...], name[...]) {
            let path = folder == "/" ? "/" + name : folder + "/" + name
            switch (try? FileManager.default.attributesOfItem(atPath: path))?[.type] as? FileAttributeType {
            case .typeDirectory: collect(isDeep ? pattern : rest, below: path, into: &found)
            case .typeRegular where !isDeep && rest.isEmpty: found.insert(path)
            case .typeSymbolicLink where !isDeep && rest.isEmpty:
                var isFolder: ObjCBool = false
                let exists = unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
                if exists, !isFolder.boolValue { found.insert(path) }
            default: break
            }
        }
    }

    private static func match(_ pattern: ArraySlice<String>, _ path: ArraySlice<String>) -> Bool {
        guard let first = pattern.first else { return path.isEmpty }
        if first == "**" {
            return match(pattern.dropFirst(), path) || (!path.isEmpty && match(pattern, path.dropFirst()))
        }
        guard let name = path.first, match(first[...], name[...]) else { return false }
        return match(pattern.dropFirst(), path.dropFirst())
    }

    private static func match(_ pattern: Substring, _ name: Substring) -> Bool {
        guard let first = pattern.first else { return name.isEmpty }
        if first == "*" {
            return match(pattern.dropFirst(), name) || (!name.isEmpty && match(pattern, name.dropFirst()))
        }
        guard let letter = name.first, first == "?" || first == letter else { return false }
        return match(pattern.dropFirst(), name.dropFirst())
    }
}
