import CorpusGenerators
import CorpusKit
import CorpusTesting
import TestSupport

/// The repository's prompts, with a small style set in the place of the shipped one.
enum Workshop {
    static let styles = """
        {"id": "polite-question", "register": "polite", "length": "medium", "mood": "question", "example_phrases": ["Could you help?", "Thank you."]}
        {"id": "terse", "register": "chatty", "length": "short", "mood": "imperative", "typos": "few", "example_phrases": ["need this", "pls"]}
        {"id": "spec", "register": "formal", "length": "long", "mood": "statement", "example_phrases": ["The function shall …"]}

        """

    /// Finds the repository's files, with a small style set in the place of the shipped one.
    static func finder(styles: String = Self.styles) -> MemoryFinder {
        MemoryFinder(["Seeds/styles.jsonl": styles], over: FolderFinder([Repository.path]))
    }

    /// Builds a built-in generator as the engine would.
    static func generator(
        _ name: String,
        _ options: [String: JSONValue] = [:],
        styles: String = Self.styles
    ) throws -> any Generator {
        let entry = BuiltInGenerators.all.first { $0.manifest.name == name }
        guard let entry else { throw ResourceProblem(name: name, "no generator is called `\(name)`") }
        let setup = PluginSetup(plugin: name, stage: "test", finder: finder(styles: styles))
        return try entry.make(.object(options), Set(entry.manifest.roles), setup)
    }
}

/// Everything that a unit gave.
struct Outcome {
    var drafts: [Draft] = []
    var skip: ReasonCode?
    var drops: [ReasonCode] { host.drops.map(\.reason) }
    let host: ScriptedHost

    /// Runs one unit; errors besides a skip pass.
    static func of(
        _ name: String,
        _ seed: Seed,
        _ options: [String: JSONValue] = [:],
        host: ScriptedHost,
        random: Int = 1
    ) async throws -> Outcome {
        let generator = try Workshop.generator(name, options)
        var outcome = Outcome(host: host)
        do {
            outcome.drafts = try await generator.drafts(from: seed, in: host.context(seed: random))
        } catch let skip as Skip {
            outcome.skip = skip.reason
        }
        return outcome
    }
}

extension ScriptedHost {
    /// A host whose model says these texts in turn.
    convenience init(replies texts: [String], executions: [ExecutionResult.Verdict] = []) {
        self.init(replies: texts.map { ModelReply(text: $0) }, executions: executions)
    }
}
