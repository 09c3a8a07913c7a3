public import CorpusKit

/// The filters that ship with Corpusmith.
public enum BuiltInFilters: Sendable {
    /// In the order `corpusmith plugins` lists them.
    public static let all: [PluginEntry<any SampleFilter>] = [PluginEntry(Decontaminate.self)]
}

/// The selectors that ship with Corpusmith.
public enum BuiltInSelectors: Sendable {
    /// In the order `corpusmith plugins` lists them.
    public static let all: [PluginEntry<any Selector>] = [PluginEntry(ExactDuplicates.self)]
}

/// The pairers that ship with Corpusmith.
public enum BuiltInPairers: Sendable {
    /// In the order `corpusmith plugins` lists them.
    public static let all: [PluginEntry<any Pairer>] = [PluginEntry(Rollouts.self)]
}
