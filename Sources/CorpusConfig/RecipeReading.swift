package import CorpusDiagnostics

/// A recipe as far as it can be read, and every fault that can be seen without the plug-ins.
package struct RecipeReading: Sendable {
    /// The path as the user gave it.
    package let file: String
    /// The whole text.
    package let text: String
    /// What could be read; nil when nothing in it can be held against the plug-ins.
    package let recipe: Recipe?
    /// What could not; a recipe with faults is there to find more of them and never to be run.
    package let faults: [Diagnostic]

    /// Reads a recipe.
    package init(_ document: ConfigDocument) {
        var reader = RecipeReader(file: document.file)
        file = document.file
        text = document.text
        recipe = reader.recipe(document)
        faults = reader.faults
    }
}
