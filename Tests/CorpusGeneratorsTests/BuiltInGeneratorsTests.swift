import CorpusGenerators
import CorpusKit
import CorpusTesting
import Testing

@Suite("Built-in generators")
struct BuiltInGeneratorsTests {
    @Test(
        "Every built-in generator keeps the rules of the kit",
        .timeLimit(.minutes(5)),
        arguments: BuiltInGenerators.all.map(\.manifest.name)
    )
    func conformance(name: String) async throws {
        let entry = try #require(BuiltInGenerators.all.first { $0.manifest.name == name })
        let options: [String: JSONValue] = name == "style-mix" ? ["keep_plain": false] : [:]

        let findings = await PluginConformance(finder: Workshop.finder(), options: options).findings(
            in: entry
        )

        #expect(findings.isEmpty, "\(findings.map(\.description).joined(separator: "\n"))")
    }

    @Test("No two generators share a name")
    func names() throws {
        let registry = try PluginRegistry(generators: BuiltInGenerators.all)

        #expect(
            registry.generators.names == [
                "evol-instruct", "oss-instruct", "self-correction", "solve", "style-mix",
            ]
        )
    }

    @Test(
        "An impossible option is refused by its name",
        arguments: [
            ("solve", "attempts", 0), ("solve", "attempts", 1001), ("solve", "answer", "both"),
            ("solve", "language", ""),
            ("style-mix", "variants", 0), ("style-mix", "tries", 11), ("style-mix", "blend", 1.5),
            ("style-mix", "min_recall", -0.1), ("style-mix", "retry_temperature", 3),
            ("style-mix", "only", ["nobody"]),
            ("oss-instruct", "attempts", 0), ("oss-instruct", "min_characters", -1),
            ("evol-instruct", "rounds", 0),
            ("evol-instruct", "operators", "all"), ("evol-instruct", "operators", ["deepen", "worsen"]),
            ("evol-instruct", "operators", []), ("evol-instruct", "operators", 3),
            ("self-correction", "revisions", -1),
            ("self-correction", "attempts", 0), ("self-correction", "hidden", 1),
            ("self-correction", "min_cases", 0),
            ("self-correction", "wall_ms", 0), ("self-correction", "repair_temperature", 2.5),
        ] as [(String, String, JSONValue)]
    )
    func badOptions(name: String, option: String, value: JSONValue) {
        let problem = #expect(throws: BadOption.self) { try Workshop.generator(name, [option: value]) }

        #expect(problem?.option == option)
    }

    @Test(
        "Prompts are part of the stage's digest",
        arguments: [
            ("solve", "prompt"), ("style-mix", "restyle"), ("oss-instruct", "inspire"),
            ("evol-instruct", "equality"),
            ("self-correction", "repair"),
        ]
    )
    func digests(name: String, prompt: String) throws {
        let entry = try #require(BuiltInGenerators.all.first { $0.manifest.name == name })
        let setup = PluginSetup(plugin: name, stage: "test", finder: Workshop.finder())

        _ = try entry.make([:], Set(entry.manifest.roles), setup)

        #expect(setup.digests["Templates/Prompts/\(name)/\(prompt).jinja"] != nil)
    }

    @Test("A prompt whose last turn is not the user's is refused")
    func promptWithoutQuestion() {
        let finder = MemoryFinder(["Templates/Prompts/solve/prompt.jinja": "<<<SYSTEM>>>\n{{ task }}"])
        let setup = PluginSetup(plugin: "solve", stage: "test", finder: finder)

        let problem = #expect(throws: PromptProblem.self) {
            try BuiltInGenerators.all[0].make([:], ["model"], setup)
        }

        #expect(problem?.code == "no-question")
    }
}
