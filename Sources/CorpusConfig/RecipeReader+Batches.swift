import CorpusModel

extension RecipeReader {
    /// Reads `batch:` of a model: `true`, or how batches are put together.
    mutating func batch(
        _ member: ConfigNode.Member,
        of place: Recipe.Model.Place,
        _ api: EndpointAPI,
        _ hedge: ConfigNode.Member?
    ) -> Recipe.Batch? {
        var batch = Recipe.Batch()
        if let isWanted = member.value.json.flag {
            guard isWanted else { return nil }
        } else {
            guard
                let parts = members(
                    of: member.value,
                    known: ["rows", "quiet", "price_factor"],
                    in: "`batch`"
                )
            else { return nil }
            batch.rows = whole(parts["rows"], "rows", in: 1...100_000) ?? batch.rows
            batch.quietSeconds = seconds(parts["quiet"], "quiet") ?? batch.quietSeconds
            batch.priceFactor = real(parts["price_factor"], "price_factor", in: 0...1) ?? batch.priceFactor
        }
        if place.endpoints.count != 1 {
            fault(
                "misplaced-key",
                "`batch` is for a model with one `url`",
                at: member.keyLocation,
                hint: "leave `batch:` out for bundled models and for several `endpoints`"
            )
        } else if !api.hasBatches {
            let names = EndpointAPI.allCases.filter(\.hasBatches).map { "`\($0.rawValue)`" }
            fault(
                "misplaced-key",
                "the API `\(api.rawValue)` has no batches",
                at: member.keyLocation,
                hint: "APIs with batches: \(names.joined(separator: ", "))"
            )
        } else if hedge != nil {
            fault("misplaced-key", "a model asked in batches takes no `hedge`", at: member.keyLocation)
        }
        return batch
    }
}
