import CorpusConfig
import CorpusDiagnostics
import CorpusKit
import CorpusPipeline
import Foundation

extension Recipe {
    /// Where the ledger lies that its run shares with others; nil when there is none.
    var sharedLedger: String? {
        guard let path = ledger?.value, !path.hasPrefix("/") else { return ledger?.value }
        let folder = (file as NSString).deletingLastPathComponent
        return folder.isEmpty ? path : folder + "/" + path
    }
}

extension String {
    /// A path as an absolute one without links.
    var resolved: String { URL(fileURLWithPath: self).resolvingSymlinksInPath().path }
}

/// Reads recipes and plans them with the plug-ins that ship with the product.
struct Workshop {
    let plan: Plan
    var recipe: Recipe { plan.recipe }

    /// Reads and plans a recipe.
    ///
    /// - Parameters:
    ///   - path: The recipe's file.
    ///   - allowsNoSandbox: Whether a person has asked to run programs without isolation.
    /// - Throws: ``DiagnosticReport`` with every fault, or a problem with the recipe's file.
    init(recipe path: String, allowsNoSandbox: Bool = false) throws {
        let locator = ResourceLocator(recipe: path, program: Self.program)
        plan = try Planner.plan(
            try Self.read(path),
            registry: try StandardPlugins.registry(finder: locator),
            finder: locator,
            localModels: LocalModels.lookup,
            allowsNoSandbox: allowsNoSandbox
        )
    }

    /// The plan for a ledger: the whole one, whose stages a shard's ledger has too, with the shard's name.
    func ledgerPlan(_ shard: Shard?) -> JSONValue {
        var members = plan.json.members ?? [:]
        members["shard"] = shard?.json
        return .object(members)
    }

    /// Where this program lies.
    static var program: String? { Bundle.main.executablePath }

    private static func read(_ path: String) throws -> RecipeReading {
        var isFolder: ObjCBool = false
        guard unsafe FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue
        else {
            throw CommandProblem(
                "missing-file",
                "cannot read `\(path)`: " + (isFolder.boolValue ? "it is a folder" : "no such file"),
                hint: "recipes to start from lie in `Templates/Recipes/`"
            )
        }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw CommandProblem("missing-file", "cannot read `\(path)`: permission denied")
        }
        guard let text = String(validating: data, as: UTF8.self) else {
            throw CommandProblem("not-utf8", "`\(path)` is not UTF-8 text", hint: "save the recipe as UTF-8")
        }
        do {
            return RecipeReading(try ConfigDocument(file: path, text: text))
        } catch {
            throw DiagnosticReport([error], sources: [path: text])
        }
    }
}

extension RunFolder {
    /// The ledger that a recipe shares with other runs; nil when it shares none.
    ///
    /// - Throws: ``CommandProblem`` (`own-ledger`) when it is the run's own.
    func sharedLedger(of recipe: Recipe) throws -> String? {
        guard let path = recipe.sharedLedger else { return nil }
        guard path.resolved != ledger.resolved else {
            throw CommandProblem(
                "own-ledger",
                "the recipe's `ledger: \(recipe.ledger?.value ?? path)` is the run's own ledger",
                hint: "name another file: the run keeps its own ledger beside it"
            )
        }
        return path
    }
}
