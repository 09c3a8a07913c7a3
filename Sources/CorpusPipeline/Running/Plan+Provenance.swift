import CorpusConfig
import CorpusKit

extension Plan {
    /// A step in the making of what a node makes of an item.
    func provenance(at index: Int, from parent: ItemKey?) -> Provenance {
        let node = nodes[index]
        let own = Array(node.roles.values)
        // Which of the two a reply came from is on the ledger; whoever trains on it has to heed the terms of both.
        let writers = own + own.compactMap { $0.spec.fallback.flatMap { models[$0.value] } }
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
