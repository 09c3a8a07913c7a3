package import CorpusDiagnostics

/// What a budget can bound, by its key in a recipe.
package enum BudgetCap: String, Sendable, Hashable, CaseIterable {
    case usd, tokens, calls, wall

    /// Reads a cap as a recipe has it.
    ///
    /// - Parameter text: What would stand behind the key; `none` for no cap.
    /// - Returns: Billionths of a dollar, tokens, calls or seconds; nil for `none`.
    /// - Throws: The fault that a recipe would have.
    package func limit(in text: String) throws(Diagnostic) -> Int? {
        guard text != "none" else { return nil }
        var reader = RecipeReader(file: "")
        let place = Diagnostic.Location(file: "", line: 1, column: 1)
        let node = ConfigNode(.scalar(text, isQuoted: false), at: place)
        let limit = reader.cap(ConfigNode.Member(key: rawValue, keyLocation: place, value: node), self)
        if let fault = reader.faults.first { throw fault }
        return limit
    }
}

extension RecipeReader {
    private static let capKeys = BudgetCap.allCases.map(\.rawValue)

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
            nanoDollars: cap(parts["usd"], .usd),
            tokens: cap(parts["tokens"], .tokens),
            calls: cap(parts["calls"], .calls),
            wallSeconds: cap(parts["wall"], .wall),
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

    fileprivate mutating func cap(_ member: ConfigNode.Member?, _ cap: BudgetCap) -> Int? {
        switch cap {
        case .usd: member.flatMap { billionths($0, cap.rawValue) }
        case .tokens, .calls: whole(member, cap.rawValue, in: 1...Int.max)
        case .wall: seconds(member, cap.rawValue)
        }
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
            nanoDollars: cap(parts["usd"], .usd),
            tokens: cap(parts["tokens"], .tokens),
            calls: cap(parts["calls"], .calls),
            wallSeconds: cap(parts["wall"], .wall),
            location: parts["usd"]?.value.location ?? entry.keyLocation
        )
    }
}
