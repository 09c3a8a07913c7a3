import CorpusKit

/// The models that an endpoint says it serves.
struct ModelList: Sendable, Hashable {
    /// In the endpoint's order.
    let names: [String]
    /// llama.cpp lists the file it has loaded and answers to any name.
    private let answersToAnyName: Bool

    /// Reads the reply to `GET /v1/models`, or nil when it is none.
    init?(body: [UInt8]) {
        guard let value = try? JSONValue(parsing: body),
            let entries = value["data"]?.elements ?? value.elements
        else { return nil }
        names = entries.compactMap { $0["id"]?.text }
        answersToAnyName = entries.contains { $0["owned_by"]?.text == "llamacpp" }
    }

    /// Whether a request for a model has a chance; an empty list says nothing.
    func mayServe(_ model: String) -> Bool { names.isEmpty || answersToAnyName || names.contains(model) }
}
