public import CorpusKit

/// The verifiers that ship with Corpusmith.
public enum BuiltInVerifiers: Sendable {
    /// In the order `corpusmith plugins` lists them.
    public static let all: [PluginEntry<VerifierKind>] = [
        PluginEntry(Tests.self), PluginEntry(PassRate.self), PluginEntry(TopicDifficulty.self),
    ]
}
