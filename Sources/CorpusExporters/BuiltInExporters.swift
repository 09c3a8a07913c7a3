public import CorpusKit

/// The exporters that ship with Corpusmith.
public enum BuiltInExporters: Sendable {
    /// In the order in which they are explained to a newcomer.
    public static let all: [PluginEntry<any Exporter>] = [
        PluginEntry<any Exporter>(SFTMessages.self),
        PluginEntry<any Exporter>(DPO.self),
    ]
}
