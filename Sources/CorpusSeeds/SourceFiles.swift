import CorpusKit
import CorpusText

/// A file of a source: where it lies, and its path as the recipe's author would write it.
struct SourceFile: Sendable, Hashable {
    let path: String
    let name: String
}

/// The files that the `path` option of a source names: one file, all under a folder, or all under a pattern.
struct SourceFiles: Sendable {
    /// In the order of their names' bytes, which is the same on every machine.
    let files: [SourceFile]
    /// The folder that the search started in; nil for a single file.
    let base: SourceFile?

    /// Finds the files.
    ///
    /// - Parameters:
    ///   - option: The value of the option `path`.
    ///   - setup: What is lent to the source.
    ///   - isWanted: Looks at a name; a file named outright is taken in any case.
    /// - Throws: ``BadOption`` for a blank path, ``ResourceProblem`` when nothing is found.
    init(_ option: String, setup: PluginSetup, where isWanted: (String) -> Bool) throws {
        guard option.contains(where: { !$0.isWhitespace }) else {
            throw BadOption("path", "must name a file, a folder or a pattern such as `src/**/*.py`")
        }
        let option = Self.plain(option)
        var pattern = option
        if !option.contains(where: Self.isWildcard) {
            let path = try Self.located(option, setup: setup)
            guard try Self.kind(of: path, named: option) == .folder else {
                files = [SourceFile(path: path, name: option)]
                base = nil
                return
            }
            pattern = option == "." ? "**/*" : option + "/**/*"
        }
        let folder = try Self.fixedPart(of: pattern, named: option, setup: setup)
        base = folder
        files = try setup.files(matching: pattern)
            .map { SourceFile(path: $0, name: Self.name(of: $0, in: folder)) }
            .filter { isWanted($0.name) }
            .filter { if case .file = try Self.kind(of: $0.path, named: $0.name) { true } else { false } }
            .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        guard !files.isEmpty else {
            if let problem = Self.foreignWildcard(in: option) { throw problem }
            throw ResourceProblem(name: option, "no file that this source can read matches `\(option)`")
        }
    }

    /// What a path names, or ``ResourceProblem``.
    static func kind(of path: String, named name: String) throws(ResourceProblem) -> FileAccess.Kind {
        do throws(FileProblem) {
            return try FileAccess.kind(of: path)
        } catch {
            throw ResourceProblem(name: name, error.description)
        }
    }

    /// As in ``FilePattern``.
    private static func isWildcard(_ character: Character) -> Bool { "*?".contains(character) }

    /// What to say where nothing is found under a name with a character that is a wildcard elsewhere.
    private static func foreignWildcard(in option: String) -> BadOption? {
        guard let character = option.first(where: { "[{".contains($0) }) else { return nil }
        return BadOption(
            "path",
            "matches nothing in `\(option)`: `\(character)` stands for itself, and the only wildcards are `*`, `?` and `**`"
        )
    }

    private static func located(_ name: String, named option: String? = nil, setup: PluginSetup) throws
        -> String
    {
        do {
            return try setup.locate(name)
        } catch {
            throw foreignWildcard(in: option ?? name) ?? error
        }
    }

    /// The option without a `./` in front and a `/` at the end, so that names do not depend on them.
    private static func plain(_ option: String) -> String {
        var option = option[...]
        while option.hasPrefix("./"), option.count > 2 { option = option.dropFirst(2) }
        while option.hasSuffix("/"), option.count > 1 { option = option.dropLast() }
        return String(option)
    }

    /// The folder in front of a pattern's first wildcard.
    private static func fixedPart(
        of pattern: String,
        named option: String,
        setup: PluginSetup
    ) throws -> SourceFile {
        let parts = pattern.split(separator: "/", omittingEmptySubsequences: false)
        let fixed = parts.prefix { !$0.contains(where: isWildcard) }.joined(separator: "/")
        let name = fixed.isEmpty ? (pattern.hasPrefix("/") ? "/" : ".") : fixed
        return SourceFile(path: try located(name, named: option, setup: setup), name: name)
    }

    private static func name(of path: String, in folder: SourceFile) -> String {
        let prefix = folder.path.hasSuffix("/") ? folder.path : folder.path + "/"
        guard path.hasPrefix(prefix) else { return path }
        let rest = String(path.dropFirst(prefix.count))
        if folder.name == "." { return rest }
        return folder.name.hasSuffix("/") ? folder.name + rest : "\(folder.name)/\(rest)"
    }
}
