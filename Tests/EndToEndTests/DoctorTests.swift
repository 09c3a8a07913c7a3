import CorpusModel
import Foundation
import TestSupport
import Testing

@Suite("Doctor", .timeLimit(.minutes(5)))
struct DoctorTests {
    private static let noModels = ["CORPUSMITH_MODELS": "/nowhere"]

    @Test("A recipe that uses no bundled model does not miss it")
    func unusedModel() async throws {
        let bench = try Bench()
        let recipe = bench.recipe().edited(
            "models:\n",
            to: "models:\n  spare: { local: smollm2-135m }\n"
        )
        try bench.write(recipe, to: "recipe.yaml")
        let well = try await doctor(bench)
        let missing = try await Program.run("doctor", folder: bench.folder, environment: Self.noModels)

        #expect(well.code == 0, "\(well.output)")
        #expect(!well.output.contains("bundled model"))
        #expect(well.output.contains("model student: scripted answers at \(bench.server.url)"))
        #expect(missing.code == 1)
        #expect(missing.output.contains("missing  bundled model: "))
    }

    @Test("A sandbox that a run would refuse is missing, in the run's words")
    func isolation() async throws {
        let bench = try Bench()
        try bench.write(bench.recipe() + "sandbox: { min_isolation: full }\n", to: "recipe.yaml")
        let whole = try await doctor(bench)
        let end = try await Program.start(
            ["doctor", "--recipe", "recipe.yaml"],
            through: Program.alone,
            folder: bench.folder,
            environment: Self.noModels
        ).end()

        #expect(whole.code == 0, "\(whole.output)")
        #expect(end.code == 1, "\(end.errors)")
        #expect(
            end.output.contains(
                "missing  sandbox: the sandbox level is `oneshot` and the recipe asks for `full`"
            ),
            "\(end.output)"
        )
    }

    @Test("A list without the model is told and is no fault; a refused key is one")
    func endpoints() async throws {
        let dated = try Bench { _ in .status(500) }
        let other = try Bench(list: { _ in .status(200, #"{"data":[{"id":"scripted-2026"}]}"#) })
        let closed = try Bench(list: { _ in .status(401) })
        let known = try await doctor(dated)
        let unlisted = try await doctor(other)
        let refused = try await doctor(closed)

        #expect(known.code == 0, "\(known.output)")
        #expect(unlisted.code == 0, "\(unlisted.output)")
        #expect(unlisted.output.contains("does not list `scripted`, so the first call decides"))
        #expect(unlisted.output.contains("it lists `scripted-2026`"))
        #expect(refused.code == 1)
        #expect(refused.output.contains("missing  model student: "), "\(refused.output)")
    }

    private func doctor(_ bench: Bench) async throws -> Program.End {
        try await Program.run(
            "doctor",
            "--recipe",
            "recipe.yaml",
            folder: bench.folder,
            environment: Self.noModels
        )
    }
}
