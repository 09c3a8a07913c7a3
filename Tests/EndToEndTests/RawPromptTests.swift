import CorpusModel
import TestSupport
import Testing

@Suite("Runs with raw prompts", .timeLimit(.minutes(5)))
struct RawPromptTests {
    /// Continues a prompt that ends where the user speaks with a task, and answers tasks in turns.
    private static let model: @Sendable (TestServer.Request) -> Answer = { request in
        guard request.path == "/v1/completions" else { return .chat("Twice, because of the moon.") }
        let draw = Digest(of: request.text).bytes[0]
        return .status(
            200,
            #"{"choices":[{"text":" Explain tide \#(draw).","finish_reason":"stop"}],"#
                + #""usage":{"prompt_tokens":6,"completion_tokens":5}}"#
        )
    }

    private static func recipe(_ bench: Bench, writer: String) -> String {
        """
        version: 1
        name: bench
        models:
          base:    { url: "\(bench.server.url)", model: scripted, identity: scripted@base, api: openai-completions, sampling: { seed: true } }
          teacher: { url: "\(bench.server.url)", model: scripted, sampling: { seed: true } }
        budget: { tokens: 1000000 }
        sources: { topics: { read: jsonl, path: seeds.jsonl, licence: MIT } }
        stages:
          asked:    { generate: user-turns, from: topics, model: \(writer), options: { attempts: 3 } }
          answered: { generate: answer-task, from: asked, model: teacher }
        exports: { sft: { write: sft-messages, from: answered } }

        """
    }

    @Test("A template of raw prompts lets a model write tasks, which another answers; nothing is paid twice")
    func magpie() async throws {
        let bench = try Bench(seeds: #"{"id":"1","topic":"tides"}"# + "\n", answer: Self.model)
        let folder = "Templates/Generators/user-turns/"
        try bench.write(
            "name: user-turns\nversion: 1\nsummary: Lets the user speak\nfields: [topic]\n",
            to: folder + "generator.yaml"
        )
        try bench.write("<system>You know {{ topic }}.\n<user>", to: folder + "prompt.jinja")
        try bench.write(Self.recipe(bench, writer: "teacher"), to: "recipe.yaml")
        let refused = try await bench.run()
        #expect(refused.code == 2)
        #expect(
            refused.errors.contains(
                "error[unsuitable-model]: `user-turns` lets its model continue raw text, and `teacher` takes turns only"
            ),
            "\(refused.errors)"
        )
        #expect(bench.calls == 0)

        try bench.write(Self.recipe(bench, writer: "base"), to: "recipe.yaml")
        let end = try await bench.run()
        let bought = bench.calls
        let again = try await bench.run("--replay")

        #expect(end.code == 0, "\(end.errors)")
        #expect(again.code == 0, "\(again.errors)")
        #expect(bought == 6 && bench.calls == 6)
        let prompts = bench.server.requests.filter { $0.path == "/v1/completions" }
        #expect(prompts.count == 3)
        #expect(prompts.allSatisfy { $0.text.contains(#""prompt":"<system>You know tides.\n<user>""#) })
        let rows = try bench.rows().values.joined()
        #expect(rows.contains("Explain tide") && rows.contains("Twice, because of the moon."), "\(rows)")
        #expect(Bench.addsUp(try await bench.report()))
    }
}
