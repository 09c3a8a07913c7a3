import CorpusKit

/// The `README.md` of an export folder: a dataset card with a head that `datasets.load_dataset` reads.
public enum DatasetCard: Sendable {
    /// The card.
    ///
    /// Splits without rows are left out of the head: loaders refuse empty files.
    public static func text(facts: CardFacts) -> String {
        (head(facts) + [""] + body(facts)).joined(separator: "\n") + "\n"
    }

    // MARK: - Head

    private static func head(_ facts: CardFacts) -> [String] {
        let exports = facts.exports.filter { !filled($0).isEmpty }
        var lines = [
            "---",
            "pretty_name: \(quoted(facts.corpus))",
            "license: \(licence(facts))",
            "size_categories: [\(quoted(sizeCategory(facts)))]",
            "tags: [synthetic, code]",
        ]
        if !exports.isEmpty { lines.append("configs:") }
        for (index, export) in exports.enumerated() {
            lines.append("- config_name: \(quoted(export.name))")
            if index == 0 { lines.append("  default: true") }
            lines.append("  data_files:")
            for file in filled(export) {
                lines.append("  - {split: \(quoted(file.split ?? "")), path: \(quoted(file.path))}")
            }
        }
        if !exports.isEmpty { lines.append("dataset_info:") }
        for export in exports {
            lines += ["- config_name: \(quoted(export.name))", "  features:"]
            lines += export.receipt.features.split(separator: "\n").map { "  " + $0 }
        }
        return lines + ["---"]
    }

    private static func filled(_ export: CardFacts.Export) -> [ExportReceipt.File] {
        export.receipt.files.filter { $0.split != nil && $0.rows > 0 }
    }

    private static func quoted(_ text: String) -> String { JSONValue.string(text).canonical }

    /// The Hub's name for the licence when everything stands under one, and `other` otherwise.
    private static func licence(_ facts: CardFacts) -> String {
        guard facts.withoutLicence == 0 else { return "other" }
        var all = Set(facts.licences.keys.map { $0.lowercased() })
        for model in facts.models {
            guard let terms = model.outputTerms else { return "other" }
            all.insert(terms.lowercased())
        }
        guard all.count == 1, let only = all.first else { return "other" }
        let name = only.hasSuffix("-only") ? String(only.dropLast(5)) : only
        return hubLicences.contains(name) ? name : "other"
    }

    private static let hubLicences: Set<String> = [
        "mit", "apache-2.0", "bsd-2-clause", "bsd-3-clause", "isc", "mpl-2.0", "unlicense", "gpl-2.0",
        "gpl-3.0",
        "lgpl-2.1", "lgpl-3.0", "agpl-3.0", "cc0-1.0", "cc-by-4.0", "cc-by-sa-4.0", "cc-by-nc-4.0", "odc-by",
        "zlib",
    ]

    private static func sizeCategory(_ facts: CardFacts) -> String {
        let rows = facts.exports.map { $0.receipt.files.reduce(0) { $0 + $1.rows } }.max() ?? 0
        let steps = [
            (1000, "1K"), (10_000, "10K"), (100_000, "100K"), (1_000_000, "1M"), (10_000_000, "10M"),
        ]
        guard let above = steps.firstIndex(where: { rows < $0.0 }) else { return "n>10M" }
        return above == 0 ? "n<1K" : "\(steps[above - 1].1)<n<\(steps[above].1)"
    }

    // MARK: - Body

    private static func body(_ facts: CardFacts) -> [String] {
        var lines = [
            "# \(facts.corpus)", "",
            "Synthetic instruction data, made by Corpusmith \(facts.productVersion) with the recipe `\(facts.recipe)`.",
            "Machine-readable figures and checksums are in `manifest.json`.", "",
        ]
        lines += section(
            "Files",
            table(
                ["export", "format", "split", "file", "rows"],
                facts.exports.flatMap { export in
                    export.receipt.files.filter { $0.split != nil }.map {
                        [export.name, export.exporter, $0.split ?? "", "`\($0.path)`", String($0.rows)]
                    }
                }
            )
        )
        lines += section("Labels", labels(facts))
        lines += section("Training", training(facts))
        lines += section("Checks", checks(facts))
        lines += section("How the candidates ended", outcomes(facts.counts))
        lines += section(
            "Models",
            facts.models.isEmpty
                ? ["No model wrote any of this."]
                : table(
                    ["role", "model", "terms for output"],
                    facts.models.map { [$0.role, "`\($0.name)`", $0.outputTerms ?? "not stated"] }
                )
        )
        lines += section("Seeds", seeds(facts))
        lines += section("Licences of the seeds", licences(facts))
        lines += section("Decontamination", decontamination(facts))
        let digest = facts.recipeDigest.map { ["", "SHA-256 of the recipe: `\($0)`."] } ?? []
        lines += section("Making it again", ["```sh", facts.command, "```"] + digest)
        return Array(lines.dropLast())
    }

    private static func section(_ title: String, _ lines: [String]) -> [String] {
        lines.isEmpty ? [] : ["## \(title)", ""] + lines + [""]
    }

    private static func table(_ head: [String], _ rows: [[String]]) -> [String] {
        [head, head.map { _ in "---" }].map(row) + rows.map { row($0.map(escaped)) }
    }

    private static func row(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |" }

    private static func escaped(_ cell: String) -> String {
        cell.map { $0 == "|" ? "\\|" : $0.isNewline ? " " : String($0) }.joined()
    }

    private static func labels(_ facts: CardFacts) -> [String] {
        let rows = facts.exports.flatMap { export in
            export.receipt.labels.sorted { $0.key < $1.key }.flatMap { name, values in
                values.sorted { $0.key < $1.key }.map {
                    [export.name, "`\(name)`", $0.key, String($0.value)]
                }
            }
        }
        return rows.isEmpty ? [] : table(["export", "label", "value", "rows"], rows)
    }

    private static func seeds(_ facts: CardFacts) -> [String] {
        guard !facts.sources.isEmpty else { return [] }
        return table(
            ["source", "seeds", "SHA-256 of their content ids, sorted, one a line"],
            facts.sources.map { [$0.name, String($0.seeds), "`\($0.digest)`"] }
        )
    }

    private static func training(_ facts: CardFacts) -> [String] {
        let formats = Set(facts.exports.map(\.exporter))
        var lines: [String] = []
        if formats.contains("sft-messages") {
            lines += [
                "`sft-messages`: assistant turns with `loss: true` are to be trained on.", "",
                "- TRL: `SFTConfig(assistant_only_loss=True, chat_template_path=\"templates/chatml_masked.jinja\")`;",
                "  without both, every token is trained.",
                "- Axolotl: `type: chat_template` with `message_field_training: loss`.",
                "- ms-swift: reads `loss` by itself.",
            ]
        }
        if formats.contains("dpo") {
            lines += (lines.isEmpty ? [] : [""]) + ["`dpo`: TRL's `DPOTrainer` reads it as it is."]
        }
        return lines
    }

    private static func outcomes(_ counts: CardFacts.Counts) -> [String] {
        let drops = counts.dropped.sorted { $0.key < $1.key }.map {
            ["dropped", "`\($0.key)`", String($0.value)]
        }
        let failures = counts.failed.sorted { $0.key < $1.key }.map {
            ["failed", "`\($0.key)`", String($0.value)]
        }
        let rows =
            [["exported", "", String(counts.exported)]] + drops + failures
            + [["all candidates", "", String(counts.candidates)]]
        return table(["state", "reason", "candidates"], rows)
    }

    private static func licences(_ facts: CardFacts) -> [String] {
        var rows = facts.licences.sorted { $0.key < $1.key }.map { [$0.key, String($0.value)] }
        if facts.withoutLicence > 0 { rows.append(["not stated", String(facts.withoutLicence)]) }
        return rows.isEmpty ? [] : table(["licence", "seeds"], rows)
    }

    /// What every row of an export passed.
    private static func checks(_ facts: CardFacts) -> [String] {
        facts.exports.map { export in
            guard !export.checks.isEmpty else {
                return "- `\(export.name)`: **unverified**. There is no check that every row passed."
            }
            let passed = "passed \(listed(export.checks))"
            return export.exporter == "dpo"
                ? "- `\(export.name)`: every chosen answer \(passed)."
                : "- `\(export.name)`: every row \(passed)."
        }
    }

    private static func decontamination(_ facts: CardFacts) -> [String] {
        guard facts.exports.contains(where: { !$0.comparedTexts.isEmpty || !$0.comparedTasks.isEmpty }) else {
            return ["Not compared with any benchmark."]
        }
        var lines = facts.exports.map { export in
            var sentences: [String] = []
            if !export.comparedTexts.isEmpty {
                sentences.append("the text of every row was compared with \(listed(export.comparedTexts)).")
            }
            if !export.comparedTasks.isEmpty {
                let tasks = "the tasks behind the rows were compared with \(listed(export.comparedTasks))"
                sentences.append(
                    sentences.isEmpty ? "only \(tasks); answers were not." : "Of tasks alone: \(tasks)."
                )
            }
            return "- `\(export.name)`: "
                + (sentences.isEmpty ? "not compared." : sentences.joined(separator: " "))
                + suspects(export.receipt.suspects)
        }
        lines += [
            "",
            "What holds text of a benchmark was dropped. Stretches of words are compared; what is merely rephrased",
            "is not found.",
        ]
        return lines
    }

    private static func suspects(_ counts: [String: Int]) -> String {
        guard !counts.isEmpty else { return "" }
        let parts = counts.sorted { $0.key < $1.key }.map { "`\($0.key)` \($0.value)" }
        return " Rows that resemble an item and were kept, by rule: \(parts.joined(separator: ", "))."
    }

    private static func listed(_ names: [String]) -> String {
        names.map { "`\($0)`" }.joined(separator: ", ")
    }
}
