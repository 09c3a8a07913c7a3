public import CorpusKit

/// The sources that ship with Corpusmith.
public enum BuiltInSources: Sendable {
    /// In the order in which they are explained to a newcomer.
    public static let all: [PluginEntry<any SeedSource>] = [
        PluginEntry<any SeedSource>(JSONLinesSource.self),
        PluginEntry<any SeedSource>(CodeSource.self),
    ]
}
