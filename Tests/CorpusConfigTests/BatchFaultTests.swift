import CorpusConfig
import CorpusDiagnostics
import Testing

@Suite("Batches in recipes")
struct BatchFaultTests {
    private static func model(_ rest: String) -> String {
        recipe("models: { m: { url: \"https://a.example\", model: x, \(rest) } }\nbudget: { tokens: 1 }\n")
    }

    @Test(
        "Batches are asked for with a word, or in parts",
        arguments: [
            ("batch: true", Recipe.Batch()),
            ("batch: false", nil),
            ("batch: { rows: 5 }", Recipe.Batch(rows: 5)),
            (
                "api: anthropic, batch: { rows: 7, quiet: 2m, price_factor: 0.25 }",
                Recipe.Batch(rows: 7, quietSeconds: 120, priceFactor: 0.25)
            ),
        ] as [(String, Recipe.Batch?)]
    )
    func batches(text: String, expected: Recipe.Batch?) throws {
        #expect(try read(Self.model(text)).models.first?.batch == expected)
    }

    static let faults = [
        Fault(
            name: "API without batches",
            code: "misplaced-key",
            message: "the API `gemini` has no batches",
            hint: "APIs with batches: `openai`, `openai-completions`, `anthropic`",
            text: model("api: gemini, 1️⃣batch: true")
        ),
        Fault(
            name: "hedge",
            code: "misplaced-key",
            message: "a model asked in batches takes no `hedge`",
            text: model("hedge: 0.1, 1️⃣batch: true")
        ),
        Fault(
            name: "bundled model",
            code: "misplaced-key",
            message: "`batch` is for a model with one `url`",
            hint: "leave `batch:` out for bundled models and for several `endpoints`",
            text: recipe("models: { m: { local: x, 1️⃣batch: true } }\nbudget: { tokens: 1 }\n")
        ),
    ]

    @Test("Each fault has a code, a sentence, a place and a hint", arguments: faults)
    func fault(fault: Fault) throws { try fault.check() }
}
