import CorpusConfig
import CorpusDiagnostics
import Testing

@Suite("Samples per call in recipes")
struct SamplesPerCallFaultTests {
    private static func model(_ rest: String) -> String {
        recipe("models: { m: { url: \"https://a.example\", model: x, \(rest) } }\nbudget: { tokens: 1 }\n")
    }

    @Test("One reply at a time is what is asked for otherwise")
    func counts() throws {
        #expect(try read(Self.model("sampling: {}")).models.first?.samplesPerCall == 1)
        #expect(try read(Self.model("samples_per_call: 8")).models.first?.samplesPerCall == 8)
        #expect(try read(Self.model("api: anthropic, samples_per_call: 1")).models.first?.samplesPerCall == 1)
    }

    static let faults = [
        Fault(
            name: "API with one reply",
            code: "misplaced-key",
            message: "`samples_per_call` cannot be 4 here: the API `anthropic` gives one reply at a time",
            hint: "leave it out",
            text: model("api: anthropic, 1️⃣samples_per_call: 4")
        ),
        Fault(
            name: "batches",
            code: "misplaced-key",
            message: "`samples_per_call` cannot be 2 here: rows of a batch have one reply each",
            hint: "leave it out",
            text: model("batch: true, 1️⃣samples_per_call: 2")
        ),
        Fault(
            name: "seeds",
            code: "misplaced-key",
            message:
                "`samples_per_call` cannot be 2 here: each reply has a seed of its own under `sampling: { seed: true }`",
            hint: "leave it out",
            text: model("sampling: { seed: true }, 1️⃣samples_per_call: 2")
        ),
        Fault(
            name: "a local model",
            code: "misplaced-key",
            message: "`samples_per_call` cannot be 2 here: a `local` model gives one reply at a time",
            hint: "leave it out",
            text: recipe("models: { m: { local: a, 1️⃣samples_per_call: 2 } }\nbudget: { tokens: 1 }\n")
        ),
        Fault(
            name: "too many",
            code: "out-of-range",
            message: "`samples_per_call` must be from 1 to 128, not 129",
            text: model("samples_per_call: 1️⃣129")
        ),
    ]

    @Test("Each fault has a code, a sentence, a place and a hint", arguments: faults)
    func fault(fault: Fault) throws { try fault.check() }
}
