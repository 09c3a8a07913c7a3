/// Turns one seed into drafts.
///
/// A generator is a value that holds its options and prompts and nothing else. It keeps no state between seeds,
/// opens no files and no sockets, and reads no clock: the ``PluginContext`` lends it a model, a sandbox and a
/// random stream, so a run can be replayed and every model call is on the ledger.
public protocol Generator: Sendable {
    /// How many times the engine calls ``drafts(from:in:)`` for each seed, at least 1.
    ///
    /// Attempts of one seed are independent units: they run side by side, are resumed one by one, and each is
    /// booked by itself. The context's `ordinal` tells them apart.
    var attempts: Int { get }

    /// The most model calls of one unit, by role; the plan's worst case.
    var worstCaseCalls: [String: Int] { get }

    /// The most drafts of one unit; the plan's worst case.
    var worstCaseDrafts: Int { get }

    /// Whether every draft ends with an answer; false for generators that write tasks.
    ///
    /// A plan that would export tasks as answered samples is refused before anything is paid for.
    var givesAnswers: Bool { get }

    /// The drafts one attempt on one seed gives rise to.
    ///
    /// Throw anything. The engine books the failure against the seed and goes on: a bad draft is data, never a
    /// crash. Throw ``Skip`` when nothing is broken but the seed or the reply is unusable. A unit that gives
    /// neither draft nor drop is booked as dropped (`no-draft`).
    func drafts(from seed: Seed, in context: PluginContext) async throws -> [Draft]
}

extension Generator {
    /// One.
    public var attempts: Int { 1 }
    /// One.
    public var worstCaseDrafts: Int { 1 }
    /// Yes.
    public var givesAnswers: Bool { true }
}

/// A generator written in Swift, which can introduce itself before it exists.
public protocol GeneratorPlugin: Generator {
    /// What a recipe may set under `options:`, with a default for every property.
    associatedtype Options: PluginOptions = NoOptions

    /// Name, version and needs.
    static var manifest: Manifest { get }

    /// Seeds and canned replies that show the generator accepts right and refuses wrong, without a model.
    static var selfChecks: [SelfCheck] { get }

    /// Creates a generator, or throws ``BadOption``.
    init(options: Options, setup: PluginSetup) throws
}

/// A seed, canned replies and what a plug-in must make of them.
public struct SelfCheck: Sendable {
    /// What must happen.
    public enum Expectation: Sendable, Hashable {
        /// At least one draft or a pass whose content holds this text in a message or field.
        case accepts(String)
        /// A skip, drop or verdict with this reason and no draft.
        case refuses(ReasonCode)
    }

    /// One sentence: what this check shows.
    public var name: String
    /// The input.
    public var seed: Seed
    /// Options as JSON; those left out keep their defaults.
    public var options: [String: JSONValue]
    /// What the model says, call by call; the last one repeats.
    public var replies: [String]
    /// What the sandbox says, execution by execution; the last one repeats.
    ///
    /// Empty: all tests pass.
    public var executions: [ExecutionResult.Verdict]
    /// What must happen.
    public var expectation: Expectation

    /// Creates a check.
    public init(
        _ name: String,
        seed: Seed,
        options: [String: JSONValue] = [:],
        replies: [String] = [],
        executions: [ExecutionResult.Verdict] = [],
        expects expectation: Expectation
    ) {
        self.name = name
        self.seed = seed
        self.options = options
        self.replies = replies
        self.executions = executions
        self.expectation = expectation
    }
}
