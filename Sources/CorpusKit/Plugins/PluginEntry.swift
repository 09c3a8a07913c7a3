import Foundation

/// A plug-in's manifest and the one way to build it from a recipe's options.
public struct PluginEntry<Product>: Sendable {
    /// Who it is.
    public let manifest: Manifest
    /// The options with their default values.
    public let defaults: JSONValue
    /// What the options mean, by name; those that a plug-in says nothing about are left out.
    public let meanings: [String: String]
    /// What the plug-in proves about itself.
    public let selfChecks: [SelfCheck]
    /// Builds the plug-in.
    ///
    /// Options that a recipe leaves out keep their defaults; a name that is no option throws ``BadOption``.
    /// Takes options, the roles that the recipe fills, and the setup.
    public let make: @Sendable (JSONValue, Set<String>, PluginSetup) throws -> Product

    /// Wraps a plug-in that is described by a file instead of a type.
    public init(
        _ manifest: Manifest,
        defaults: JSONValue = .object([:]),
        meanings: [String: String] = [:],
        selfChecks: [SelfCheck] = [],
        make: @escaping @Sendable (JSONValue, Set<String>, PluginSetup) throws -> Product
    ) {
        self.manifest = manifest
        self.defaults = defaults
        self.meanings = meanings
        self.selfChecks = selfChecks
        self.make = make
    }

    private init<Options: PluginOptions>(
        _ manifest: Manifest,
        _ options: Options.Type,
        _ selfChecks: [SelfCheck],
        build: @escaping @Sendable (Options, Set<String>, PluginSetup) throws -> Product
    ) {
        let defaults = Self.encoded(Options())
        self.init(
            manifest,
            defaults: defaults,
            meanings: Options.meanings,
            selfChecks: selfChecks
        ) { given, roles, setup in
            try build(Self.decoded(Options.self, given, over: defaults, of: manifest.name), roles, setup)
        }
    }

    private static func encoded(_ options: some PluginOptions) -> JSONValue {
        guard let data = try? JSONEncoder().encode(options), let value = try? JSONValue(parsing: Array(data))
        else {
            preconditionFailure("the default options of a plug-in must encode as JSON")
        }
        return value
    }

    private static func decoded<Options: PluginOptions>(
        _ type: Options.Type,
        _ given: JSONValue,
        over defaults: JSONValue,
        of plugin: String
    ) throws -> Options {
        guard let names = given.members, var merged = defaults.members else {
            throw BadOption("options", "must be a mapping of names to values")
        }
        for (name, value) in names {
            guard merged.updateValue(value, forKey: name) != nil else {
                throw UnknownOption(name: name, plugin: plugin)
            }
        }
        do {
            return try JSONDecoder().decode(Options.self, from: Data(JSONValue.object(merged).canonical.utf8))
        } catch let error as DecodingError {
            throw BadOption(error)
        }
    }
}

/// A recipe sets an option that the plug-in does not have.
public struct UnknownOption: Error, Sendable, Hashable {
    /// The name as the recipe writes it.
    public let name: String
    /// The plug-in.
    public let plugin: String

    /// Creates the error for a name that is no option.
    public init(name: String, plugin: String) {
        self.name = name
        self.plugin = plugin
    }
}

extension BadOption {
    fileprivate init(_ error: DecodingError) {
        let path: [any CodingKey]
        let problem: String
        switch error {
        case .typeMismatch(let type, let context):
            path = context.codingPath
            problem = "must be \(Self.name(of: type))"
        case .valueNotFound(let type, let context):
            path = context.codingPath
            problem = "must be \(Self.name(of: type)), not null"
        case .keyNotFound(let key, let context):
            path = context.codingPath
            problem = "needs `\(key.stringValue)`"
        case .dataCorrupted(let context):
            path = context.codingPath
            problem = context.debugDescription
        @unknown default:
            path = []
            problem = "cannot be read"
        }
        self.init(path.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: "/"), problem)
    }

    private static func name(of type: any Any.Type) -> String {
        switch type {
        case is Int.Type: "a whole number"
        case is Double.Type: "a number"
        case is String.Type: "a string"
        case is Bool.Type: "`true` or `false`"
        case is [Any].Type: "a list"
        default: "of another shape"
        }
    }
}

extension PluginEntry<any Generator> {
    /// Wraps a generator written in Swift.
    public init<Plugin: GeneratorPlugin>(_ type: Plugin.Type) {
        self.init(Plugin.manifest, Plugin.Options.self, Plugin.selfChecks) { options, _, setup in
            try Plugin(options: options, setup: setup)
        }
    }
}

extension PluginEntry<VerifierKind> {
    /// Wraps a verifier written in Swift.
    public init<Plugin: VerifierPlugin>(_ type: Plugin.Type) {
        self.init(Plugin.manifest, Plugin.Options.self, Plugin.selfChecks) { options, roles, setup in
            try Plugin.make(options: options, roles: roles, setup: setup)
        }
    }
}

extension PluginEntry<any SampleFilter> {
    /// Wraps a filter written in Swift.
    public init<Plugin: FilterPlugin>(_ type: Plugin.Type) {
        self.init(Plugin.manifest, Plugin.Options.self, Plugin.selfChecks) { options, _, setup in
            try Plugin(options: options, setup: setup)
        }
    }
}

extension PluginEntry<any Selector> {
    /// Wraps a selector written in Swift.
    public init<Plugin: SelectorPlugin>(_ type: Plugin.Type) {
        self.init(Plugin.manifest, Plugin.Options.self, []) { options, _, setup in
            try Plugin(options: options, setup: setup)
        }
    }
}

extension PluginEntry<any Pairer> {
    /// Wraps a pairer written in Swift.
    public init<Plugin: PairerPlugin>(_ type: Plugin.Type) {
        self.init(Plugin.manifest, Plugin.Options.self, []) { options, _, setup in
            try Plugin(options: options, setup: setup)
        }
    }
}

extension PluginEntry<any SeedSource> {
    /// Wraps a source written in Swift.
    public init<Plugin: SourcePlugin>(_ type: Plugin.Type) {
        self.init(Plugin.manifest, Plugin.Options.self, []) { options, _, setup in
            try Plugin(options: options, setup: setup)
        }
    }
}

extension PluginEntry<any Exporter> {
    /// Wraps an exporter written in Swift.
    public init<Plugin: ExporterPlugin>(_ type: Plugin.Type) {
        self.init(Plugin.manifest, Plugin.Options.self, []) { options, _, setup in
            try Plugin(options: options, setup: setup)
        }
    }
}
