import CorpusModel
import Foundation
import TestSupport
import Testing

@Suite("What a plan says of the next pass", .timeLimit(.minutes(10)))
struct PlanReuseTests {
    /// What a person edits between two passes.
    struct Edit: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var recipe: @Sendable (String) -> String = { $0 }
        var seeds: @Sendable ([String]) -> [String] = { $0 }
        /// Whether the prompt of `solve` is worded otherwise.
        var prompt = false
        /// How many replies the next pass buys.
        let bought: Int
    }

    static let edits = [
        Edit(testDescription: "nothing", bought: 0),
        Edit(
            testDescription: "the threshold of a verifier",
            recipe: {
                $0.edited("siblings: tested.fail }", to: "siblings: tested.fail, options: { min: 0.6 } }")
            },
            bought: 0
        ),
        Edit(
            testDescription: "an export",
            recipe: { $0.edited("train: 0.8, test: 0.2", to: "train: 0.5, test: 0.5") },
            bought: 0
        ),
        Edit(testDescription: "the prompt of one stage", prompt: true, bought: 24),
        Edit(
            testDescription: "the model of one role",
            recipe: { $0.edited("model: scripted", to: "model: scripted-2") },
            bought: 24
        ),
        Edit(testDescription: "seeds added", seeds: { $0 + [Self.seed(7), Self.seed(8)] }, bought: 8),
        Edit(testDescription: "seeds removed", seeds: { Array($0.prefix(4)) }, bought: 0),
        Edit(
            testDescription: "a stage added",
            recipe: {
                $0.edited(
                    "  unique:",
                    to:
                        "  clean: { filter: decontaminate, from: rated, options: { against: [mbpp] } }\n  unique:"
                ).edited("exact-duplicates, from: rated", to: "exact-duplicates, from: clean")
            },
            bought: 0
        ),
        Edit(
            testDescription: "a stage removed",
            recipe: {
                $0.edited("  rated:  { verify: pass-rate, from: tested, siblings: tested.fail }\n", to: "")
                    .edited("from: rated", to: "from: tested")
            },
            bought: 0
        ),
        Edit(
            testDescription: "width only",
            recipe: { $0.edited("attempts: 4 } }", to: "attempts: 4 }, width: 2 }") },
            bought: 0
        ),
        Edit(
            testDescription: "price only",
            recipe: { $0.edited("seed: true }", to: "seed: true }, price: { input: 7, output: 9 }") },
            bought: 0
        ),
    ]

    /// One more task like those of the bench.
    private static func seed(_ number: Int) -> String {
        """
        {"id":"t\(number)","instruction":"Add \(number) to the given number.","signature":"def add_\(number)(x):",\
        "example":"add_\(number)(1) -> \(number + 1)","entry_point":"add_\(number)",\
        "tests":{"kind":"call","entry_point":"add_\(number)","cases":[{"args":[0],"expect":\(number)},\
        {"args":[10],"expect":\(number + 10)}]},"labels":{"language":"python"}}
        """
    }

    private func apply(_ edit: Edit, to bench: Bench) throws {
        try bench.write(edit.recipe(bench.recipe()), to: "recipe.yaml")
        try bench.write(edit.seeds(Bench.tasks).joined(separator: "\n") + "\n", to: "seeds.jsonl")
        guard edit.prompt else { return }
        let prompt = "Templates/Prompts/solve/prompt.jinja"
        let text = try String(contentsOfFile: Repository.path + "/" + prompt, encoding: .utf8)
        try bench.write(text.edited("and nothing else", to: "and no word more"), to: prompt)
    }

    @Test("A plan says what the next run reuses and buys, and asks nobody for it", arguments: edits)
    func foretold(edit: Edit) async throws {
        let bench = try Bench()
        #expect(try await bench.run().code == 0)
        try apply(edit, to: bench)
        let before = (requests: bench.server.requests.count, bytes: try bench.ledgerBytes())
        let json = try await bench.plan("--json")
        let text = try await bench.plan()
        #expect(json.code == 0 && text.code == 0, "\(json.errors) \(text.errors)")
        #expect(bench.server.requests.count == before.requests)
        #expect(try bench.ledgerBytes() == before.bytes)
        #expect(Bench.remains(bench.folder + "/output/bench").isEmpty)
        let calls = bench.calls
        let end = try await bench.run()
        #expect(end.code == 0, "\(end.errors)")
        let report = try await bench.report()
        let after = try await bench.plan("--json").json["reuse"]

        let reuse = try #require(try json.json["reuse"])
        #expect(bench.calls - calls == edit.bought)
        let used = report["stages"]?.elements?.first { $0["name"] == "solved" }?["calls"]?.whole ?? 0
        #expect(reuse["replies"]?["bought"] == Self.exactly(edit.bought))
        #expect(reuse["replies"]?["reused"] == Self.exactly(used - edit.bought))
        #expect(
            text.output.contains(
                edit.bought == 0
                    ? "reuses all \(used) replies; buys none\n"
                    : "reuses \(used - edit.bought) of \(used) replies; buys \(edit.bought), cost unknown\n"
            ),
            "\(text.output)"
        )
        let stages = try #require(reuse["stages"]?.elements)
        let nodes = try json.json["nodes"]?.elements
        #expect(stages.map { $0["name"] } == nodes?.map { $0["name"] })
        #expect(after?["is_exact"] == true && after?["replies"]?["bought"] == Self.exactly(0))
        #expect(after?["units"]?["redone"] == Self.exactly(0) && after?["units"]?["new"] == Self.exactly(0))
    }

    private static func exactly(_ count: Int) -> JSONValue {
        ["least": .int(count), "about": .int(count), "most": .int(count)]
    }

    @Test("Executions are counted as well, those to be run as far as they are known")
    func executions() async throws {
        let bench = try Bench()
        _ = try await bench.run()
        let first = try await bench.report()
        let ran = try #require(first["spending"]?["executions"]?.whole)
        let same = try await bench.plan()
        // Other limits make other executions.
        try bench.write(
            bench.recipe().edited("from: solved }", to: "from: solved, options: { wall_ms: 9000 } }"),
            to: "recipe.yaml"
        )
        let reuse = try await bench.plan("--json").json["reuse"]
        _ = try await bench.run()
        let second = try await bench.report()
        let again = try #require(second["spending"]?["executions"]?.whole) - ran

        #expect(same.output.contains("\nreuses all \(ran) executions; runs none\n"), "\(same.output)")
        let run = try #require(reuse?["executions"]?["run"])
        #expect(try #require(run["least"]?.whole) <= again && run["most"] == .null)
        #expect(reuse?["executions"]?["reused"]?["least"] == 0)
        #expect(reuse?["replies"]?["bought"] == Self.exactly(0))
    }

    @Test("A judge's model and further seeds: the guess is right where everything goes on as before")
    func guesses() async throws {
        // Every attempt is right, and every judgement takes two calls.
        let bench = try Bench { request in
            let number = Bench.task(in: request)
            if request.text.contains("Name the topics") {
                return .chat(#"{\"topics\": [{\"topic\": \"arithmetic\"}]}"#, input: 40, output: 10)
            }
            if request.text.contains("on a scale from 1 to 10") {
                return .chat(#"{\"score\": 7, \"reason\": \"so\"}"#, input: 40, output: 10)
            }
            let draw = Digest(of: request.text).description.prefix(8)
            return .chat("```python\\ndef add_\(number)(x):\\n    '\(draw)'\\n    return x + \(number)\\n```")
        }
        let recipe = bench.recipe().edited(
            "  rated: ",
            to:
                "  judged: { verify: topic-difficulty, from: tested, model: judge, options: { calls: 1 } }\n  rated: "
        ).edited("from: tested, siblings", to: "from: judged, siblings").edited(
            "budget:",
            to: """
                  judge: { url: "\(bench.server.url)", model: judging, price: { input: 1, output: 5 }, sampling: { max_tokens: 500 } }
                budget:
                """
        )
        try bench.write(recipe, to: "recipe.yaml")
        #expect(try await bench.run().code == 0)

        try bench.write(recipe.edited("model: judging", to: "model: judging-2"), to: "recipe.yaml")
        let json = try await bench.plan("--json").json["reuse"]
        let text = try await bench.plan()
        let calls = bench.calls
        #expect(try await bench.run().code == 0)
        // Two for each task: its four attempts ask the same.
        #expect(bench.calls - calls == 12)
        let bought = try #require(json?["replies"]?["bought"])
        #expect(bought["least"] == 6 && bought["about"] == 12)
        #expect(try #require(bought["most"]?.whole) > 12)
        #expect(json?["is_exact"] == false && json?["replies"]?["reused"]?["about"] == 24)
        // 40 tokens at 1 and 10 at 5 dollars a million.
        #expect(json?["usd"]?["about"]?.real == 12 * 0.00009)
        #expect(json?["roles"]?.elements?.compactMap { $0["role"]?.text } == ["judge"])
        let most = try #require(bought["most"]?.whole)
        #expect(
            text.output.contains(
                "\nreuses 24 of about 36 replies; buys about 12 (6 to \(most)), about $0.001080 (at most about $"
            ),
            "\(text.output)"
        )
        #expect(text.output.contains("not all is known: "))

        try bench.write((Bench.tasks + [Self.seed(7)]).joined(separator: "\n"), to: "seeds.jsonl")
        let seeds = try await bench.plan("--json").json["reuse"]
        let before = bench.calls
        #expect(try await bench.run().code == 0)
        #expect(bench.calls - before == 6)
        #expect(seeds?["replies"]?["bought"]?["least"] == 4 && seeds?["replies"]?["bought"]?["about"] == 6)
        #expect(seeds?["replies"]?["reused"]?["about"] == 36)
    }

    @Test("A plan counts what was spent already, and names the caps that both together exceed")
    func budget() async throws {
        let bench = try Bench()
        let recipe = bench.recipe(extra: ", price: { input: 1000, output: 2000 }").edited(
            "tokens: 1000000",
            to: "usd: 1000"
        )
        try bench.write(recipe, to: "recipe.yaml")
        #expect(try await bench.run().code == 0)
        try bench.write(
            recipe.edited("usd: 1000", to: "usd: 1000, calls: 30, per_role: { student: { usd: 0.50 } }"),
            to: "recipe.yaml"
        )
        try bench.write(
            (Bench.tasks + [Self.seed(7), Self.seed(8)]).joined(separator: "\n"),
            to: "seeds.jsonl"
        )
        let text = try await bench.plan()
        let json = try await bench.plan("--json").json

        // 10 tokens at 1,000 and 5 at 2,000 dollars a million.
        #expect(text.output.contains("\nreuses 24 of 32 replies; buys 8, about $0.16\n"), "\(text.output)")
        #expect(text.output.contains("\nspent so far: 24 calls, 360 tokens, $0.48\n"))
        #expect(
            text.output.contains(
                "note: with what is spent already it may come to up to 32 calls, over the budget of 30 calls: "
            )
        )
        #expect(text.output.contains("about $0.64, over the budget for the model `student` of $0.50: "))
        #expect(!text.output.contains("the run may come to"))
        #expect(json["reuse"]?["over"]?.elements?.map { $0["cap"] } == ["calls", "usd"])
        #expect(json["reuse"]?["spent"] == ["calls": 24, "tokens": 360, "usd": 0.48])
    }

    @Test("Without a ledger, and with --quick, a plan says what it always said")
    func worstCaseAlone() async throws {
        let bench = try Bench()
        let none = try await bench.plan()
        let empty = try await bench.plan("--json").json
        #expect(!FileManager.default.fileExists(atPath: bench.folder + "/output"))
        try bench.write("", to: "output/bench/ledger.sqlite")
        #expect(try await bench.plan().output == none.output)
        _ = try await bench.run("--output", "elsewhere")
        let quick = try await bench.plan("--output", "elsewhere", "--quick")
        let whole = try await bench.plan("--output", "elsewhere")
        let dry = try await bench.run("--output", "elsewhere", "--dry-run")

        #expect(none.code == 0 && none.output == quick.output && !none.output.contains("reuses"))
        #expect(empty["reuse"] == .null && empty["estimate"]?["calls"] == 24)
        #expect(whole.output.hasPrefix(none.output) && whole.output.contains("reuses all 24 replies"))
        #expect(whole.output.contains("with what is on the ledger elsewhere/ledger.sqlite"))
        #expect(dry.output == whole.output)
    }
}
