public import CorpusKit

/// What is known about an export folder when all of its exports are written.
///
/// It holds no time, no host and no path of this machine, so that the papers made of it are the same bytes wherever
/// the same recipe met the same replies.
public struct CardFacts: Sendable, Hashable {
    /// One export of the folder.
    public struct Export: Sendable, Hashable {
        /// The recipe's name for it.
        public var name: String
        /// The exporter's name, for example `sft-messages`.
        public var exporter: String
        /// What was written.
        public var receipt: ExportReceipt
        /// What was checked of every row; empty when the rows are unverified.
        ///
        /// For pairs: what the chosen side passed.
        public var checks: [String]
        /// The benchmarks that the text of every row was compared with.
        public var comparedTexts: [String]
        /// The benchmarks that only the tasks behind the rows were compared with.
        public var comparedTasks: [String]

        /// Creates the record of an export.
        public init(
            name: String,
            exporter: String,
            receipt: ExportReceipt,
            checks: [String] = [],
            comparedTexts: [String] = [],
            comparedTasks: [String] = []
        ) {
            self.name = name
            self.exporter = exporter
            self.receipt = receipt
            self.checks = checks
            self.comparedTexts = comparedTexts
            self.comparedTasks = comparedTasks
        }

        /// How many rows all splits have together.
        public var rows: Int { receipt.files.reduce(0) { $0 + $1.rows } }
    }

    /// How the candidates of the run ended; `exported`, `dropped` and `failed` add up to `candidates`.
    public struct Counts: Sendable, Hashable {
        /// Everything that was produced.
        public var candidates: Int
        /// Candidates that stand in an export.
        public var exported: Int
        /// Dropped candidates by reason.
        public var dropped: [ReasonCode: Int]
        /// Failed candidates by error code.
        public var failed: [ReasonCode: Int]

        /// Creates counts.
        public init(
            candidates: Int,
            exported: Int,
            dropped: [ReasonCode: Int] = [:],
            failed: [ReasonCode: Int] = [:]
        ) {
            self.candidates = candidates
            self.exported = exported
            self.dropped = dropped
            self.failed = failed
        }
    }

    /// A model that took part.
    public struct Model: Sendable, Hashable {
        /// The recipe's name for its role, for example `teacher`.
        public var role: String
        /// The model's own name.
        public var name: String
        /// What its maker asks of whoever trains on its output; nil where the recipe does not say.
        public var outputTerms: String?

        /// Creates the record of a model.
        public init(role: String, name: String, outputTerms: String? = nil) {
            self.role = role
            self.name = name
            self.outputTerms = outputTerms
        }
    }

    /// A source and the seeds that were read from it.
    public struct Source: Sendable, Hashable {
        /// The recipe's name for it.
        public var name: String
        /// How many seeds it gave.
        public var seeds: Int
        /// The digest of the seeds' content ids, sorted, each followed by a line feed.
        public var digest: Digest

        /// Creates the record of a source.
        public init(name: String, seeds: Int, digest: Digest) {
            self.name = name
            self.seeds = seeds
            self.digest = digest
        }
    }

    /// The corpus's name.
    public var corpus: String
    /// The version of Corpusmith.
    public var productVersion: String
    /// The recipe's name.
    public var recipe: String
    /// The digest of the recipe's text; nil where it is not known.
    public var recipeDigest: Digest?
    /// The sources in the recipe's order.
    public var sources: [Source]
    /// The exports in the recipe's order; the first one with rows is the card's default.
    public var exports: [Export]
    /// How the candidates ended.
    public var counts: Counts
    /// The models in the recipe's order.
    public var models: [Model]
    /// How many seeds behind the exported rows stand under each licence, as SPDX expressions.
    public var licences: [String: Int]
    /// How many of those seeds state no licence.
    public var withoutLicence: Int
    /// Versions of the plug-ins that took part, by name.
    public var plugins: [String: Int]
    /// The command that makes the folder again.
    public var command: String

    /// Creates facts.
    public init(
        corpus: String,
        productVersion: String,
        recipe: String,
        recipeDigest: Digest? = nil,
        sources: [Source] = [],
        exports: [Export],
        counts: Counts,
        models: [Model] = [],
        licences: [String: Int] = [:],
        withoutLicence: Int = 0,
        plugins: [String: Int] = [:],
        command: String
    ) {
        self.corpus = corpus
        self.productVersion = productVersion
        self.recipe = recipe
        self.recipeDigest = recipeDigest
        self.sources = sources
        self.exports = exports
        self.counts = counts
        self.models = models
        self.licences = licences
        self.withoutLicence = withoutLicence
        self.plugins = plugins
        self.command = command
    }
}
