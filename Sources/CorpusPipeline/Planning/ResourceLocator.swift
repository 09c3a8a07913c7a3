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
        let glob = Glob(parts.dropFirst(fixed.count).joined(separator: "/"))
        var isFolder: ObjCBool = false
        guard unsafe FileManager.default.fileExists(atPath: base, isDirectory: &isFolder), isFolder.boolValue
        else {
            return [base]
        }
        guard let walk = FileManager.default.enumerator(atPath: base) else {
            throw ResourceProblem(name: pattern, "cannot read the folder `\(base)`")
        }
        var found: [String] = []
        while let relative = walk.nextObject() as? String {
            let isFile = walk.fileAttributes?[.type] as? FileAttributeType == .typeRegular
            if isFile, glob.matches(relative) {
                found.append((base as NSString).appendingPathComponent(relative))
            }
        }
        return found.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
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

/// A pattern over relative paths: `*` and `?` within a name, `**` over any number of folders.
///
/// Empty matches all.
struct Glob: Sendable {
    private let parts: [[Character]]

    init(_ pattern: String) { parts = pattern.split(separator: "/").map(Array.init) }

    func matches(_ path: String) -> Bool {
        parts.isEmpty || Self.match(parts[...], path.split(separator: "/").map(Array.init)[...])
    }

    private static func match(_ pattern: ArraySlice<[Character]>, _ path: ArraySlice<[Character]>) -> Bool {
        guard let first = pattern.first else { return path.isEmpty }
        if first == ["*", "*"] {
            return match(pattern.dropFirst(), path) || (!path.isEmpty && match(pattern, path.dropFirst()))
        }
        guard let name = path.first, matchName(first[...], name[...]) else { return false }
        return match(pattern.dropFirst(), path.dropFirst())
    }

    private static func matchName(_ pattern: ArraySlice<Character>, _ name: ArraySlice<Character>) -> Bool {
        guard let first = pattern.first else { return name.isEmpty }
        if first == "*" {
            return matchName(pattern.dropFirst(), name)
                || (!name.isEmpty && matchName(pattern, name.dropFirst()))
        }
        guard let letter = name.first, first == "?" || first == letter else { return false }
        return matchName(pattern.dropFirst(), name.dropFirst())
    }
}
