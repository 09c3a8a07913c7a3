public import CorpusKit

/// The rules that every plug-in is held to, as one call in its author's test.
///
/// ```swift
/// @Test("The generator keeps the rules of the kit", .timeLimit(.minutes(1)))
/// func conformance() async {
///     let findings = await PluginConformance(finder: FolderFinder(".")).findings(in: PluginEntry(Riddles.self))
///     #expect(findings.isEmpty)
/// }
/// ```
///
/// Nothing is called but what the self-checks script. A plug-in that ignores cancellation for ever never returns
/// here either: give the test a time limit.
public struct PluginConformance: Sendable {
    /// A rule that a plug-in breaks.
    public struct Finding: Sendable, Hashable, CustomStringConvertible {
        /// The rule's stable kebab-case name.
        public let rule: String
        /// One sentence without a full stop.
        public let message: String

        /// The rule and the sentence.
        public var description: String { "\(rule): \(message)" }
    }

    let finder: any ResourceFinder
    let options: [String: JSONValue]
    let roles: Set<String>?

    /// Creates the rules.
    ///
    /// - Parameters:
    ///   - finder: Where the plug-in's prompts and data files are found.
    ///   - options: Options for the rules on bad replies and cancellation, over those of the self-checks. Switch off
    ///     here what gives drafts that no reply has a part in.
    ///   - roles: The roles that the recipe fills; nil fills all of the manifest's.
    public init(finder: any ResourceFinder, options: [String: JSONValue] = [:], roles: Set<String>? = nil) {
        self.finder = finder
        self.options = options
        self.roles = roles
    }

    /// The rules that a generator breaks; none when it is sound.
    public func findings(in entry: PluginEntry<any Generator>) async -> [Finding] {
        var subject = Subject(entry, rules: self) { generator, check, host in
            let context = host.context()
            let drafts = try await generator.drafts(from: check.seed, in: context)
            return drafts.map { Outcome.Kept(content: $0.content, isDraft: true) }
        }
        subject.worstCase = { ($0.worstCaseCalls, $0.worstCaseDrafts) }
        subject.stall = { generator, check, context in
            _ = try await generator.drafts(from: check.seed, in: context)
        }
        return await subject.findings()
    }

    /// The rules that a verifier breaks; none when it is sound.
    ///
    /// A group verifier is shown each self-check's draft as a group of one.
    public func findings(in entry: PluginEntry<VerifierKind>) async -> [Finding] {
        var subject = Subject(entry, rules: self) { kind, check, host in
            guard let verdict = try await Self.verdict(kind, check, host.context()) else { return [] }
            if let reason = verdict.reason { throw Skip(reason, verdict.summary) }
            return [Outcome.Kept(content: check.seed.content, isDraft: false)]
        }
        subject.worstCase = { kind in
            guard case .single(let verifier) = kind else { return nil }
            return (verifier.worstCaseCalls, 1)
        }
        subject.stall = { kind, check, context in _ = try await Self.verdict(kind, check, context) }
        return await subject.findings()
    }

    private static func verdict(
        _ kind: VerifierKind,
        _ check: SelfCheck,
        _ context: PluginContext
    ) async throws -> Verdict? {
        let sample = sample(check.seed)
        switch kind {
        case .single(let verifier): return try await verifier.verdict(on: sample, in: context)
        case .group(let verifier):
            return try await verifier.verdicts(on: [sample], siblings: [], in: context).first
        }
    }

    private static func sample(_ seed: Seed) -> Sample {
        let key = ItemKey(deriving: ["conformance", seed.id])
        return Sample(
            key: key,
            content: seed.content,
            group: key,
            task: key,
            origin: seed.origin,
            licence: seed.licence,
            evidence: [],
            provenance: []
        )
    }
}
