/// Writes samples or pairs to files that a trainer reads.
public protocol Exporter: Sendable {
    /// What it takes.
    var takes: ExportTakes { get }

    /// Whether a sample must end with an answer to be written.
    ///
    /// A plan whose export reads tasks that nobody answers can then be refused before anything is paid for.
    var requiresAnswer: Bool { get }

    /// Why a sample cannot be written, or nil when it can.
    ///
    /// The engine asks it of every sample before the export and books those that are refused as dropped: one row
    /// that no trainer could use must not cost the others.
    func refusal(of sample: Sample) -> Skip?

    /// Why a pair cannot be written, or nil when it can; asked like ``refusal(of:)``.
    ///
    /// - Parameters:
    ///   - pair: The pair.
    ///   - chosen: The sample that the better side was taken from.
    ///   - rejected: The sample that the worse side was taken from.
    /// - Returns: The reason with a sentence, or nil.
    func refusal(of pair: PreferencePair, chosen: Sample, rejected: Sample) -> Skip?

    /// Writes all rows of one export, atomically: a file appears whole or not at all. Equal rows give equal bytes.
    ///
    /// - Parameters:
    ///   - rows: In the order in which they are to stand in each split's file.
    ///   - job: Where to write, and what the export is called.
    /// - Returns: What was written, one receipt for each file.
    /// - Throws: ``ExportProblem`` for a row that ``refusal(of:)`` refuses or that cannot be written faithfully;
    ///   nothing is written then.
    func write(_ rows: any AsyncSequence<ExportRow, any Error>, for job: ExportJob) async throws
        -> ExportReceipt
}

extension Exporter {
    /// No.
    public var requiresAnswer: Bool { false }
    /// Nil: every sample can be written.
    public func refusal(of sample: Sample) -> Skip? { nil }
    /// Nil: every pair can be written.
    public func refusal(of pair: PreferencePair, chosen: Sample, rejected: Sample) -> Skip? { nil }
}

/// What an exporter takes.
public enum ExportTakes: String, Sendable, Hashable {
    case samples, pairs
}

/// One row of an export and the split it belongs to.
public struct ExportRow: Sendable {
    /// A sample or a pair.
    public enum Body: Sendable {
        case sample(Sample)
        case pair(PreferencePair, PairProvenance = PairProvenance())
    }

    /// What to write.
    public var body: Body
    /// `train`, `test` and the like.
    public var split: String

    /// Creates a row.
    public init(_ body: Body, split: String) {
        self.body = body
        self.split = split
    }
}

/// Where an export goes.
public struct ExportJob: Sendable, Hashable {
    /// The recipe's name for the export; also the name of its sub-folder.
    public var name: String
    /// The export folder, absolute; the exporter writes below `folder/name/` and, for shared files such as chat
    /// templates, below `folder/templates/`.
    public var folder: String
    /// The splits in the recipe's order; every one gets a file, even an empty one.
    public var splits: [String]

    /// Creates a job.
    public init(name: String, folder: String, splits: [String]) {
        self.name = name
        self.folder = folder
        self.splits = splits
    }
}

/// What an exporter wrote.
public struct ExportReceipt: Sendable, Hashable {
    /// One written file.
    public struct File: Sendable, Hashable {
        /// Relative to the export folder, with `/`.
        public var path: String
        /// The split, or nil for files that hold no rows.
        public var split: String?
        /// How many rows.
        public var rows: Int
        /// How many bytes.
        public var bytes: Int
        /// SHA-256 of the bytes.
        public var digest: Digest

        /// Creates the record of a file.
        public init(path: String, split: String?, rows: Int, bytes: Int, digest: Digest) {
            self.path = path
            self.split = split
            self.rows = rows
            self.bytes = bytes
            self.digest = digest
        }
    }

    /// The files, in the order of the job's splits, shared files last.
    public var files: [File]
    /// The `features:` block of a Hugging Face dataset card, YAML, without indentation.
    public var features: String
    /// How many parts of rows could not be expressed in the format and were left out, by what.
    public var omissions: [String: Int]
    /// How many rows resemble a benchmark and were kept, by benchmark and rule: `humaneval word-10`.
    ///
    /// A row that resembles several is counted under each.
    public var suspects: [String: Int]
    /// How many rows carry each value of each label; labels of very many values are left out.
    public var labels: [String: [String: Int]]

    /// Creates a receipt.
    public init(
        files: [File],
        features: String,
        omissions: [String: Int] = [:],
        suspects: [String: Int] = [:],
        labels: [String: [String: Int]] = [:]
    ) {
        self.files = files
        self.features = features
        self.omissions = omissions
        self.suspects = suspects
        self.labels = labels
    }
}

/// An export that cannot be written faithfully.
public struct ExportProblem: Error, Sendable, Hashable, CustomStringConvertible {
    /// One sentence without a full stop.
    public let description: String

    /// Creates a problem.
    public init(_ description: String) { self.description = description }
}

/// An exporter written in Swift.
public protocol ExporterPlugin: Exporter {
    /// What a recipe may set under `options:`.
    associatedtype Options: PluginOptions = NoOptions

    /// Name, version and needs.
    static var manifest: Manifest { get }

    /// Creates an exporter, or throws ``BadOption``.
    init(options: Options, setup: PluginSetup) throws
}
