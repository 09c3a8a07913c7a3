import CorpusKit
import CorpusText
import Foundation

/// Finds the files that recipes and plug-ins name: first from the recipe's folder, then from the working directory,
/// then among the files installed with the program.
package struct ResourceLocator: ResourceFinder {
    private let folders: FolderFinder

    /// Absolute folders, in the order in which they are looked through.
    package var roots: [String] { folders.roots }

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
        folders = FolderFinder(roots)
    }

    package func locate(_ name: String) throws -> String { try folders.locate(name) }

    package func bytes(at path: String) throws -> [UInt8] { try folders.bytes(at: path) }

    package func files(matching pattern: String) throws -> [String] { try folders.files(matching: pattern) }

    package func allFiles(matching pattern: String) -> [String] { folders.allFiles(matching: pattern) }

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
