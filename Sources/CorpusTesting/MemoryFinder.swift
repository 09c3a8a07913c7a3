public import CorpusKit

/// Files that exist in memory only, in front of those of another finder where one is given.
public struct MemoryFinder: ResourceFinder, Sendable {
    private let files: [String: [UInt8]]
    private let behind: (any ResourceFinder)?

    /// Creates a finder of texts by name.
    ///
    /// - Parameters:
    ///   - files: Texts by name; names use `/`.
    ///   - finder: Asked for what is not in memory, such as the prompts of the plug-in under test.
    public init(_ files: [String: String] = [:], over finder: (any ResourceFinder)? = nil) {
        self.init(bytes: files.mapValues { Array($0.utf8) }, over: finder)
    }

    /// Creates a finder of files that need not be text.
    public init(bytes files: [String: [UInt8]], over finder: (any ResourceFinder)? = nil) {
        self.files = files
        behind = finder
    }

    /// The name itself, when there is such a file or a file below it.
    ///
    /// - Throws: ``ResourceProblem`` when there is none, here and behind.
    public func locate(_ name: String) throws -> String {
        if files[name] != nil || files.keys.contains(where: { $0.hasPrefix(name + "/") }) { return name }
        guard let behind else { throw ResourceProblem(name: name, "cannot find `\(name)`") }
        return try behind.locate(name)
    }

    /// What the file holds.
    ///
    /// - Throws: ``ResourceProblem`` when there is none, here and behind.
    public func bytes(at path: String) throws -> [UInt8] {
        if let bytes = files[path] { return bytes }
        guard let behind else { throw ResourceProblem(name: path, "cannot read `\(path)`") }
        return try behind.bytes(at: path)
    }

    /// Every name under a pattern, sorted; those in memory alone when there are any.
    ///
    /// - Throws: What the finder behind throws.
    public func files(matching pattern: String) throws -> [String] {
        let found = files.keys.filter(FilePattern(pattern).matches).sorted()
        guard found.isEmpty, let behind else { return found }
        return try behind.files(matching: pattern)
    }
}
