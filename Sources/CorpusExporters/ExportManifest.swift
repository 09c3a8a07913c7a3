public import CorpusKit
import CorpusText

/// The `manifest.json` of an export folder: files with rows, bytes and checksums, and the facts of the card.
public enum ExportManifest: Sendable {
    /// The manifest as one JSON document; append-only until `schema` rises.
    public static func json(facts: CardFacts) -> JSONValue {
        [
            "schema": 1,
            "corpus": .string(facts.corpus),
            "product": ["name": "corpusmith", "version": .string(facts.productVersion)],
            "recipe": .string(facts.recipe),
            "recipe_sha256": facts.recipeDigest.map { .string($0.description) } ?? .null,
            "sources": .array(
                facts.sources.map {
                    [
                        "name": .string($0.name), "seeds": .int($0.seeds),
                        "sha256": .string($0.digest.description),
                    ]
                }
            ),
            "exports": .array(facts.exports.map(export)),
            "counts": [
                "candidates": .int(facts.counts.candidates), "exported": .int(facts.counts.exported),
                "dropped": codes(facts.counts.dropped), "failed": codes(facts.counts.failed),
            ],
            "models": .array(
                facts.models.map {
                    [
                        "role": .string($0.role), "name": .string($0.name),
                        "output_terms": $0.outputTerms.map(JSONValue.string) ?? .null,
                    ]
                }
            ),
            "licences": .object(facts.licences.mapValues(JSONValue.int)),
            "without_licence": .int(facts.withoutLicence),
            "plugins": .object(facts.plugins.mapValues(JSONValue.int)),
            "command": .string(facts.command),
        ]
    }

    /// The manifest's text, spread over lines with sorted keys.
    public static func text(facts: CardFacts) -> String { json(facts: facts).pretty + "\n" }

    private static func export(_ export: CardFacts.Export) -> JSONValue {
        [
            "name": .string(export.name), "exporter": .string(export.exporter),
            "files": .array(export.receipt.files.map(file)),
            "omissions": .object(export.receipt.omissions.mapValues(JSONValue.int)),
            "checks": .array(export.checks.map(JSONValue.string)),
            "compared": [
                "texts": .array(export.comparedTexts.map(JSONValue.string)),
                "tasks": .array(export.comparedTasks.map(JSONValue.string)),
            ],
            "suspects": .object(export.receipt.suspects.mapValues(JSONValue.int)),
            "labels": .object(
                export.receipt.labels.mapValues { .object($0.mapValues(JSONValue.int)) }
            ),
        ]
    }

    private static func file(_ file: ExportReceipt.File) -> JSONValue {
        [
            "path": .string(file.path), "split": file.split.map(JSONValue.string) ?? .null,
            "rows": .int(file.rows),
            "bytes": .int(file.bytes), "sha256": .string(file.digest.description),
        ]
    }

    private static func codes(_ counts: [ReasonCode: Int]) -> JSONValue {
        .object(Dictionary(uniqueKeysWithValues: counts.map { ($0.key.description, .int($0.value)) }))
    }
}

extension CardFacts {
    /// Writes `README.md` and `manifest.json` into an export folder, each whole or not at all.
    ///
    /// Files that the folder's last manifest lists and these facts do not are removed first, such as those of a split
    /// that is no more: their rows stand elsewhere now. A file that is not as that manifest says stays.
    ///
    /// - Parameter folder: The export folder, absolute; created when it is missing.
    /// - Throws: An error that names the file and the reason when one cannot be read, removed or written.
    public func writePapers(to folder: String) throws {
        try FileAccess.makeFolder(folder)
        // Before the new manifest: a process killed in between still knows what it wrote.
        try FormerFiles(of: folder)?.remove(except: exports.flatMap(\.receipt.files))
        try AtomicFile.write(Array(DatasetCard.text(facts: self).utf8), to: "\(folder)/README.md")
        try AtomicFile.write(Array(ExportManifest.text(facts: self).utf8), to: "\(folder)/manifest.json")
    }
}
