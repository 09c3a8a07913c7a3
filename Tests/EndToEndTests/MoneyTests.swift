import CorpusModel
import Foundation
import TestSupport
import Testing

@Suite("What runs may cost and did cost", .timeLimit(.minutes(5)))
struct MoneyTests {
    /// The bench's recipe with a second use of the same model, which costs a dollar a thousand calls.
    static func recipe(_ bench: Bench, budget: String) -> String {
        let price = ", price: { input: 1, output: 2 }"
        let student =
            bench.recipe(extra: price).split(separator: "\n").first { $0.contains("student:") } ?? ""
        let second = student.replacing("student:", with: "second:").replacing(
            "max_tokens: 100",
            with: "max_tokens: 90"
        )
        return bench.recipe(extra: price)
            .edited("tokens: 1000000", to: budget)
            .edited("budget:", to: second + "\nbudget:")
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
}
