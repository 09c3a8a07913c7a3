import ArgumentParser
import CorpusPipeline
import CorpusText
import Foundation

/// `corpusmith init NAME`: copies a recipe to start from.
struct InitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Copy a recipe to start from",
        discussion: """
            Copies Templates/Recipes/NAME.yaml into the working directory; overwrites nothing. Without a name, lists \
            the recipes.

            Exit codes: 0 done, 2 no such recipe or the file is there already, 64 bad command line.

            Example: corpusmith init quickstart
            """
    )

    @Argument(help: "The recipe's name")
    var name: String?

    func run() async throws {
        try await reporting {
            let locator = ResourceLocator(recipe: nil, program: Workshop.program)
            let recipes = locator.allFiles(matching: "Templates/Recipes/*.yaml")
            func recipeName(_ path: String) -> String {
                ((path as NSString).lastPathComponent as NSString).deletingPathExtension
            }
            guard let name else {
                for recipe in recipes { Terminal.print(recipeName(recipe)) }
                return
            }
            guard let source = recipes.first(where: { recipeName($0) == name }) else {
                throw CommandProblem(
                    "unknown-recipe",
                    "there is no recipe `\(name)`",
                    hint: "there are \(recipes.map { "`\(recipeName($0))`" }.joined(separator: ", "))"
                )
            }
            let target = name + ".yaml"
            guard !FileManager.default.fileExists(atPath: target) else {
                throw CommandProblem(
                    "file-exists",
                    "`\(target)` is there already",
                    hint: "rename or remove it first"
                )
            }
            try AtomicFile.write(FileAccess.bytes(of: source, limit: 1 << 20), to: target)
            Terminal.tell("wrote \(target); next: corpusmith run \(target)")
        }
    }
}
