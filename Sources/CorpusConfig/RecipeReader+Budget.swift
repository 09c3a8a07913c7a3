import CorpusDiagnostics

extension RecipeReader {
    private static let capKeys = ["usd", "tokens", "calls", "wall"]

    /// Reads `budget:`.
    ///
    /// - Parameters:
    ///   - member: The entry.
    ///   - models: The names under `models:`, each of which may have caps of its own; nil when they are not known.
    /// - Returns: The caps, or nil when it is no mapping.
    mutating func budget(_ member: ConfigNode.Member, models: [String]?) -> Recipe.Budget? {
        let known = Self.capKeys + ["per_role"]
        guard let parts = members(of: member.value, known: known, in: "`budget`") else { return nil }
        let budget = Recipe.Budget(
            nanoDollars: parts["usd"].flatMap { billionths($0, "usd") },
            tokens: whole(parts["tokens"], "tokens", in: 1...Int.max),
            calls: whole(parts["calls"], "calls", in: 1...Int.max),
            wallSeconds: seconds(parts["wall"], "wall"),
            perRole: parts["per_role"].map { perRole($0, models: models) } ?? [:]
        )
        if parts.isEmpty {
            missing(
                "tokens",
                in: "`budget`",
                at: member.keyLocation,
                hint: "give at least one of `usd`, `tokens`, `calls`"
            )
        }
        return budget
    }

    private mutating func perRole(
        _ member: ConfigNode.Member,
        models: [String]?
    ) -> [String: Recipe.RoleBudget] {
        guard let entries = member.value.members else {
            wrongType(member.value, "per_role", "a mapping of models to caps such as `{ judge: { usd: 2 } }`")
            return [:]
        }
        var roles: [String: Recipe.RoleBudget] = [:]
        for entry in entries {
            if let models, !models.contains(entry.key) {
                fault(
                    "unknown-model",
                    "`per_role` names a model `\(entry.key)` that the recipe does not have",
                    at: entry.keyLocation,
                    hint: nameHint(for: entry.key, among: models, "its models")
                )
                continue
            }
            if let caps = roleBudget(entry) { roles[entry.key] = caps }
        }
        return roles
    }

    private mutating func roleBudget(_ entry: ConfigNode.Member) -> Recipe.RoleBudget? {
        let place = "the budget of `\(entry.key)`"
        guard let parts = members(of: entry.value, known: Self.capKeys, in: place) else { return nil }
        if entry.value.members?.isEmpty == true {
            missing(
                "usd",
                in: place,
                at: entry.keyLocation,
                hint: "give at least one of `usd`, `tokens`, `calls`, `wall`"
            )
        }
        return Recipe.RoleBudget(
            nanoDollars: parts["usd"].flatMap { billionths($0, "usd") },
            tokens: whole(parts["tokens"], "tokens", in: 1...Int.max),
            calls: whole(parts["calls"], "calls", in: 1...Int.max),
            wallSeconds: seconds(parts["wall"], "wall"),
            location: parts["usd"]?.value.location ?? entry.keyLocation
        )
    }
}
