import CorpusBridges
import CorpusDiagnostics
import CorpusKit
import CorpusTesting
import Testing

@Suite("Template-only generators")
struct TemplateGeneratorTests {
    private static let description = "name: explain\nversion: 1\nsummary: Explains\nfields: [topic]\n"

    private func finder(_ description: String = description, user: String = "Explain {{ topic }}")
        -> MemoryFinder
    {
        MemoryFinder([
            "Templates/Generators/explain/generator.yaml": description,
            "Templates/Generators/explain/user.jinja": user,
            "Templates/Generators/explain/system.jinja": "Be brief.",
        ])
    }

    @Test("A folder becomes a generator whose prompts are filled from the seed")
    func drafts() async throws {
        let finder = finder()
        let entry = try #require(try TemplateGenerators.all(finder: finder).first)
        let generator = try entry.make(
            .object([:]),
            ["model"],
            PluginSetup(plugin: "explain", stage: "s", finder: finder)
        )
        let host = ScriptedHost("It is so.")
        let drafts = try await generator.drafts(
            from: Seed(id: "a", fields: ["topic": "tides"]),
            in: host.context()
        )

        #expect(entry.manifest.requires == ["topic"])
        #expect(
            drafts.first?.content.messages == [
                Message(.user, "Explain tides"), Message(.assistant, "It is so."),
            ]
        )
        #expect(host.calls.first?.messages.first == Message(.system, "Be brief."))
    }

    @Test(
        "A reply that is no answer becomes no draft, and the manifest names the reason",
        arguments: [
            (ModelReply(text: "I'm sorry, but I cannot help with that."), "refusal"),
            (ModelReply(text: "It is", finish: .filtered), "refusal"),
            (ModelReply(text: "It is", finish: .length), "truncated"),
            (ModelReply(text: "It is", finish: .other), "truncated"),
            (ModelReply(text: " \n"), "empty"),
            (ModelReply(text: String(repeating: "so ", count: 30_000)), "low-quality"),
        ] as [(ModelReply, ReasonCode)]
    )
    func noAnswer(reply: ModelReply, reason: ReasonCode) async throws {
        let finder = finder()
        let entry = try #require(try TemplateGenerators.all(finder: finder).first)
        let setup = PluginSetup(plugin: "explain", stage: "s", finder: finder)
        let generator = try entry.make(.object([:]), ["model"], setup)
        let host = ScriptedHost(replies: [reply])

        let skip = await #expect(throws: Skip.self) {
            try await generator.drafts(from: Seed(id: "a", fields: ["topic": "tides"]), in: host.context())
        }

        #expect(skip?.reason == reason)
        #expect(entry.manifest.reasons.contains(reason))
    }

    @Test(
        "A seed without a field that a prompt needs is dropped for good, before the model is asked",
        arguments: [["other": "x"], ["topic": .null]] as [[String: JSONValue]]
    )
    func missingField(fields: [String: JSONValue]) async throws {
        let finder = finder()
        let entry = try #require(try TemplateGenerators.all(finder: finder).first)
        let setup = PluginSetup(plugin: "explain", stage: "s", finder: finder)
        let generator = try entry.make(.object([:]), ["model"], setup)
        let host = ScriptedHost("It is so.")

        let problem = await #expect(throws: SeedProblem.self) {
            try await generator.drafts(from: Seed(id: "a", fields: fields), in: host.context())
        }
        #expect(problem?.description == "the seed has no field `topic`")
        #expect(host.calls.isEmpty)
        #expect(entry.manifest.reasons.contains("missing-field"))
    }

    @Test("A field that a prompt only asks about may be missing")
    func optionalField() async throws {
        let finder = finder(
            user: "Explain {% if topic is defined %}{{ topic }}{% else %}the tides{% endif %}"
        )
        let entry = try #require(try TemplateGenerators.all(finder: finder).first)
        let setup = PluginSetup(plugin: "explain", stage: "s", finder: finder)
        let generator = try entry.make(.object([:]), ["model"], setup)
        let drafts = try await generator.drafts(
            from: Seed(id: "a", fields: [:]),
            in: ScriptedHost("It is so.").context()
        )
        #expect(drafts.first?.content.messages.first == Message(.user, "Explain the tides"))
    }

    @Test("An option and an unlisted hole are refused")
    func refusals() throws {
        let finder = finder(user: "Explain {{ topic }} to {{ whom }}")
        let entry = try #require(try TemplateGenerators.all(finder: finder).first)
        let setup = PluginSetup(plugin: "explain", stage: "s", finder: finder)
        #expect(throws: UnknownOption.self) { try entry.make(["x": 1], [], setup) }
        #expect(throws: PromptProblem.self) { try entry.make(.object([:]), [], setup) }
    }

    @Test(
        "A faulty description is a diagnostic",
        arguments: [
            ("name: other\nversion: 1\nsummary: x\nfields: []\n", "bad-name"),
            ("name: explain\nversion: 0\nsummary: x\nfields: []\n", "wrong-type"),
            ("name: explain\nversion: 1\nfields: []\n", "missing-field"),
            ("name: explain\nversion: 1\nsummary: x\n", "missing-field"),
            ("name: explain\nversion: 1\nsummary: x\nfields: []\nuser: x\n", "unknown-key"),
        ]
    )
    func faults(description: String, code: String) throws {
        let report = try #require(throws: DiagnosticReport.self) {
            try TemplateGenerators.all(finder: finder(description))
        }
        #expect(report.diagnostics.map(\.code) == [code])
    }
}
