import CorpusKit

/// The models that an endpoint says it serves.
struct ModelList: Sendable, Hashable {
    /// In the endpoint's order.
    let names: [String]
    /// llama.cpp lists the file it has loaded and answers to any name.
    private let answersToAnyName: Bool

    /// Reads the reply to a question for models, as OpenAI, Anthropic or Google give it, or nil when it is none.
    init?(body: [UInt8]) {
        guard let value = try? JSONValue(parsing: body),
            let entries = value["data"]?.elements ?? value["models"]?.elements ?? value.elements
        else { return nil }
        names = entries.compactMap { entry in
            entry["id"]?.text ?? entry["name"]?.text.map(Self.withoutFolder)
        }
        answersToAnyName = entries.contains { $0["owned_by"]?.text == "llamacpp" }
    }

    /// A model's name as requests have it: Google puts a folder in front.
    static func withoutFolder(_ name: String) -> String {
        name.hasPrefix("models/") ? String(name.dropFirst("models/".count)) : name
    }

    /// Whether a request for a model has a chance; an empty list says nothing.
    func mayServe(_ model: String) -> Bool {
        names.isEmpty || answersToAnyName || names.contains(model)
            || names.contains(Self.withoutFolder(model))
    }
}
