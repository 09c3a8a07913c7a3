import CorpusKit
import CorpusText

/// Conversations for supervised fine-tuning, in the one JSON Lines form that TRL, Axolotl and ms-swift read alike.
///
/// Every row has `id`, `messages` and `tools`; every message has `role`, `content` and `loss`, which is true on
/// assistant turns to train on, false on other assistant turns and null on the rest. With `metadata`, string columns
/// say where the row comes from: `source`, `licence` (`NOASSERTION` where none is known), `group`, `task`,
/// `labels_json`, and `provenance_json`, which says of each step of its making the stage, the plug-in and its version,
/// the models and what their makers ask for their output, the digest of the prompts, and the parent. No column is called `labels`: trainers take one for token ids.
///
/// TRL needs the chat template that is written beside the data, and `assistant_only_loss=True`.
struct SFTMessages: ExporterPlugin {
    /// The assistant turns to train on.
    enum Trained: String, Codable, Sendable {
        case all, last
    }

    struct Options: PluginOptions {
        var compress = Compression.none
        var metadata = true
        var train = Trained.all
        var excludeTerms: [String] = []

        static let meanings = [
            "compress": "`none`, or `gzip`, which LLaMA-Factory and ms-swift cannot read.",
            "metadata": "Whether to write the columns that say where a row comes from.",
            "train": "`all` assistant turns or the `last` one.",
            "exclude_terms": """
            Output terms, as `output_terms:` of a model states them, that no row may come with.
            """,
        ]

        private enum CodingKeys: String, CodingKey {
            case compress, metadata, train
            case excludeTerms = "exclude_terms"
        }
    }

    static let manifest = Manifest(
        name: "sft-messages",
        version: 2,
        summary: "Chat rows with a loss flag on every assistant turn, for TRL, Axolotl and ms-swift",
        reasons: ["unanswered", "blank-answer", "stale-evidence", "excluded-terms"]
    )

    private static let unknownLicence = "NOASSERTION"
    private static let template = "templates/chatml_masked.jinja"

    private let options: Options

    init(options: Options, setup: PluginSetup) throws { self.options = options }

    var takes: ExportTakes { .samples }
    var requiresAnswer: Bool { true }

    func refusal(of sample: Sample) -> Skip? {
        if let stale = RowProof.staleness(of: sample) { return stale }
        if let excluded = RowProof.terms(of: sample, among: options.excludeTerms) { return excluded }
        let turns = sample.content.messages
        guard sample.content.isAnswered else {
            return Skip("unanswered", "sample \(sample.id) does not end with an answer to train on")
        }
        // A blank turn would teach to say nothing.
        let isBlank = turns.indices.contains { index in
            isTrained(index, of: turns) && !turns[index].content.contains { !$0.isWhitespace }
        }
        return isBlank ? Skip("blank-answer", "sample \(sample.id) has a blank answer to train on") : nil
    }

    func write(_ rows: any AsyncSequence<ExportRow, any Error>, for job: ExportJob) async throws
        -> ExportReceipt
    {
        let files = try RowFiles(job, options.compress)
        var suspects = SuspectCount()
        var labels = LabelCount()
        for try await row in rows {
            guard case .sample(let sample) = row.body else {
                throw ExportProblem(
                    "`sft-messages` writes samples, and a row is a preference pair; use `dpo` for it"
                )
            }
            if let refusal = refusal(of: sample) { throw ExportProblem(refusal.description) }
            labels.note(sample.content.labels)
            suspects.note(sample.content.labels[SuspectCount.mark])
            try files.add(self.row(sample), to: row.split)
        }
        var written = try files.commit()
        written.append(try Self.writeTemplate(to: job.folder))
        return ExportReceipt(
            files: written,
            features: features,
            suspects: suspects.counts,
            labels: labels.counts
        )
    }

    private func isTrained(_ index: Int, of turns: [Message]) -> Bool {
        // The last turn is an answer: `refusal(of:)` has seen to that.
        turns[index].role == .assistant && (options.train == .all || index == turns.count - 1)
    }

    private func row(_ sample: Sample) -> [UInt8] {
        let turns = sample.content.messages
        var cells: [(String, RowJSON.Cell)] = [
            ("id", .text(sample.id)),
            (
                "messages",
                .turns(
                    turns.indices.map { index in
                        let turn = turns[index]
                        return [
                            ("role", .string(turn.role.rawValue)), ("content", .string(turn.content)),
                            ("loss", turn.role == .assistant ? .bool(isTrained(index, of: turns)) : .null),
                        ]
                    }
                )
            ),
            ("tools", .null),
        ]
        if options.metadata {
            cells += [
                ("source", .text(sample.origin.source)),
                ("licence", .text(sample.licence ?? Self.unknownLicence)),
                ("group", .text(sample.group.description)),
                ("task", .text(sample.task.description)),
                ("labels_json", .text(JSONValue.object(sample.content.labels).canonical)),
                ("provenance_json", .text(JSONValue.array(sample.provenance.map(\.json)).canonical)),
            ]
        }
        return RowJSON.row(cells)
    }

    private var features: String {
        var lines = [
            "- {name: id, dtype: string}",
            "- name: messages",
            "  list:",
            "  - {name: role, dtype: string}",
            "  - {name: content, dtype: string}",
            "  - {name: loss, dtype: bool}",
            "- {name: tools, dtype: string}",
        ]
        if options.metadata {
            lines += ["source", "licence", "group", "task", "labels_json", "provenance_json"].map {
                "- {name: \($0), dtype: string}"
            }
        }
        return lines.joined(separator: "\n")
    }

    private static func writeTemplate(to folder: String) throws(FileProblem) -> ExportReceipt.File {
        let bytes = Array(ChatTemplate.chatMLMasked.utf8)
        try FileAccess.makeFolder("\(folder)/templates")
        try AtomicFile.write(bytes, to: "\(folder)/\(template)")
        return ExportReceipt.File(
            path: template,
            split: nil,
            rows: 0,
            bytes: bytes.count,
            digest: Digest(of: bytes)
        )
    }
}
