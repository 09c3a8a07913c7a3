import CorpusBridges
import CorpusExporters
import CorpusFilters
import CorpusGenerators
import CorpusKit
import CorpusSeeds
import CorpusVerifiers

/// The plug-ins that ship with the product, and the template-only ones found beside a recipe.
enum StandardPlugins {
    static func registry(finder: any ResourceFinder) throws -> PluginRegistry {
        try PluginRegistry(
            sources: BuiltInSources.all,
            generators: BuiltInGenerators.all + TemplateGenerators.all(finder: finder),
            verifiers: BuiltInVerifiers.all,
            filters: BuiltInFilters.all,
            selectors: BuiltInSelectors.all,
            pairers: BuiltInPairers.all,
            exporters: BuiltInExporters.all
        )
    }
}
