import CorpusConfig
import CorpusDiagnostics
import CorpusModel
import Testing

private let faults: [Fault] = [
    Fault(
        name: "an unknown key, with the nearest known one",
        code: "unknown-key",
        message: "unknown key `temprature` in `sampling`",
        hint: "did you mean `temperature`?",
        text: recipe(
            "models: { m: { local: smollm2-135m, sampling: { 1️⃣temprature: 0.7 } } }\n"
        )
    ),
    Fault(
        name: "an unknown key at the top",
        code: "unknown-key",
        message: "unknown key `goal` in the recipe",
        text: recipe("1️⃣goal: { accepted: 5 }\n")
    ),
    Fault(
        name: "a target without a number",
        code: "missing-field",
        message: "`target` needs `accepted`",
        hint: "say how many samples the run is to give: `target: { accepted: 10000 }`",
        text: recipe("1️⃣target: { at: s }\n")
    ),
    Fault(
        name: "a target of nothing",
        code: "out-of-range",
        message: "`accepted` must be from 1 to 1000000000, not 0",
        text: recipe("target: { accepted: 1️⃣0 }\n")
    ),
    Fault(
        name: "strata that are a list",
        code: "wrong-type",
        message:
            "`strata` must be a mapping of labels to shares such as `{ difficulty: { easy: 0.3, hard: 0.7 } }`, not a list",
        text: recipe("target: { accepted: 5, strata: 1️⃣[difficulty] }\n")
    ),
    Fault(
        name: "a stratum without shares",
        code: "wrong-type",
        message:
            "`difficulty` must be a mapping of values to shares such as `{ easy: 0.3, hard: 0.7 }`, not a string",
        text: recipe("target: { accepted: 5, strata: { difficulty: 1️⃣easy } }\n")
    ),
    Fault(
        name: "shares of a stratum that are less than all",
        code: "out-of-range",
        message: "the shares of `difficulty` must add up to 1 and add up to 0.5",
        text: recipe("target: { accepted: 5, strata: { 1️⃣difficulty: { easy: 0.25, hard: 0.25 } } }\n")
    ),
    Fault(
        name: "a share of nothing",
        code: "out-of-range",
        message: "the share of `easy` must be over 0",
        hint: "leave the value out: samples of other values do not count",
        text: recipe("target: { accepted: 5, strata: { difficulty: { easy: 1️⃣0, hard: 1 } } }\n")
    ),
    Fault(
        name: "a verb that the format has and this version does not",
        code: "unsupported-key",
        message: "this version does not have the key `derive` of stage `d`",
        hint: "leave the stage out: records cannot be cut from samples yet",
        text: recipe("").replacing("stages: {", with: "stages: { d: { 1️⃣derive: error-masks, from: s },")
    ),
    Fault(
        name: "a group of its own, which the format has and this version does not",
        code: "unsupported-key",
        message: "this version does not have the key `group` of stage `s`",
        text: recipe("").replacing("from: tasks", with: "from: tasks, 1️⃣group: task")
    ),
    Fault(
        name: "a condition on a source that is no name",
        code: "wrong-type",
        message: "`source` must be a text or a list of texts, not a mapping",
        text: recipe("").replacing("from: tasks", with: "from: tasks, when: { source: 1️⃣{ name: tasks } }")
    ),
    Fault(
        name: "a condition that names nothing",
        code: "missing-field",
        message: "`source` names nothing, so that no item matches",
        text: recipe("").replacing("from: tasks", with: "from: tasks, when: { source: 1️⃣[] }")
    ),
    Fault(
        name: "a slip in `source` of a condition",
        code: "unknown-key",
        message: "unknown key `sorce` in `when`",
        hint: "did you mean `source`?",
        text: recipe("").replacing("from: tasks", with: "from: tasks, when: { 1️⃣sorce: tasks }")
    ),
    Fault(
        name: "an identity with a space",
        code: "bad-name",
        message: "`identity` must be a name without spaces",
        text: recipe(
            "models: { m: { url: \"https://a.example\", model: b, identity: 1️⃣\"b c\" } }\n"
        )
    ),
    Fault(
        name: "a key that stands twice",
        code: "duplicate-key",
        message: "the key `name` stands twice in one mapping",
        hint: "rename or remove one of them",
        text: "version: 1\nname: x\n1️⃣name: y\n"
    ),
    Fault(
        name: "a text where a number should stand",
        code: "wrong-type",
        message: "`tokens` must be a whole number, not a string",
        text: recipe("budget: { tokens: 1️⃣many }\n")
    ),
    Fault(
        name: "`yes` is no Boolean",
        code: "wrong-type",
        message: "`seed` must be `true` or `false`, not a string",
        text: recipe("models: { m: { local: a, sampling: { seed: 1️⃣yes } } }\n")
    ),
    Fault(
        name: "`08` is no number",
        code: "wrong-type",
        message: "`calls` must be a whole number, not a string",
        text: recipe("budget: { calls: 1️⃣08 }\n")
    ),
    Fault(
        name: "a number in quotes is a text",
        code: "wrong-type",
        message: "`calls` must be a whole number, not a string",
        text: recipe("budget: { calls: 1️⃣\"8\" }\n")
    ),
    Fault(
        name: "a number out of range",
        code: "out-of-range",
        message: "`temperature` must be from 0 to 2, not 3",
        text: recipe("models: { m: { local: a, sampling: { temperature: 1️⃣3 } } }\n")
    ),
    Fault(
        name: "an unknown API",
        code: "unknown-api",
        message: "unknown API `antropic`",
        hint: "did you mean `anthropic`?",
        text: recipe("models: { m: { api: 1️⃣antropic, url: \"https://a.example\", model: b } }\n")
    ),
    Fault(
        name: "an API that is like none",
        code: "unknown-api",
        message: "unknown API `xyz`",
        hint:
            "known APIs: `openai`, `openai-completions`, `openai-responses`, `anthropic`, `gemini`, `openai-embeddings`",
        text: recipe("models: { m: { api: 1️⃣xyz, url: \"https://a.example\", model: b } }\n")
    ),
    Fault(
        name: "a way for schemas that the API does not have",
        code: "bad-value",
        message: "the API `anthropic` takes no schema as `guided_json`",
        hint: "it takes: `tool`, `response_format`, `none`",
        text: recipe(
            "models: { m: { api: anthropic, schema: 1️⃣guided_json, url: \"https://a.example\", model: b } }\n"
        )
    ),
    Fault(
        name: "sampling where vectors come out",
        code: "misplaced-key",
        message: "vectors are not sampled: a model of `openai-embeddings` takes no `sampling`",
        text: recipe(
            "models: { m: { api: openai-embeddings, url: \"https://a.example\", model: b, 1️⃣sampling: { top_p: 1 } } }\n"
        )
    ),
    Fault(
        name: "stop texts in an API that has none",
        code: "misplaced-key",
        message: "the API `openai-responses` has no stop texts",
        hint: "leave `stop:` out, or say `api: openai`: most endpoints speak it as well",
        text: recipe(
            "models: { m: { api: openai-responses, url: \"https://a.example\", model: b, sampling: { 1️⃣stop: [\"END\"] } } }\n"
        )
    ),
    Fault(
        name: "a limit of tokens in a field that nobody knows",
        code: "bad-value",
        message: "no endpoint is told the most tokens of a reply as `max_output_tokens`",
        hint: "say one of: `max_tokens`, `max_completion_tokens`",
        text: recipe(
            "models: { m: { token_limit: 1️⃣max_output_tokens, url: \"https://a.example\", model: b } }\n"
        )
    ),
    Fault(
        name: "a choice of field where there is none",
        code: "misplaced-key",
        message: "the API `anthropic` leaves no choice of the field that limits a reply",
        hint: "leave `token_limit:` out",
        text: recipe(
            "models: { m: { api: anthropic, 1️⃣token_limit: max_tokens, url: \"https://a.example\", model: b } }\n"
        )
    ),
    Fault(
        name: "a limit of tokens among the extra fields",
        code: "misplaced-key",
        message: "`max_completion_tokens` cannot stand in `extra`: the product sets it",
        hint: "say it with the model's key `token_limit: max_completion_tokens`",
        text: recipe(
            "models: { m: { url: \"https://a.example\", model: b, extra: { 1️⃣max_completion_tokens: 9 } } }\n"
        )
    ),
    Fault(
        name: "an extra field that the product sets",
        code: "misplaced-key",
        message:
            "`cachedContent` cannot stand in `extra`: it brings text into the prompt that no budget sees",
        hint: nil,
        text: recipe(
            "models: { m: { api: gemini, url: \"https://a.example\", model: b, extra: { 1️⃣cachedContent: x } } }\n"
        )
    ),
    Fault(
        name: "a stage without a verb",
        code: "missing-field",
        message: "stage `t` needs `generate`",
        hint: "name one verb and its plug-in: `generate:`, `verify:`, `filter:`, `select:`, `pair:`",
        text: "version: 1\nname: x\n" + skeleton.sources + "stages:\n  1️⃣t: { from: tasks }\n"
            + skeleton.exports
    ),
    Fault(
        name: "a stage with two verbs",
        code: "two-verbs",
        message: "stage `t` has two verbs: `generate` and `filter`",
        hint: "make two stages of it",
        text: "version: 1\nname: x\n" + skeleton.sources
            + "stages: { t: { generate: a, 1️⃣filter: b, from: tasks } }\n" + skeleton.exports
    ),
    Fault(
        name: "an outcome that no stage has",
        code: "unknown-outcome",
        message: "a stage has no outcome `failed`",
        hint: "use `tasks` for what it passed on, or `.fail`, `.unsure`, `.dropped`, `.all`",
        text: "version: 1\nname: x\n" + skeleton.sources
            + "stages: { t: { generate: a, from: 1️⃣tasks.failed } }\n" + skeleton.exports
    ),
    Fault(
        name: "a duration without a unit",
        code: "wrong-type",
        message: "`wall` must be a duration, not `90`",
        hint: "write a whole number and a unit: `90s`, `20m`, `6h` or `2d`",
        text: recipe("budget: { tokens: 5, wall: 1️⃣90 }\n")
    ),
    Fault(
        name: "shares that do not add up",
        code: "out-of-range",
        message: "the shares of `splits` must add up to 1 and add up to 0.5",
        text: "version: 1\nname: x\n" + skeleton.sources + skeleton.stages
            + "exports: { sft: { write: a, from: s, 1️⃣splits: { train: 0.5 } } }\n"
    ),
    Fault(
        name: "a version of the future",
        code: "unknown-version",
        message: "this program reads recipes of version 1, not 2",
        hint: "install a newer corpusmith",
        text: "version: 1️⃣2\nname: x\n" + skeleton.sources + skeleton.stages + skeleton.exports
    ),
    Fault(
        name: "a name that is no folder's name",
        code: "bad-name",
        message:
            "`../x` cannot be the name of a run: it must begin with a letter or a digit and hold only letters, digits, "
            + "`-`, `_` and `.`",
        hint: "the run's folder is called so: `name: my-corpus` gives `output/my-corpus/`",
        text: "version: 1\nname: 1️⃣../x\n" + skeleton.sources + skeleton.stages + skeleton.exports
    ),
    Fault(
        name: "a name that is a folder above",
        code: "bad-name",
        message:
            "`..` cannot be the name of a run: it must begin with a letter or a digit and hold only letters, digits, "
            + "`-`, `_` and `.`",
        text: "version: 1\nname: 1️⃣\"..\"\n" + skeleton.sources + skeleton.stages + skeleton.exports
    ),
    Fault(
        name: "a verb with a slip is one fault",
        code: "unknown-key",
        message: "unknown key `verfy` in stage `s`",
        hint: "did you mean `verify`?",
        text: "version: 1\nname: x\n" + skeleton.sources
            + "stages: { s: { 1️⃣verfy: tests, from: tasks } }\n" + skeleton.exports
    ),
    Fault(
        name: "an input's key with a slip is one fault",
        code: "unknown-key",
        message: "unknown key `form` in stage `s`",
        hint: "did you mean `from`?",
        text: "version: 1\nname: x\n" + skeleton.sources
            + "stages: { s: { verify: tests, 1️⃣form: tasks } }\n" + skeleton.exports
    ),
    Fault(
        name: "an export's key with a slip is one fault",
        code: "unknown-key",
        message: "unknown key `form` in export `sft`",
        hint: "did you mean `from`?",
        text: "version: 1\nname: x\n" + skeleton.sources + skeleton.stages
            + "exports: { sft: { write: sft-messages, 1️⃣form: s } }\n"
    ),
    Fault(
        name: "a model's address with a slip is one fault",
        code: "unknown-key",
        message: "unknown key `ulr` in model `m`",
        hint: "did you mean `url`?",
        text: recipe("models: { m: { 1️⃣ulr: \"http://127.0.0.1:1\", model: x } }\n")
    ),
    Fault(
        name: "a stage with a source's name",
        code: "duplicate-name",
        message: "a source and a stage are both called `tasks`",
        hint: "rename one of them: `from:` could mean either",
        text: "version: 1\nname: x\n" + skeleton.sources
            + "stages: { 1️⃣tasks: { generate: a, from: tasks } }\n"
            + skeleton.exports
    ),
    Fault(
        name: "a bare number as stop text",
        code: "bad-value",
        message: "the stop text `20.` would cut off any answer that contains it",
        hint: "use a text with letters or a marker of its own",
        text: recipe("models: { m: { local: a, sampling: { stop: [1️⃣\"20.\"] } } }\n")
    ),
    Fault(
        name: "a duration beyond counting",
        code: "out-of-range",
        message: "`wall` must be at most 3650d, not `9223372036854775807d`",
        text: recipe("budget: { tokens: 1, wall: 1️⃣9223372036854775807d }\n")
    ),
    Fault(
        name: "a stage that reads nothing",
        code: "missing-field",
        message: "`from` names no stage",
        text: "version: 1\nname: x\n" + skeleton.sources + "stages: { s: { generate: a, from: 1️⃣[] } }\n"
            + skeleton.exports
    ),
    Fault(
        name: "a split that leaves its folder",
        code: "bad-name",
        message: "`../train` is no name of a split: use letters, digits, `_` and `-`",
        hint: "it becomes part of a file's name",
        text: "version: 1\nname: x\n" + skeleton.sources + skeleton.stages
            + "exports: { sft: { write: sft-messages, from: s, splits: { 1️⃣../train: 1 } } }\n"
    ),
    Fault(
        name: "an export in the folder of the chat templates",
        code: "bad-name",
        message: "an export cannot be called `templates`: that folder holds chat templates",
        text: "version: 1\nname: x\n" + skeleton.sources + skeleton.stages
            + "exports: { 1️⃣templates: { write: sft-messages, from: s } }\n"
    ),
    Fault(
        name: "a column counted in characters behind a combined letter",
        code: "wrong-type",
        message: "`calls` must be a whole number, not a string",
        text: recipe("budget: { tokens: 1, calls: 1️⃣e\u{301}a }\n")
    ),
]

@Suite("Faults in recipes")
struct RecipeFaultTests {
    @Test("Each fault has a code, a sentence, a place and a hint", arguments: faults)
    func fault(_ fault: Fault) throws {
        try fault.check()
    }

    @Test(
        "Text that is no YAML is refused at its place",
        arguments: [
            ("a: [1, 2\nb: 3\n", 2), ("a: \"open\n", 2), ("\ta: 1\n", 1), ("a: *nobody\n", 1), ("", 1),
            ("a: b: c\n", 1),
        ]
    )
    func brokenYAML(text: String, line: Int) throws {
        let fault = try #require(throws: DiagnosticReport.self) { try read(text) }.diagnostics.first
        #expect(fault?.code == "invalid-yaml" || fault?.code == "empty-file")
        #expect(fault?.location?.line == line)
    }

    @Test(
        "Line ends and byte order marks of other systems move no place and hide no line",
        arguments: ["\r\n", "\r", "\n"],
        ["", "\u{FEFF}"]
    )
    func otherSystems(lineEnd: String, mark: String) throws {
        let text = recipe("budget: { tokens: many }\n")
        let foreign = mark + text.replacing("\n", with: lineEnd)
        let report = try #require(throws: DiagnosticReport.self) { try read(text) }
        let other = try #require(throws: DiagnosticReport.self) { try read(foreign) }
        #expect(other.diagnostics == report.diagnostics)
        #expect(
            try RecipeReading(
                ConfigDocument(file: "r", text: mark + recipe("").replacing("\n", with: lineEnd))
            ).recipe?.name == "x"
        )
    }

    @Test("Aliases that multiply are refused before they are written out")
    func aliasBomb() throws {
        var text = "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n"
        for level in 1...9 {
            let aliases = (0..<10).map { _ in "*a\(level - 1)" }.joined(separator: ", ")
            text += "a\(level): &a\(level) [\(aliases)]\n"
        }
        let fault = try #require(throws: DiagnosticReport.self) { try read(text) }.diagnostics.first
        #expect(fault?.code == "too-large")
    }

    @Test("All faults are reported together")
    func together() throws {
        let text = recipe(
            "budget: { tokens: -1, wall: soon }\nmodels: { m: { local: a, limits: { rps: 5 } } }\n"
        )
        let report = try #require(throws: DiagnosticReport.self) { try read(text) }
        #expect(report.diagnostics.map(\.code) == ["out-of-range", "wrong-type", "unknown-key"])
        #expect(report.rendered().hasSuffix("3 faults; nothing was called and nothing was written"))
    }

    @Test("A label may be called nearly `source` where its values are none")
    func labels() throws {
        let text = recipe("").replacing("from: tasks", with: "from: tasks, when: { course: [algebra, 5] }")
        let condition = try read(text).stages.first?.condition
        #expect(condition?.labels == ["course": ["algebra", 5]])
        #expect(condition?.sources == [])
    }

    @Test("A sound recipe is read with its values")
    func sound() throws {
        let recipe = try read(
            recipe(
                """
                random_seed: 7
                models:
                  m: { url: "https://a.example/v1", model: b, key: { env: LAB_KEY }, price: { input: 0.15, output: 0.60 } }
                budget: { usd: 20.5, tokens: 1_000_000, wall: 6h, per_role: { m: { usd: 0.000000001, calls: 3, wall: 90s } } }

                """
            )
        )
        #expect(recipe.randomSeed == 7)
        #expect(recipe.budget?.nanoDollars == 20_500_000_000)
        #expect(recipe.budget?.tokens == 1_000_000)
        #expect(recipe.budget?.wallSeconds == 21_600)
        #expect(recipe.budget?.perRole["m"]?.nanoDollars == 1)
        #expect(recipe.budget?.perRole["m"]?.calls == 3)
        #expect(recipe.budget?.perRole["m"]?.tokens == nil)
        #expect(recipe.budget?.perRole["m"]?.wallSeconds == 90)
        let place = try #require(recipe.models.first?.place.value.endpoints.first)
        let price = place.price
        #expect(place.url == "https://a.example/v1")
        #expect(place.keyVariable == "LAB_KEY")
        #expect(place.weight == 1)
        #expect(price?.inputNanoDollars == 150_000_000)
        #expect(price?.cachedInputNanoDollars == 150_000_000)
        #expect(price?.outputNanoDollars == 600_000_000)
    }

    @Test(
        "A model's API and its way for schemas are read, and chat completions are what is meant without a word"
    )
    func apis() throws {
        let recipe = try read(
            recipe(
                """
                models:
                  a: { url: "https://a.example", model: b }
                  b: { url: "https://a.example", model: b, schema: structured_outputs }
                  c: { url: "https://a.example", model: b, api: anthropic, schema: tool }
                  d: { local: smollm2-135m, schema: json_schema, token_limit: max_completion_tokens }
                budget: { calls: 1 }

                """
            )
        )
        #expect(recipe.models.map(\.api) == [.openai, .openai, .anthropic, .openai])
        #expect(recipe.models.map(\.schemaField) == [nil, .structuredOutputs, .tool, .jsonSchema])
        #expect(recipe.models.map(\.tokenLimitField) == [nil, nil, nil, .maxCompletionTokens])
    }

    @Test(
        "Loopback is told from other addresses",
        arguments: [
            ("http://127.0.0.1:80/v1", true), ("http://localhost", true), ("http://[::1]:9", true),
            ("http://127.0.0.1.evil.example", false), ("http://10.0.0.1", false),
            ("https://localhost.example", false),
        ]
    )
    func loopback(url: String, expected: Bool) {
        #expect(EndpointURL(url)?.isLoopback == expected)
    }

    @Test(
        "Odd addresses are no addresses",
        arguments: ["ftp://a", "http://", "http://u@h", "https://h?q", "h", "http://h:x"]
    )
    func badAddress(url: String) {
        #expect(EndpointURL(url) == nil)
    }
}
