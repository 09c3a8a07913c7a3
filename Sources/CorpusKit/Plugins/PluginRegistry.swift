/// The plug-ins that one run may use, by verb and name.
public struct PluginRegistry: Sendable {
    /// `read:`.
    public var sources: PluginTable<any SeedSource>
    /// `generate:`.
    public var generators: PluginTable<any Generator>
    /// `verify:`.
    public var verifiers: PluginTable<VerifierKind>
    /// `filter:`.
    public var filters: PluginTable<any SampleFilter>
    /// `select:`.
    public var selectors: PluginTable<any Selector>
    /// `pair:`.
    public var pairers: PluginTable<any Pairer>
    /// `write:`.
    public var exporters: PluginTable<any Exporter>

    /// Creates a registry from lists; two plug-ins of one verb with one name are an error, never a silent
    /// replacement.
    public init(
        sources: [PluginEntry<any SeedSource>] = [],
        generators: [PluginEntry<any Generator>] = [],
        verifiers: [PluginEntry<VerifierKind>] = [],
        filters: [PluginEntry<any SampleFilter>] = [],
        selectors: [PluginEntry<any Selector>] = [],
        pairers: [PluginEntry<any Pairer>] = [],
        exporters: [PluginEntry<any Exporter>] = []
    ) throws(DuplicatePlugin) {
        self.sources = try PluginTable(sources)
        self.generators = try PluginTable(generators)
        self.verifiers = try PluginTable(verifiers)
        self.filters = try PluginTable(filters)
        self.selectors = try PluginTable(selectors)
        self.pairers = try PluginTable(pairers)
        self.exporters = try PluginTable(exporters)
    }

    /// A plug-in as lists show it.
    public struct Listing: Sendable {
        /// The verb that it serves.
        public var verb: Manifest.Verb
        /// Who it is.
        public var manifest: Manifest
        /// The options with their default values.
        public var defaults: JSONValue
        /// What the options mean, by name.
        public var meanings: [String: String]
    }

    /// Every plug-in in the order of the verbs, then by name.
    public var all: [Listing] {
        sources.listed(.read) + generators.listed(.generate) + verifiers.listed(.verify)
            + filters.listed(.filter)
            + selectors.listed(.select) + pairers.listed(.pair) + exporters.listed(.write)
    }
}

/// The plug-ins of one verb.
public struct PluginTable<Product>: Sendable {
    private var entries: [String: PluginEntry<Product>] = [:]

    fileprivate init(_ list: [PluginEntry<Product>]) throws(DuplicatePlugin) {
        for entry in list { try add(entry) }
    }

    /// Adds a plug-in whose name is still free.
    public mutating func add(_ entry: PluginEntry<Product>) throws(DuplicatePlugin) {
        guard entries.updateValue(entry, forKey: entry.manifest.name) == nil else {
            throw DuplicatePlugin(name: entry.manifest.name)
        }
    }

    /// Every name, sorted.
    public var names: [String] { entries.keys.sorted() }

    /// Every entry, sorted by name.
    public var list: [PluginEntry<Product>] { names.compactMap { entries[$0] } }

    /// The entry under a name.
    public subscript(name: String) -> PluginEntry<Product>? { entries[name] }

    fileprivate func listed(_ verb: Manifest.Verb) -> [PluginRegistry.Listing] {
        list.map {
            PluginRegistry.Listing(
                verb: verb,
                manifest: $0.manifest,
                defaults: $0.defaults,
                meanings: $0.meanings
            )
        }
    }
}

/// Two plug-ins of one verb claim one name.
public struct DuplicatePlugin: Error, Sendable, Hashable, CustomStringConvertible {
    /// The name.
    public let name: String

    /// One sentence for a person.
    public var description: String { "two plug-ins are called `\(name)`; rename one or load only one" }
}
