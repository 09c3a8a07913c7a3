/// Where seeds come from.
public protocol SeedSource: Sendable {
    /// Fields that every readable row has, as far as a look at the first rows tells; nil when only reading all
    /// of it would. Lets a recipe's prompts be checked before anything is called.
    func knownFields() throws -> Set<String>?

    /// How many seeds there are, when that is cheap to say.
    func countEstimate() throws -> Int?

    /// Every row in order, pulled one at a time. A bad row is an ``UnreadableRow``, and the rest goes on.
    ///
    /// - Throws: ``ResourceProblem`` when a file disappears or cannot be read.
    func rows() throws -> any AsyncSequence<SourceRow, any Error>
}

/// A source written in Swift.
public protocol SourcePlugin: SeedSource {
    /// What a recipe may set beside `read:`.
    associatedtype Options: PluginOptions = NoOptions

    /// Name, version and needs.
    static var manifest: Manifest { get }

    /// Creates a source, or throws ``BadOption`` or ``ResourceProblem``.
    init(options: Options, setup: PluginSetup) throws
}
