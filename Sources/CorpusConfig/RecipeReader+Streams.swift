import CorpusModel

extension RecipeReader {
    /// Reads `timeouts:` of a model, or `timeout:`, which is short for their `total`.
    mutating func timeouts(
        _ member: ConfigNode.Member?,
        short: ConfigNode.Member?,
        streams: Bool
    ) -> Recipe.Timeouts {
        var timeouts = Recipe.Timeouts()
        let parts =
            member.flatMap {
                members(of: $0.value, known: ["first_token", "idle", "total"], in: "`timeouts`")
            } ?? [:]
        if let short, let total = parts["total"] {
            fault(
                "misplaced-key",
                "`timeout` and `timeouts.total` say the same",
                at: short.keyLocation,
                hint: "keep `\(total.key)` under `timeouts:`"
            )
        }
        if let first = parts["first_token"], !streams {
            fault(
                "misplaced-key",
                "only a reply that comes in pieces has a first token",
                at: first.keyLocation,
                hint: "add `stream: true` to the model, or leave `first_token` out"
            )
        }
        let total = parts["total"] ?? short
        timeouts.totalSeconds = seconds(total, total?.key ?? "total") ?? timeouts.totalSeconds
        timeouts.firstTokenSeconds =
            seconds(parts["first_token"], "first_token") ?? timeouts.firstTokenSeconds
        timeouts.idleSeconds = seconds(parts["idle"], "idle") ?? timeouts.idleSeconds
        return timeouts
    }

    /// Reads `stream:` of a model: `true`, `false`, or `auto` for long replies.
    mutating func stream(_ member: ConfigNode.Member?, batch: ConfigNode.Member?) -> Recipe.Streaming {
        guard let member else { return .never }
        let streaming: Recipe.Streaming
        switch (member.value.json.text, member.value.json.flag) {
        case ("auto", _): streaming = .longReplies
        case (_, true): streaming = .always
        case (_, false): return .never
        default:
            wrongType(member.value, "stream", "`true`, `false` or `auto`")
            return .never
        }
        if batch.map({ $0.value.json.flag != false }) ?? false {
            fault("misplaced-key", "a model asked in batches takes no `stream`", at: member.keyLocation)
        }
        return streaming
    }
}
