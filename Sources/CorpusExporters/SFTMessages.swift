import CorpusKit
import CorpusText

/// Conversations for supervised fine-tuning, in the one JSON Lines form that TRL, Axolotl and ms-swift read alike.
///
/// Every row has `id`, `messages` and `tools`; every message has `role`, `content` and `loss`, which is true on
/// assistant turns to train on, false on other assistant turns and null on the rest. With `metadata`, string columns
/// say where the row comes from: `source`, `licence` (`NOASSERTION` where none is known), `group`, `task` and
/// `labels_json`. No column is called `labels`: trainers take one for token ids.
///
/// TRL needs the chat template that is written beside the data, and `assistant_only_loss=True`.
struct SFTMessages: ExporterPlugin {
    /// The assistant turns to train on.
    enum Trained: String, Codable, Sendable {
        case all, last
    }

    struct Options: PluginOptions {
        /// `none`, or `gzip`, which LLaMA-Factory and ms-swift cannot read.
        var compress = Compression.none
        /// Whether to write the columns that say where a row comes from.
        var metadata = true
        /// `all` assistant turns or the `last` one.
        var train = Trained.all
    }

    static let manifest = Manifest(
        name: "sft-messages",
        version: 1,
        summary: "Chat rows with a loss flag on every assistant turn, for TRL, Axolotl and ms-swift"
    )

    private static let unknownLicence = "NOASSERTION"
    private static let template = "templates/chatml_masked.jinja"

    private let options: Options

    init(options: Options, setup: PluginSetup) throws { self.options = options }

    var takes: ExportTakes { .samples }

    func write(_ rows: any AsyncSequence<ExportRow, any Error>, for job: ExportJob) async throws
        -> ExportReceipt
    {
        let files = try RowFiles(job, options.compress)
        for try await row in rows {
            guard case .sample(let sample) = row.body else {
                throw ExportProblem(
                    "`sft-messages` writes samples, and a row is a preference pair; use `dpo` for it"
                )
            }
            try files.add(try self.row(sample), to: row.split)
        }
        var written = try files.commit()
        written.append(try Self.writeTemplate(to: job.folder))
        return ExportReceipt(files: written, features: features)
    }

    private func row(_ sample: Sample) throws(ExportProblem) -> [UInt8] {
        if let stale = sample.evidence.first(where: { $0.subject != sample.id }) {
            throw ExportProblem(
                "the evidence `\(stale.check)` of sample \(sample.id) is about other content; verify the sample again"
            )
        }
        let last = sample.content.messages.lastIndex { $0.role == .assistant }
        let isTrained = { (index: Int) in
            sample.content.messages[index].role == .assistant && (options.train == .all || index == last)
        }
        let turns = sample.content.messages
        guard
            turns.indices.contains(where: { isTrained($0) && turns[$0].content.contains { !$0.isWhitespace } }
            )
        else {
            throw ExportProblem(
                "sample \(sample.id) has no assistant turn to train on; filter such samples out before the export"
            )
        }
        var cells: [(String, RowJSON.Cell)] = [
            ("id", .text(sample.id)),
            (
                "messages",
                .turns(
                    turns.indices.map { index in
                        let turn = turns[index]
                        return [
                            ("role", .string(turn.role.rawValue)), ("content", .string(turn.content)),
                            ("loss", turn.role == .assistant ? .bool(isTrained(index)) : .null),
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
            lines += ["source", "licence", "group", "task", "labels_json"].map {
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
