import CorpusConfig
import CorpusKit

extension Plan {
    /// A step in the making of what a node makes of an item.
    func provenance(at index: Int, from parent: ItemKey?, detail: [String: JSONValue]) -> Provenance {
        let node = nodes[index]
        let own = Array(node.roles.values)
        // Models that stood in for others which refused the content.
        let others = (detail["fallbacks"]?.elements ?? []).compactMap { $0.text.flatMap { models[$0] } }
        let writers = own + others
        return Provenance(
            stage: node.name,
            plugin: node.manifest.name,
            version: node.manifest.version,
            models: Array(Set(writers.map(\.identity))).sorted(),
            templates: node.templates,
            parent: parent,
            outputTerms: Array(Set(writers.compactMap(\.spec.outputTerms))).sorted()
        )
    }
}
