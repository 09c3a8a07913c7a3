/// Keeps or drops a sample by looking at it alone.
public protocol SampleFilter: Sendable {
    /// Whether the sample goes on.
    func selection(of sample: Sample) throws -> Selection

    /// The benchmarks whose text no sample holds that goes on, by name; the data card says so of every export.
    var benchmarks: [String] { get }
}

extension SampleFilter {
    /// None.
    public var benchmarks: [String] { [] }
}

/// A filter written in Swift.
public protocol FilterPlugin: SampleFilter {
    /// What a recipe may set under `options:`.
    associatedtype Options: PluginOptions = NoOptions

    /// Name, version and needs.
    static var manifest: Manifest { get }

    /// Samples that show the filter keeps right and drops wrong.
    static var selfChecks: [SelfCheck] { get }

    /// Creates a filter, or throws ``BadOption``.
    init(options: Options, setup: PluginSetup) throws
}

/// Keeps or drops samples by looking at the others: duplicates, balance, diversity.
///
/// The engine shows every sample to a fresh index as it streams by, in no particular order, then asks for each.
/// An index holds a compact summary, never the corpus, and its answers do not depend on the order of arrival.
public protocol Selector: Sendable {
    /// An empty index for one run.
    func makeIndex() -> any SelectionIndex
}

/// What a ``Selector`` remembers of the samples it has seen.
public protocol SelectionIndex {
    /// Takes note of a sample.
    mutating func observe(_ sample: Sample) throws

    /// Called when all samples of a wave are there and before the first answer about them.
    ///
    /// Without a target there is one wave. With one more may follow: its samples are observed after that, and then sealed.
    /// What was answered about earlier waves stays as it was; later samples are held against what was kept then.
    mutating func seal() throws

    /// Whether the sample under a key goes on.
    ///
    /// A dropped sample's `rival` is the key of the sample it lost to, as text.
    func selection(for key: ItemKey) -> Selection
}

/// A selector written in Swift.
public protocol SelectorPlugin: Selector {
    /// What a recipe may set under `options:`.
    associatedtype Options: PluginOptions = NoOptions

    /// Name, version and needs.
    static var manifest: Manifest { get }

    /// Creates a selector, or throws ``BadOption``.
    init(options: Options, setup: PluginSetup) throws
}

/// Makes preference pairs of the samples that answer one task.
public protocol Pairer: Sendable {
    /// The pairs of one task; an empty array is a valid answer.
    ///
    /// - Parameters:
    ///   - chosen: What may stand on the better side, ordered by key.
    ///   - rejected: What may stand on the worse side, ordered by key.
    ///   - random: A stream that belongs to this task alone.
    /// - Returns: The pairs, best first.
    /// - Throws: Anything; the engine stops the run, since a pairer's faults are ours.
    func pairs(chosen: [Sample], rejected: [Sample], random: RandomStream) throws -> [PreferencePair]
}

/// A pairer written in Swift.
public protocol PairerPlugin: Pairer {
    /// What a recipe may set under `options:`.
    associatedtype Options: PluginOptions = NoOptions

    /// Name, version and needs.
    static var manifest: Manifest { get }

    /// Creates a pairer, or throws ``BadOption``.
    init(options: Options, setup: PluginSetup) throws
}
