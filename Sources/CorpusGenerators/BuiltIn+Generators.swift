public import CorpusKit

/// The generators that ship with Corpusmith.
public enum BuiltInGenerators: Sendable {
    /// Every generator, in the order in which they are listed to people.
    public static let all: [PluginEntry<any Generator>] = [
        PluginEntry(Solve.self),
        PluginEntry(StyleMix.self),
        PluginEntry(OSSInstruct.self),
        PluginEntry(EvolInstruct.self),
        PluginEntry(SelfCorrection.self),
    ]
}
