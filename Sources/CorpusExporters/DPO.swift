import CorpusKit

/// Preference pairs for direct preference optimisation: a history and two answers to it, each one assistant turn.
///
/// Every row has `id`, `prompt`, `chosen`, `rejected` and `tools`, the form that TRL calls conversational with an explicit
/// prompt. Sides are single turns, since every token after the prompt is trained. With `metadata`, string columns
/// name the samples behind the sides (`chosen_key`, `rejected_key`), why one is better (`detail_json`), and the steps by
/// which both were made, as in `sft-messages` (`provenance_json`, with `chosen` and `rejected`).
struct DPO: ExporterPlugin {
    struct Options: PluginOptions {
        var compress = Compression.none
        var metadata = true
        var excludeTerms: [String] = []

        static let meanings = [
            "compress": "`none`, or `gzip`, which LLaMA-Factory and ms-swift cannot read.",
            "metadata": "Whether to write the columns that say where a pair comes from.",
            "exclude_terms": """
            Output terms, as `output_terms:` of a model states them, that neither side may come with.
            """,
        ]

        private enum CodingKeys: String, CodingKey {
            case compress, metadata
            case excludeTerms = "exclude_terms"
        }
    }

    static let manifest = Manifest(
        name: "dpo",
        version: 2,
        summary: "Preference pairs with an explicit prompt and one assistant turn a side, for TRL",
        reasons: [
            "unanswered", "blank-answer", "equal-sides", "stale-evidence", "missing-evidence",
            "excluded-terms",
        ]
    )

    private let options: Options

    init(options: Options, setup: PluginSetup) throws { self.options = options }

    var takes: ExportTakes { .pairs }

    func refusal(of pair: PreferencePair, chosen: Sample, rejected: Sample) -> Skip? {
        if let refusal = Self.refusal(of: pair) { return refusal }
        for (name, side, sample) in [
            ("chosen", pair.chosen, chosen), ("rejected", pair.rejected, rejected),
        ] {
            guard sample.content.messages == pair.prompt + [side] else {
                return Skip("stale-evidence", "the \(name) side of \(pair.id) is not what its sample says")
            }
            if let stale = RowProof.staleness(of: sample) { return stale }
            if let excluded = RowProof.terms(of: sample, among: options.excludeTerms) { return excluded }
        }
        guard RowProof.check(preferring: chosen, over: rejected) != nil else {
            return Skip(
                "missing-evidence",
                "no check says that the chosen side of \(pair.id) is the better one"
            )
        }
        return nil
    }

    func write(_ rows: any AsyncSequence<ExportRow, any Error>, for job: ExportJob) async throws
        -> ExportReceipt
    {
        let files = try RowFiles(job, options.compress)
        var suspects = SuspectCount()
        for try await row in rows {
            guard case .pair(let pair, let provenance) = row.body else {
                throw ExportProblem(
                    "`dpo` writes preference pairs, and a row is a sample; use `sft-messages` for it"
                )
            }
            if let refusal = Self.refusal(of: pair) { throw ExportProblem(refusal.description) }
            suspects.note(pair.detail[SuspectCount.mark])
            try files.add(self.row(pair, provenance), to: row.split)
        }
        return ExportReceipt(files: try files.commit(), features: features, suspects: suspects.counts)
    }

    /// What is wrong with the pair itself, whatever its samples say.
    private static func refusal(of pair: PreferencePair) -> Skip? {
        guard let last = pair.prompt.last, last.role != .assistant else {
            return Skip(
                "unanswered",
                "the prompt of \(pair.id) must end with a turn that an assistant answers"
            )
        }
        for (name, side) in [("chosen", pair.chosen), ("rejected", pair.rejected)] {
            guard side.role == .assistant, side.content.contains(where: { !$0.isWhitespace }) else {
                return Skip(
                    "blank-answer",
                    "the \(name) side of \(pair.id) must be an assistant turn that says something"
                )
            }
        }
        guard pair.chosen != pair.rejected else {
            return Skip("equal-sides", "both sides of \(pair.id) are equal, which teaches nothing")
        }
        return nil
    }

    private func row(_ pair: PreferencePair, _ provenance: PairProvenance) -> [UInt8] {
        var cells: [(String, RowJSON.Cell)] = [
            ("id", .text(pair.id)),
            ("prompt", .turns(pair.prompt.map(members))),
            ("chosen", .turns([members(of: pair.chosen)])),
            ("rejected", .turns([members(of: pair.rejected)])),
            ("tools", .null),
        ]
        if options.metadata {
            cells += [
                ("chosen_key", .text(pair.chosenKey.description)),
                ("rejected_key", .text(pair.rejectedKey.description)),
                ("detail_json", .text(JSONValue.object(pair.detail).canonical)),
                ("provenance_json", .text(provenance.json.canonical)),
            ]
        }
        return RowJSON.row(cells)
    }

    private func members(of turn: Message) -> [(String, JSONValue)] {
        [("role", .string(turn.role.rawValue)), ("content", .string(turn.content))]
    }

    private var features: String {
        var lines = ["- {name: id, dtype: string}"]
        for name in ["prompt", "chosen", "rejected"] {
            lines += [
                "- name: \(name)", "  list:", "  - {name: role, dtype: string}",
                "  - {name: content, dtype: string}",
            ]
        }
        let metadata = ["chosen_key", "rejected_key", "detail_json", "provenance_json"]
        let rest = ["tools"] + (options.metadata ? metadata : [])
        return (lines + rest.map { "- {name: \($0), dtype: string}" }).joined(separator: "\n")
    }
}
