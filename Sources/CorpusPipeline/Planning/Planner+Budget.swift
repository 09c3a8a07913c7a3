import CorpusConfig
package import CorpusDiagnostics
import CorpusKit

extension Planner {
    /// Reports a recipe that calls models without a cap.
    mutating func checkBudget() {
        let budget = recipe.budget
        guard nodes.contains(where: { !$0.roles.isEmpty }), !recipe.gaps.sections.contains("budget"),
            budget?.nanoDollars == nil, budget?.tokens == nil, budget?.calls == nil
        else { return }
        fault(
            "no-budget",
            "the recipe calls models and has no cap on dollars, tokens or calls, so the run could cost anything",
            at: place(of: "models"),
            hint: "add `budget: { tokens: 1000000 }`, or `usd:` or `calls:`"
        )
    }

    /// Reports models whose calls cannot be kept within a budget in dollars, or do not fit into one of nothing.
    mutating func checkPrices() {
        let roles = nodes.flatMap { $0.roles.values.map(\.spec) }
        let used = Set(roles.map(\.name) + roles.compactMap(\.fallback?.value))
        // Who is asked in another's place spends that one's money.
        let capped = Set(
            roles.filter { recipe.budget?.perRole[$0.name]?.nanoDollars != nil }
                .flatMap { [$0.name] + [$0.fallback?.value].compactMap(\.self) }
        )
        for model in models.values.sorted(by: { $0.spec.name < $1.spec.name })
        where used.contains(model.spec.name) && !recipe.gaps.contains(model.spec.name, in: "models") {
            let own = recipe.budget?.perRole[model.spec.name]
            let price = model.spec.place.value.worstPrice
            guard recipe.budget?.nanoDollars != nil || capped.contains(model.spec.name) else { continue }
            for flaw in model.spec.dollarFlaws {
                fault(flaw.code, flaw.message, at: flaw.location, hint: flaw.hint)
            }
            if let own, own.nanoDollars == 0, price?.isNothing == false {
                fault(
                    "out-of-range",
                    "a budget of 0 dollars allows `\(model.spec.name)` no call, since it has a price",
                    at: own.location,
                    hint: "give it something to spend, or take it out of the stages"
                )
            }
        }
    }
}

extension Recipe.Model {
    /// Why a budget in dollars could not be kept with this model.
    fileprivate var dollarFlaws: [Diagnostic] {
        var flaws = repricing.map { field in
            Diagnostic(
                "misplaced-key",
                "`\(field.value)` may change what a call of `\(name)` costs, so a budget in dollars cannot be kept",
                at: field.location,
                hint: "leave it out, or cap `tokens` or `calls` in place of dollars"
            )
        }
        if place.value.worstPrice == nil {
            flaws.append(
                Diagnostic(
                    "missing-price",
                    "model `\(name)` has no price, so a budget in dollars cannot be kept",
                    at: place.location,
                    hint:
                        "add `price: { input: …, output: … }` in dollars per million tokens, with 0 for one that costs nothing"
                )
            )
        }
        return flaws
    }
}

extension Plan {
    /// Why other caps could not be kept, or would leave nothing bounded, as ``Planner`` finds it in a recipe.
    ///
    /// - Parameters:
    ///   - hasDollars: Whether there would be a cap in dollars.
    ///   - isBounded: Whether there would be a cap on dollars, tokens or calls.
    /// - Returns: The first fault, or nil.
    package func fault(ofCapsWithDollars hasDollars: Bool, isBounded: Bool) -> Diagnostic? {
        let models = usedModels.values.sorted { $0.spec.name < $1.spec.name }
        if hasDollars, let flaw = models.lazy.compactMap(\.spec.dollarFlaws.first).first { return flaw }
        guard !isBounded, !models.isEmpty else { return nil }
        return Diagnostic(
            "no-budget",
            "without a cap on dollars, tokens or calls the run could cost anything",
            at: nil,
            hint: "give another one in its place, as in `--tokens 1000000`"
        )
    }
}

extension Recipe.Price {
    fileprivate var isNothing: Bool { inputNanoDollars == 0 && outputNanoDollars == 0 }
}
