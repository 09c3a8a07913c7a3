import CorpusExporters
import CorpusFilters
import CorpusGenerators
import CorpusKit
import CorpusSeeds
import CorpusVerifiers

/// The codes that a run can give with the plug-ins that ship with the product.
enum ReasonCodes {
    static let known: Set<String> = Set(
        [
            BuiltInSources.all.map(\.manifest), BuiltInGenerators.all.map(\.manifest),
            BuiltInVerifiers.all.map(\.manifest), BuiltInFilters.all.map(\.manifest),
            BuiltInSelectors.all.map(\.manifest), BuiltInPairers.all.map(\.manifest),
            BuiltInExporters.all.map(\.manifest),
        ].joined().flatMap(\.reasons).map(\.description)
    ).union(engine)

    /// Those of the engine, the endpoints and the sandbox; a test compares them with the page of reason codes.
    private static let engine: Set<String> = [
        "bad-reply", "batch-undone", "beyond-target", "cell-full", "outside-strata", "content-refused",
        "endpoint-error", "endpoint-loading",
        "endpoint-refused",
        "missing-evidence", "missing-field", "no-draft", "not-recorded", "not-utf8", "overloaded",
        "plugin-error",
        "rate-limited", "reply-too-large", "sandbox-error", "stale-evidence", "template-error", "timeout",
        "too-long",
        "toolchain-missing", "transport", "unpaired", "unreadable-row", "unrouted", "unsupported-request",
    ]
}
