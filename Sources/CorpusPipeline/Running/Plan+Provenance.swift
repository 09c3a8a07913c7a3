import CorpusConfig
import CorpusKit

extension Plan {
    /// A step in the making of what a node makes of an item.
    func provenance(at index: Int, from parent: ItemKey?, detail: [String: JSONValue]) -> Provenance {
        let node = nodes[index]
        let own = Array(node.roles.values)
        // Models that stood in for others which refused the content.
        let others = Set((detail["fallbacks"]?.elements ?? []).compactMap(\.text))
        let writers = own + models.values.filter { others.contains($0.identity) }
        return Provenance(
            stage: node.name,
            plugin: node.manifest.name,
            version: node.manifest.version,
            models: Array(Set(writers.map(\.identity)).union(others)).sorted(),
            templates: node.templates,
            parent: parent,
            outputTerms: Array(Set(writers.compactMap(\.spec.outputTerms))).sorted()
        )
    }
}
