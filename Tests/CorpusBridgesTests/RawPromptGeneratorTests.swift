import CorpusBridges
import CorpusDiagnostics
import CorpusKit
import CorpusTesting
import Testing

@Suite("Raw-prompt generators")
struct RawPromptGeneratorTests {
    private func finder(_ files: [String: String]) -> MemoryFinder {
        var all = [
            "generator.yaml": "name: ask\nversion: 1\nsummary: Lets the user speak\nfields: [topic]\n",
            "prompt.jinja": "<system>You know {{ topic }}.</system>\n<user>",
        ]
        all.merge(files) { $1 }
        return MemoryFinder(
            Dictionary(uniqueKeysWithValues: all.map { ("Templates/Generators/ask/" + $0.key, $0.value) })
        )
    }

    private func drafts(
        _ files: [String: String],
        options: JSONValue = .object([:])
    ) async throws -> (drafts: [Draft], generator: any Generator, host: ScriptedHost, manifest: Manifest) {
        let finder = finder(files)
        let entry = try #require(try TemplateGenerators.all(finder: finder).first)
        let setup = PluginSetup(plugin: "ask", stage: "s", finder: finder)
        let generator = try entry.make(options, ["model"], setup)
        let host = ScriptedHost(" Why do tides come twice a day?\n")
        let seed = Seed(id: "a", fields: ["topic": "tides", "tests": ["kind": "call"]])
        return (try await generator.drafts(from: seed, in: host.context()), generator, host, entry.manifest)
    }

    @Test("What follows a prompt alone is a task of its own")
    func task() async throws {
        let made = try await drafts([:], options: ["attempts": 3])

        #expect(made.host.calls.map(\.prompt) == ["<system>You know tides.</system>\n<user>"])
        #expect(made.host.calls.first?.messages == [])
        #expect(made.drafts.map(\.content.messages) == [[]])
        #expect(
            made.drafts.first?.content.fields == [
                "topic": "tides", "instruction": "Why do tides come twice a day?",
            ]
        )
        #expect(made.generator.attempts == 3)
        #expect(!made.generator.givesAnswers)
        #expect(made.manifest.uses == ["model": .prompt])
        #expect(made.manifest.produces == ["instruction"])
    }

    @Test("Beside a user turn, what follows the prompt is its answer")
    func answer() async throws {
        let made = try await drafts(["user.jinja": "Tell me of {{ topic }}"])

        #expect(made.generator.givesAnswers && made.generator.attempts == 1)
        #expect(made.manifest.produces == [])
        #expect(
            made.drafts.first?.content.messages == [
                Message(.user, "Tell me of tides"),
                Message(.assistant, "Why do tides come twice a day?"),
            ]
        )
    }

    @Test("A number of attempts that cannot be, an unknown option and a system turn are refused")
    func refusals() async throws {
        await #expect(throws: BadOption.self) { try await drafts([:], options: ["attempts": 0]) }
        await #expect(throws: UnknownOption.self) { try await drafts([:], options: ["attemps": 2]) }
        let report = try #require(throws: DiagnosticReport.self) {
            try TemplateGenerators.all(finder: finder(["system.jinja": "Be brief."]))
        }
        #expect(report.diagnostics.map(\.code) == ["misplaced-file"])
    }
}
