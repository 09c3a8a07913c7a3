import CorpusModel
import Foundation
import TestSupport
import Testing

@Suite("What runs may cost and did cost", .timeLimit(.minutes(5)))
struct MoneyTests {
    /// The bench's recipe with a second use of the same model, which costs a dollar a thousand calls.
    static func recipe(_ bench: Bench, budget: String) -> String {
        twice(bench.recipe(extra: ", price: { input: 1, output: 2 }"))
            .edited("tokens: 1000000", to: budget)
    }

    /// A recipe of the bench with another stage that solves its tasks, asking for shorter replies.
    static func twice(_ recipe: String) -> String {
        let student = recipe.split(separator: "\n").first { $0.contains("student:") } ?? ""
        let second = student.replacing("student:", with: "second:").replacing(
            "max_tokens: 100",
            with: "max_tokens: 90"
        )
        return recipe.edited("budget:", to: second + "\nbudget:")
            .edited(
                "  tested: { verify: tests, from: solved }",
                to: """
                      again: { generate: solve, from: tasks, model: second, options: { attempts: 4 } }
                      tested: { verify: tests, from: [solved, again] }
                    """
            )
    }

    private func errors(_ end: Program.End, _ code: String) -> [Substring] {
        end.errors.split(separator: "\n").filter { $0.hasPrefix(code) }
    }

    @Test(
        "A role's cap stops the run with 75 and is named; a resumed pass starts with what the role has spent"
    )
    func roleCap() async throws {
        let bench = try Bench()
        let small = Self.recipe(bench, budget: "tokens: 1000000, per_role: { second: { calls: 10 } }")
        try bench.write(small, to: "recipe.yaml")
        let first = try await bench.run()
        let bought = bench.calls
        let second = try await bench.run()

        #expect(first.code == 75 && second.code == 75, "\(first.errors)")
        #expect(
            errors(first, "error[budget]") == [
                "error[budget]: the budget of 10 calls for the model `second` has 10 made and the next one does not fit"
            ],
            "\(first.errors)"
        )
        #expect(
            first.errors.contains(
                "hint: raise `budget:` in the recipe and run the same command again to continue"
            )
        )
        #expect(bought >= 10 && bought <= 10 + 24)
        #expect(errors(second, "error[budget]") == errors(first, "error[budget]"))

        try bench.write(small.edited("calls: 10", to: "calls: 24"), to: "recipe.yaml")
        let third = try await bench.run()
        #expect(third.code == 0, "\(third.errors)")
        #expect(bench.calls == 48)
    }

    @Test("Four fifths of a cap are told of once in a pass, and at once in the next")
    func warnings() async throws {
        let bench = try Bench()
        try bench.write(
            Self.recipe(bench, budget: "calls: 50, per_role: { second: { calls: 25 } }"),
            to: "recipe.yaml"
        )
        let first = try await bench.run()
        let second = try await bench.run()

        #expect(first.code == 0, "\(first.errors)")
        #expect(
            errors(first, "warning[budget]").sorted() == [
                "warning[budget]: 80 % of the budget for the model `second` is used: 20 of 25 calls",
                "warning[budget]: 80 % of the budget is used: 40 of 50 calls",
            ]
        )
        #expect(
            errors(second, "warning[budget]") == [
                "warning[budget]: 96 % of the budget is used: 48 of 50 calls",
                "warning[budget]: 96 % of the budget for the model `second` is used: 24 of 25 calls",
            ]
        )
        #expect(bench.calls == 48)
    }

    @Test("A report's costs add up over roles and stages, and say what an exported candidate cost")
    func costs() async throws {
        let bench = try Bench { request in
            request.index == 3 ? .status(504) : Bench.model(request)
        }
        try bench.write(Self.recipe(bench, budget: "usd: 5"), to: "recipe.yaml")
        let end = try await bench.run()
        let report = try await bench.report()
        let text = try await Program.run("report", "output/bench", folder: bench.folder).output
        let costs = try #require(report["costs"])
        let whole = try #require(costs["usd"]?.real)

        #expect(end.code == 0, "\(end.errors)")
        for list in ["roles", "stages"] {
            let shares = try #require(costs[list]?.elements)
            #expect(shares.count == 2)
            let sum = shares.reduce(0.0) {
                $0 + ($1["usd"]?.real ?? 0) + ($1["unanswered"]?["usd"]?.real ?? 0)
            }
            #expect(abs(sum - whole) < 1e-12)
            #expect(shares.compactMap { $0["calls"]?.whole }.reduce(0, +) == 48)
            #expect(shares.compactMap { $0["unanswered"]?["calls"]?.whole }.reduce(0, +) == 1)
        }
        let exported = try #require(report["counts"]?["exported"]?.whole)
        let each = try #require(costs["usd_per_exported"]?.real)
        #expect(abs(each - whole / Double(exported)) < 1e-9)
        for words in [
            "for each exported candidate: $0.", "model    second", "stage    again", "1 call, $0.",
        ] {
            #expect(text.contains(words), "\(words) in \(text)")
        }
    }

    @Test("What was booked without a reply is told at the cap and in the report")
    func bookedBlindly() async throws {
        let bench = try Bench { request in
            // The list of models is asked for first.
            (1...2).contains(request.index) ? .status(502) : Bench.model(request)
        }
        try bench.write(bench.recipe().edited("tokens: 1000000", to: "calls: 7"), to: "recipe.yaml")
        let end = try await bench.run()
        let text = try await Program.run("report", "output/bench", folder: bench.folder).output

        #expect(end.code == 75)
        let error = try #require(errors(end, "error[budget]").first)
        #expect(
            error.hasPrefix(
                "error[budget]: the budget of 7 calls has 7 made and the next one does not fit; booked at the "
                    + "worst case of attempts without a reply: 2 calls, "
            ),
            "\(error)"
        )
        #expect(errors(end, "warning[budget]").count <= 1)
        #expect(
            text.contains(
                "booked at their worst case, since they gave no reply and may be charged for: 2 calls, "
            ),
            "\(text)"
        )
    }

    @Test(
        "A plan tells what each role may cost and which caps that exceeds, as information and as an estimate"
    )
    func plan() async throws {
        let bench = try Bench()
        try bench.write(
            Self.recipe(bench, budget: "usd: 5, calls: 47, per_role: { second: { usd: 0.01, calls: 100 } }"),
            to: "recipe.yaml"
        )
        let text = try await Program.run("plan", "recipe.yaml", folder: bench.folder)
        let json = try await Program.run("plan", "recipe.yaml", "--json", folder: bench.folder).json

        #expect(text.code == 0)
        #expect(
            text.output.contains(
                "note: the run may come to up to 48 calls, over the budget of 47 calls: it would stop at the budget, and go "
                    + "on with the same command once that is raised"
            ),
            "\(text.output)"
        )
        #expect(
            text.output.contains(
                "note: the run may come to about $0.03, over the budget for the model `second` of $0.01"
            )
        )
        #expect(text.output.contains("limit: $5.00, 47 calls, of it for `second` $0.01, 100 calls"))
        let roles = json["estimate"]?["roles"]?.elements ?? []
        #expect(roles.compactMap { $0["role"]?.text } == ["second", "student"])
        #expect(roles.compactMap { $0["calls"]?.whole } == [24, 24])
        // 24 calls of 90 and 100 tokens out at most, and of 1,000 in by a guess.
        #expect(roles.compactMap { $0["reply_tokens"]?.whole } == [2160, 2400])
        #expect(roles.compactMap { $0["tokens"]?.whole } == [26_160, 26_400])
        #expect(json["estimate"]?["reply_tokens"]?.whole == 4560)
        #expect(text.output.contains(" tokens with prompts of a guessed length"), "\(text.output)")
        #expect(json["over"]?.elements?.compactMap { $0["cap"]?.text } == ["calls", "usd"])
        #expect(json["over"]?.elements?.map { $0["role"] ?? .null } == [.null, "second"])
    }
}
