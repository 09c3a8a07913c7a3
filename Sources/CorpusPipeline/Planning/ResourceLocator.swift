import CorpusKit
import CorpusText
import Foundation

/// Finds the files that recipes and plug-ins name: first from the recipe's folder, then from the working directory,
/// then among the files installed with the program.
package struct ResourceLocator: ResourceFinder {
    /// Absolute folders, in the order in which they are looked through.
    package let roots: [String]

    /// Creates a locator for a recipe.
    ///
    /// - Parameters:
    ///   - recipe: The recipe's path, or nil when there is none.
    ///   - program: The program's own path; the nearest folder above it that holds `Templates/` is the installation.
    package init(recipe: String?, program: String?) {
        let here = FileManager.default.currentDirectoryPath
        var roots: [String] = []
        if let recipe {
            roots.append((Self.absolute(recipe, from: here) as NSString).deletingLastPathComponent)
        }
        roots.append(here)
        if let installation = program.flatMap({ Self.installation(above: Self.absolute($0, from: here)) }) {
            roots.append(installation)
        }
        self.roots = roots
    }

    package func locate(_ name: String) throws -> String {
        if name.hasPrefix("/") {
            guard FileManager.default.fileExists(atPath: name) else {
                throw ResourceProblem(name: name, "cannot find `\(name)`: no such file or folder")
            }
            return name
        }
        for root in roots {
            let path = (root as NSString).appendingPathComponent(name)
            if FileManager.default.fileExists(atPath: path) { return (path as NSString).standardizingPath }
        }
        throw ResourceProblem(name: name, "cannot find `\(name)`: no such file or folder")
    }

    package func bytes(at path: String) throws -> [UInt8] {
        do {
            return Array(try Data(contentsOf: URL(fileURLWithPath: path)))
        } catch {
            throw ResourceProblem(name: path, "cannot read `\(path)`: \(error.localizedDescription)")
        }
    }

    package func files(matching pattern: String) throws -> [String] {
        let parts = pattern.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let fixed = parts.prefix { !$0.contains(where: { "*?[".contains($0) }) }
        let prefix = fixed.joined(separator: "/")
        let base = try locate(prefix.isEmpty ? (pattern.hasPrefix("/") ? "/" : ".") : prefix)
        var isFolder: ObjCBool = false
        guard unsafe FileManager.default.fileExists(atPath: base, isDirectory: &isFolder), isFolder.boolValue
        else { return [base] }
        var found: Set<String> = []
        let rest = parts.dropFirst(fixed.count).filter { !$0.isEmpty }
        Self.collect(rest.isEmpty ? ["**", "*"] : rest[...], below: base, into: &found)
        return found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// Adds every file below a folder that the rest of a pattern matches; enters no folder that cannot match, and
    /// follows no link to a folder.
    private static func collect(
        _ pattern: ArraySlice<String>,
        below folder: String,
        into found: inout Set<String>
    ) {
        guard let first = pattern.first else { return }
        let rest = pattern.dropFirst()
        if first == "**" { collect(rest, below: folder, into: &found) }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        let part = NamePattern(first)
        for name in names {
            let path = folder == "/" ? "/" + name : folder + "/" + name
            let isDeeper = first == "**"
            guard isDeeper || part.matches(name) else { continue }
            switch (try? FileManager.default.attributesOfItem(atPath: path))?[.type] as? FileAttributeType {
            case .typeDirectory: collect(isDeeper ? pattern : rest, below: path, into: &found)
            case .typeRegular where !isDeeper && rest.isEmpty: found.insert(path)
            case .typeSymbolicLink where !isDeeper && rest.isEmpty:
                var isFolder: ObjCBool = false
                let exists = unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
                if exists, !isFolder.boolValue { found.insert(path) }
            default: break
            }
        }
    }

    private static func absolute(_ path: String, from folder: String) -> String {
        let full = path.hasPrefix("/") ? path : (folder as NSString).appendingPathComponent(path)
        return (full as NSString).standardizingPath
    }

    private static func installation(above program: String) -> String? {
        var folder = (program as NSString).resolvingSymlinksInPath
        while folder != "/" && !folder.isEmpty {
            folder = (folder as NSString).deletingLastPathComponent
            for candidate in [folder, (folder as NSString).appendingPathComponent("share/corpusmith")] {
                let prompts = (candidate as NSString).appendingPathComponent("Templates/Prompts")
                if FileManager.default.fileExists(atPath: prompts) { return candidate }
            }
        }
        return nil
    }
}

/// A pattern over the name of one file or folder: `*` and `?`.
struct NamePattern: Sendable {
    private let pattern: [Character]

    init(_ pattern: String) { self.pattern = Array(pattern) }

    func matches(_ name: String) -> Bool { Self.match(pattern[...], Array(name)[...]) }

    private static func match(_ pattern: ArraySlice<Character>, _ name: ArraySlice<Character>) -> Bool {
        guard let first = pattern.first else { return name.isEmpty }
        if first == "*" {
            return match(pattern.dropFirst(), name) || (!name.isEmpty && match(pattern, name.dropFirst()))
        }
        guard let letter = name.first, first == "?" || first == letter else { return false }
        return match(pattern.dropFirst(), name.dropFirst())
    }
}
