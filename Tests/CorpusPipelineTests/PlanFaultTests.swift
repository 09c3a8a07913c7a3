import CorpusDiagnostics
import CorpusKit
import CorpusPipeline
import TestSupport
import Testing

/// A change to the toy recipe that a check must refuse, and what it says; the fault's place is the new text's first
/// `1️⃣`.
private struct PlanFault: Sendable, CustomTestStringConvertible {
    var old: String
    var new: String
    var code: String
    var message: String
    var hint: String?
    var testDescription: String { message }
}

private let faults = [
    PlanFault(
        old: "budget:",
        new: "target: { accepted: 5, at: 1️⃣uniqe }\nbudget:",
        code: "unknown-stage",
        message: "there is no stage `uniqe` whose samples could be counted",
        hint: "did you mean `unique`?"
    ),
    PlanFault(
        old: "budget:",
        new: "target: { accepted: 5, at: 1️⃣pairs }\nbudget:",
        code: "misplaced-key",
        message: "`pairs` makes pairs, and a target counts samples"
    ),
    PlanFault(
        old: "budget: { tokens: 1000000 }\nsources: { tasks:",
        new:
            "target: { accepted: 5 }\nbudget: { tokens: 1000000 }\nsources: { 1️⃣target: { read: toy }, tasks:",
        code: "duplicate-name",
        message: "with a `target:` no source or stage can be called `target`",
        hint: "rename it: the report calls the choice of samples so"
    ),
    PlanFault(
        old: "siblings: tested.fail",
        new: "siblings: 1️⃣tested.dropped",
        code: "wrong-input",
        message: "`tested` has no outcome `dropped`",
        hint: "it has `tested.fail`, `tested.unsure`, `tested.all`"
    ),
    PlanFault(
        old: "rejected: tested.fail",
        new: "rejected: 1️⃣unique.fail",
        code: "wrong-input",
        message: "`unique` has no outcome `fail`",
        hint: "it has `unique.dropped`, `unique.all`"
    ),
    PlanFault(
        old: "verify: toy-check, from: solved",
        new: "verify: toy-check, from: 1️⃣solved.all",
        code: "wrong-input",
        message: "`solved` has no outcome `all`",
        hint: "it does not judge: read `solved`"
    ),
    PlanFault(
        old: "from: tasks, model: m",
        new: "from: tasks, model: m, when: 1️⃣{ source: taks }",
        code: "unknown-source",
        message: "`when:` names a source `taks` that the recipe does not have",
        hint: "did you mean `tasks`?"
    ),
    PlanFault(
        old: "from: tasks, model: m",
        new: "from: tasks, model: m, when: 1️⃣{ source: 5 }",
        code: "unknown-source",
        message: "`when:` names a source `5` that the recipe does not have"
    ),
    PlanFault(
        old: "limits: { concurrency: 8 } } }",
        new:
            "limits: { concurrency: 8 }, fallback: 1️⃣n }, n: { url: \"http://127.0.0.1:9/v1\", model: toy, limits: { concurrency: 8 } } }",
        code: "bad-value",
        message: "`m` and its fallback `n` are one model"
    ),
    PlanFault(
        old:
            "http://127.0.0.1:9/v1\", model: toy, limits: { concurrency: 8 } } }\nbudget: { tokens: 1000000 }",
        new: "https://models.example/v1\", model: toy } }\nbudget: { usd: 5 }",
        code: "missing-price",
        message: "model `m` has no price, so a budget in dollars cannot be kept"
    ),
    PlanFault(
        old:
            "\"http://127.0.0.1:9/v1\", model: toy, limits: { concurrency: 8 } } }\nbudget: { tokens: 1000000 }",
        new:
            "1️⃣\"https://models.example/v1\", model: toy } }\nbudget: { tokens: 5, per_role: { m: { usd: 5 } } }",
        code: "missing-price",
        message: "model `m` has no price, so a budget in dollars cannot be kept"
    ),
    PlanFault(
        old: "limits: { concurrency: 8 } } }\nbudget: { tokens: 1000000 }",
        new:
            "price: { input: 1, output: 1 }, fallback: o }, o: { url: 1️⃣\"https://models.example/v1\", model: other } }\nbudget: { tokens: 5, per_role: { m: { usd: 5 } } }",
        code: "missing-price",
        message: "model `o` has no price, so a budget in dollars cannot be kept"
    ),
    PlanFault(
        old: "limits: { concurrency: 8 } } }\nbudget: { tokens: 1000000 }",
        new:
            "price: { input: 1, output: 1 }, extra: { 1️⃣service_tier: priority } } }\nbudget: { usd: 5 }",
        code: "misplaced-key",
        message:
            "`service_tier` may change what a call of `m` costs, so a budget in dollars cannot be kept",
        hint: "leave it out, or cap `tokens` or `calls` in place of dollars"
    ),
    PlanFault(
        old: "limits: { concurrency: 8 } } }\nbudget: { tokens: 1000000 }",
        new:
            "price: { input: 0, output: 1 } } }\nbudget: { tokens: 5, per_role: { m: { usd: 1️⃣0 } } }",
        code: "out-of-range",
        message: "a budget of 0 dollars allows `m` no call, since it has a price",
        hint: "give it something to spend, or take it out of the stages"
    ),
    PlanFault(
        old: "models: { m:",
        new: "models: { n: { url: \"http://127.0.0.1:9/v1\", model: toy, limits: { concurrency: 4 } }, m:",
        code: "conflicting-models",
        message: "`m` and `n` are one model at one address and differ in `limits.concurrency`",
        hint: "give both the same `limits.concurrency`"
    ),
    PlanFault(
        old: "verify: toy-check, from: solved",
        new: "verify: toy-check, from: solved, siblings: 1️⃣solved",
        code: "misplaced-key",
        message: "`toy-check` judges drafts one by one here and looks at no siblings",
        hint: "leave `siblings:` out"
    ),
    PlanFault(
        old: "budget: { tokens: 1000000 }",
        new: "budget: { wall: 5m }",
        code: "no-budget",
        message:
            "the recipe calls models and has no cap on dollars, tokens or calls, so the run could cost anything"
    ),
    PlanFault(
        old: "models: { m:",
        new:
            "models: { n: { url: \"http://127.0.0.1:9/v1\", model: toy, limits: { concurrency: 8 }, price: { input: 1, output: 1 } }, m:",
        code: "conflicting-models",
        message: "`m` and `n` are one model at one address and differ in `key` or `price`"
    ),
    PlanFault(
        old: "models: { m:",
        new:
            "models: { n: { url: \"http://127.0.0.1:9/v1\", model: toy, schema: json_schema, limits: { concurrency: 8 } }, m:",
        code: "conflicting-models",
        message: "`m` and `n` are one model at one address and differ in `schema`"
    ),
    PlanFault(
        old: "models: { m:",
        new:
            "models: { n: { url: \"http://127.0.0.1:9/v1\", model: toy, batch: true, limits: { concurrency: 8 } }, m:",
        code: "conflicting-models",
        message: "`m` and `n` are one model at one address and differ in `batch`"
    ),
    PlanFault(
        old: "from: tasks, model: m",
        new: "from: tasks, model: m, options: { tasks: true }",
        code: "wrong-input",
        message: "`toy-write` writes answered samples, and `solved` gives tasks without answers"
    ),
    PlanFault(
        old: "from: unique, splits",
        new: "from: 1️⃣tested.fail, splits",
        code: "wrong-input",
        message: "an export takes what a stage passed on, not `.fail`"
    ),
]

@Suite("Faults in plans")
struct PlanFaultTests {
    @Test("Each fault is found before anything is called, with its place and a hint", arguments: faults)
    fileprivate func fault(_ fault: PlanFault) throws {
        #expect(TestRun.recipe.contains(fault.old))
        let marked = TestRun.recipe.replacing(fault.old, with: fault.new)
        let report = try #require(throws: DiagnosticReport.self) {
            try TestRun.plan(marked.replacing("1️⃣", with: ""))
        }

        #expect(report.diagnostics.map(\.code) == [fault.code])
        let found = try #require(report.diagnostics.first)
        #expect(found.message == fault.message)
        if let hint = fault.hint { #expect(found.hint == hint) }
        for (index, line) in marked.split(separator: "\n").enumerated() {
            guard let mark = line.firstRange(of: "1️⃣") else { continue }
            #expect(found.location?.line == index + 1)
            #expect(found.location?.column == line.distance(from: line.startIndex, to: mark.lowerBound) + 1)
        }
    }

    @Test(
        "A model keeps its identity whoever stands beside it, and one of its name must say who it is",
        arguments: [
            "url: \"http://127.0.0.1:9/v1\", api: anthropic", "url: \"http://127.0.0.1:8/v1\"",
            "endpoints: [{ url: \"http://127.0.0.1:9/v1\" }, { url: \"http://127.0.0.1:8/v1\" }]",
        ]
    )
    func identities(place: String) throws {
        func recipe(_ identity: String) -> String {
            let other = "n: { \(place), model: toy\(identity) }"
            return TestRun.recipe.edited("models: { m:", to: "models: { \(other), m:")
        }
        let report = try #require(throws: DiagnosticReport.self) { try TestRun.plan(recipe("")) }
        let models = try TestRun.plan(recipe(", identity: toy@n")).models

        #expect(report.diagnostics.map(\.code) == ["ambiguous-model"])
        let hint = try #require(report.diagnostics.first?.hint)
        #expect(hint.contains("`identity: toy@n` if it is `n`"))
        #expect(models["n"]?.identity == "toy@n")
        #expect(models["m"]?.identity == "toy")
        #expect(try TestRun.plan(TestRun.recipe).models["m"]?.identity == "toy")
    }

    @Test("Whatever changes a stage's requests changes its digest, and what does not leaves it")
    func digests() throws {
        func digest(_ sampling: String) throws -> Digest? {
            let text = TestRun.recipe.edited("model: toy,", to: "model: toy\(sampling),")
            return try TestRun.plan(text).nodes.first { $0.name == "solved" }?.digest
        }
        let plain = try digest("")
        #expect(try digest(", sampling: { seed: false }") == plain)
        #expect(try digest(", sampling: { seed: true }") != plain)
        #expect(try digest(", sampling: { temperature: 0.5 }") != plain)
        #expect(try digest(", timeout: 5m") == plain)
    }

    @Test("A model is used by a role, or as the fallback of one that is used, and else a spare")
    func usedModels() throws {
        func model(_ name: String, _ more: String = "") -> String {
            "\(name): { url: \"http://127.0.0.1:8/v1\", model: \(name)\(more) }"
        }
        let others = [model("a", ", fallback: b"), model("b"), model("spare", ", fallback: a")]
        let text = TestRun.recipe.edited(
            "models: { m:",
            to: "models: { \(others.joined(separator: ", ")), m:"
        )
        .edited("limits: { concurrency: 8 }", to: "limits: { concurrency: 8 }, fallback: a")
        let plan = try TestRun.plan(text)
        #expect(plan.usedModels.keys.sorted() == ["a", "b", "m"])
        #expect(plan.models.keys.sorted() == ["a", "b", "m", "spare"])
    }

    @Test("What nobody can count is unknown, not a crash")
    func overflow() throws {
        let dear = TestRun.recipe.replacing(
            "model: toy,",
            with: "model: toy, price: { input: 3, output: 15 }, sampling: { max_tokens: 4096 },"
        ).replacing("count: 12", with: "count: 300000, label: x")
        let many = dear.replacing(
            "from: tasks, model: m",
            with: "from: tasks, model: m, options: { attempts: 4000000000000000000 }"
        )

        let sound = try TestRun.plan(dear).estimate
        #expect(sound.calls == 1_200_000)
        // 1.2 million calls of 4,096 tokens in at $3 a million and as many out at $15.
        #expect(sound.cost == 88_473_600_000_000)
        let lost = try TestRun.plan(many).estimate
        #expect(lost.calls == nil && lost.tokens == nil && lost.cost == nil)
    }
}
