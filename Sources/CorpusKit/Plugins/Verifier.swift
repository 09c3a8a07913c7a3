/// Judges drafts one by one; leaves their content alone.
public protocol Verifier: Sendable {
    /// The most model calls for one draft, by role; the plan's worst case.
    var worstCaseCalls: [String: Int] { get }

    /// Whether a draft is believed.
    ///
    /// Throw ``Skip`` for a draft that cannot be judged (it is booked as dropped with that reason), anything
    /// else for a failure of the world.
    func verdict(on draft: Sample, in context: PluginContext) async throws -> Verdict
}

extension Verifier {
    /// None.
    public var worstCaseCalls: [String: Int] { [:] }
}

/// Judges drafts by looking at their siblings: those that answer the same task.
public protocol GroupVerifier: Sendable {
    /// The verdicts on all drafts of one task, once none of them is still on its way.
    ///
    /// - Parameters:
    ///   - drafts: Those to judge, ordered by key.
    ///   - siblings: Those that the recipe names under `siblings:`, ordered by key; counted, not judged.
    ///   - context: What is lent to the whole group.
    /// - Returns: One verdict for each draft, in their order.
    /// - Throws: Anything; the engine classifies it.
    func verdicts(on drafts: [Sample], siblings: [Sample], in context: PluginContext) async throws
        -> [Verdict]
}

/// A verifier written in Swift.
public protocol VerifierPlugin: Sendable {
    /// What a recipe may set under `options:`.
    associatedtype Options: PluginOptions = NoOptions

    /// Name, version and needs.
    static var manifest: Manifest { get }

    /// Drafts and canned replies that show the verifier accepts right and refuses wrong.
    static var selfChecks: [SelfCheck] { get }

    /// Creates what judges, for one set of options and roles, or throws ``BadOption``.
    ///
    /// - Parameters:
    ///   - options: The recipe's options over the defaults.
    ///   - roles: The roles that the recipe fills; a verifier may work with siblings when it has no model.
    ///   - setup: Lends prompts and files.
    /// - Returns: What judges.
    /// - Throws: ``BadOption``, ``PromptProblem``, ``ResourceProblem``.
    static func make(options: Options, roles: Set<String>, setup: PluginSetup) throws -> VerifierKind
}

/// The two ways of judging.
public enum VerifierKind: Sendable {
    /// One draft at a time.
    case single(any Verifier)
    /// All drafts of one task together.
    case group(any GroupVerifier)
}
