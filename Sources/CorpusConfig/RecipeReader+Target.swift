import CorpusDiagnostics

extension RecipeReader {
    /// The most cells that strata may have together.
    private static let mostCells = 10_000

    /// Reads `target:`.
    mutating func target(_ member: ConfigNode.Member) -> Recipe.Target? {
        let known = ["accepted", "at", "strata"]
        guard let parts = members(of: member.value, known: known, in: "`target`") else { return nil }
        if parts["accepted"] == nil, !isMisspelt("accepted", in: member.value, known: known) {
            missing(
                "accepted",
                in: "`target`",
                at: member.keyLocation,
                hint: "say how many samples the run is to give: `target: { accepted: 10000 }`"
            )
        }
        let strata = strata(parts["strata"])
        guard let accepted = whole(parts["accepted"], "accepted", in: 1...1_000_000_000) else { return nil }
        let stage = text(parts["at"], "at").flatMap { name in
            parts["at"].map { Recipe.Located(value: name, location: $0.value.location) }
        }
        return Recipe.Target(accepted: accepted, at: stage, strata: strata, location: member.keyLocation)
    }

    private mutating func strata(_ member: ConfigNode.Member?) -> [Recipe.Target.Stratum] {
        guard let member else { return [] }
        guard let entries = member.value.members, !entries.isEmpty else {
            wrongType(
                member.value,
                "strata",
                "a mapping of labels to shares such as `{ difficulty: { easy: 0.3, hard: 0.7 } }`"
            )
            return []
        }
        let strata = entries.compactMap { stratum($0) }
        let cells = strata.reduce(1) { $0 * min($1.shares.count, Self.mostCells + 1) }
        if cells > Self.mostCells {
            fault(
                "out-of-range",
                "the strata have \(cells) cells together, and \(Self.mostCells) are the most",
                at: member.keyLocation,
                hint: "take fewer labels or fewer values"
            )
        }
        return strata
    }

    private mutating func stratum(_ entry: ConfigNode.Member) -> Recipe.Target.Stratum? {
        guard let values = entry.value.members, !values.isEmpty else {
            wrongType(
                entry.value,
                entry.key,
                "a mapping of values to shares such as `{ easy: 0.3, hard: 0.7 }`"
            )
            return nil
        }
        let before = faults.count
        let shares = values.compactMap { value in
            real(value, value.key, in: 0...1).map { Recipe.Target.Share(value: value.key, share: $0) }
        }
        guard faults.count == before else { return nil }
        if let none = zip(values, shares).first(where: { $1.share == 0 }) {
            fault(
                "out-of-range",
                "the share of `\(none.1.value)` must be over 0",
                at: none.0.value.location,
                hint: "leave the value out: samples of other values do not count"
            )
        }
        let sum = shares.reduce(0) { $0 + $1.share }
        if abs(sum - 1) > 1e-9 {
            fault(
                "out-of-range",
                "the shares of `\(entry.key)` must add up to 1 and add up to \(sum)",
                at: entry.keyLocation
            )
        }
        return Recipe.Target.Stratum(label: entry.key, shares: shares, location: entry.keyLocation)
    }
}
