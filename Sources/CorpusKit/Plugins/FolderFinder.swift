import Foundation

/// Finds files on disk: names are relative to the first folder of a list that has them.
public struct FolderFinder: ResourceFinder, Sendable {
    /// The folders, in the order in which they are looked through.
    public let roots: [String]

    /// Creates a finder.
    public init(_ roots: [String]) { self.roots = roots }

    /// The path of a file or folder in the first root that has it; an absolute name is its own path.
    ///
    /// - Throws: ``ResourceProblem`` when there is none.
    public func locate(_ name: String) throws -> String {
        let paths =
            name.hasPrefix("/") ? [name] : roots.map { ($0 as NSString).appendingPathComponent(name) }
        guard let path = paths.first(where: { FileManager.default.fileExists(atPath: $0) }) else {
            throw ResourceProblem(name: name, "cannot find `\(name)`: no such file or folder")
        }
        return (path as NSString).standardizingPath
    }

    /// What the file holds.
    ///
    /// - Throws: ``ResourceProblem`` when it cannot be read.
    public func bytes(at path: String) throws -> [UInt8] {
        do {
            return Array(try Data(contentsOf: URL(fileURLWithPath: path)))
        } catch {
            let isReadable = FileManager.default.isReadableFile(atPath: path)
            throw ResourceProblem(
                name: path,
                "cannot read `\(path)`: \(isReadable ? "it is no ordinary file" : "permission denied")"
            )
        }
    }

    /// Every file under a pattern, sorted by bytes; the file itself when the pattern names one, and all files below
    /// when it names a folder.
    ///
    /// - Throws: ``ResourceProblem`` when the folder that the pattern starts in cannot be found.
    public func files(matching pattern: String) throws -> [String] {
        let pattern = FilePattern(pattern)
        let base = try locate(pattern.base.isEmpty ? "." : pattern.base)
        var isFolder: ObjCBool = false
        guard unsafe FileManager.default.fileExists(atPath: base, isDirectory: &isFolder), isFolder.boolValue
        else { return [base] }
        return pattern.files(below: base)
    }

    /// Every file under a pattern in all roots, sorted by name; of several with one name, the first root's.
    public func allFiles(matching pattern: String) -> [String] {
        let wanted = FilePattern(pattern)
        var found: [String: String] = [:]
        for root in roots {
            let folder = (root as NSString).standardizingPath
            for path in wanted.files(below: (folder as NSString).appendingPathComponent(wanted.base)) {
                let name = String(path.dropFirst(folder.count))
                if found[name] == nil { found[name] = path }
            }
        }
        return found.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map(\.value)
    }
}
