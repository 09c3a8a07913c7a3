import Synchronization

/// What is lent to a plug-in while it is built: its prompts and the files that its options name.
///
/// Everything read here is remembered by digest and becomes part of the stage's digest: editing a prompt or a
/// data file re-does the stage, and nothing else.
public final class PluginSetup: Sendable {
    /// A file that was found.
    public struct File: Sendable, Hashable {
        /// The path as the recipe writes it.
        public let name: String
        /// Where it was found.
        public let path: String
        /// What it holds.
        public let bytes: [UInt8]

        /// Creates a found file.
        public init(name: String, path: String, bytes: [UInt8]) {
            self.name = name
            self.path = path
            self.bytes = bytes
        }
    }

    /// The plug-in's name: its prompts lie in `Templates/Prompts/NAME/`.
    public let plugin: String
    /// The stage's name in the recipe, or the source's.
    public let stage: String
    private let finder: any ResourceFinder
    private let read = Mutex<[String: Digest]>([:])
    private let filled = Mutex<[PromptTemplate]>([])

    /// Creates a setup for one stage.
    public init(plugin: String, stage: String, finder: any ResourceFinder) {
        self.plugin = plugin
        self.stage = stage
        self.finder = finder
    }

    /// Reads a file that an option names: relative to the recipe's folder, then to the working directory, then
    /// among the files installed with the program.
    ///
    /// - Throws: ``ResourceProblem`` when it cannot be found or read.
    public func file(_ name: String) throws -> File {
        let path = try finder.locate(name)
        let bytes = try finder.bytes(at: path)
        note(name, Digest(of: bytes))
        return File(name: name, path: path, bytes: bytes)
    }

    /// Finds a file or folder without reading it; for sources, whose content is not part of the stage's digest
    /// (seeds are known one by one), and for folders.
    ///
    /// - Throws: ``ResourceProblem`` when it cannot be found.
    public func locate(_ name: String) throws -> String { try finder.locate(name) }

    /// Every file under a pattern (`src/**/*.py`), sorted by path.
    ///
    /// - Throws: ``ResourceProblem`` when the folder that the pattern starts in cannot be found.
    public func files(matching pattern: String) throws -> [String] { try finder.files(matching: pattern) }

    /// The prompt `Templates/Prompts/PLUGIN/NAME.jinja`, with its variables checked.
    ///
    /// - Parameters:
    ///   - name: The file's name without `.jinja`.
    ///   - variables: The names that the plug-in will give when it renders.
    /// - Returns: The parsed prompt.
    /// - Throws: ``PromptProblem`` when the prompt does not parse or uses another variable, ``ResourceProblem``
    ///   when there is none.
    public func prompt(_ name: String, variables: Set<String>) throws -> PromptTemplate {
        let file = try file("Templates/Prompts/\(plugin)/\(name).jinja")
        return try PromptTemplate(file: file, variables: variables) { [self] included in
            try self.file("Templates/Prompts/\(included)")
        }
    }

    /// Adds something that the plug-in's output depends on to the stage's digest.
    public func note(_ name: String, _ digest: Digest) {
        read.withLock { $0[name] = digest }
    }

    /// Remembers a prompt that is filled with fields of the seeds, so that a plan can point at the place of a field
    /// that they lack.
    public func note(filledFromSeeds prompt: PromptTemplate) { filled.withLock { $0.append(prompt) } }

    /// The prompts that are filled with fields of the seeds, in the order in which they were noted.
    public var promptsFilledFromSeeds: [PromptTemplate] { filled.withLock { $0 } }

    /// What was read so far: name to digest.
    public var digests: [String: Digest] { read.withLock { $0 } }
}

/// Finds the files that recipes and plug-ins name.
public protocol ResourceFinder: Sendable {
    /// The path of a file or folder, or ``ResourceProblem``.
    func locate(_ name: String) throws -> String
    /// A file's bytes, or ``ResourceProblem``.
    func bytes(at path: String) throws -> [UInt8]
    /// Every file under a pattern, sorted; see ``PluginSetup/files(matching:)``.
    func files(matching pattern: String) throws -> [String]
    /// Every file under a pattern in all places that are looked through, not just in the first that has the
    /// pattern's folder; of several with one name, the one that ``locate(_:)`` would find. Sorted by name.
    func allFiles(matching pattern: String) -> [String]
}

extension ResourceFinder {
    /// What ``files(matching:)`` finds, for finders that look in one place.
    public func allFiles(matching pattern: String) -> [String] { (try? files(matching: pattern)) ?? [] }
}

/// A file that a recipe or plug-in names cannot be had.
public struct ResourceProblem: Error, Sendable, Hashable, CustomStringConvertible {
    /// The name as it was given.
    public let name: String
    /// One sentence without a full stop.
    public let description: String

    /// Creates a problem with a named file.
    public init(name: String, _ description: String) {
        self.name = name
        self.description = description
    }
}
