public import CorpusKit

/// What an endpoint says about itself before it is asked to work.
public struct EndpointProbe: Sendable, Hashable {
    /// The models that it lists, in its order; empty when it keeps no list.
    public var models: [String]
    /// Whether the list leaves the model a chance: false when other names stand there and this one does not.
    ///
    /// An endpoint may take names that it does not list, so false proves nothing.
    public var mayServe: Bool
    /// Why there is no list though the endpoint was reached; nil when there is nothing to say.
    public var trouble: WorkFailure?

    /// Creates an account of a probe.
    public init(models: [String] = [], mayServe: Bool = true, trouble: WorkFailure? = nil) {
        self.models = models
        self.mayServe = mayServe
        self.trouble = trouble
    }

    /// The models for a sentence, at most five of them, without control characters.
    public var modelsInWords: String { Self.inWords(models) }

    static func inWords(_ models: [String]) -> String {
        let shown = models.prefix(5).map { name in
            let plain = name.unicodeScalars.filter { $0.properties.generalCategory != .control }
            return "`\(String(String.UnicodeScalarView(plain)).prefix(100))`"
        }.joined(separator: ", ")
        return models.count > 5 ? "\(shown) and \(models.count - 5) more" : shown
    }
}
