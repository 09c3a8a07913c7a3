import CorpusConfig
import CorpusExporters
import CorpusKit
import CorpusLedger
import CorpusPipeline
import CorpusText

/// Writes the papers of an export folder: the data card and the manifest.
///
/// They hold no time and no path, so that equal exports have equal papers.
struct ExportPapers {
    let plan: Plan
    let report: RunReport
    let written: [WrittenExport]
    let folder: String

    func write() throws {
        let facts = facts
        try AtomicFile.write(Array(DatasetCard.text(facts: facts).utf8), to: folder + "/README.md")
        try AtomicFile.write(Array(ExportManifest.text(facts: facts).utf8), to: folder + "/manifest.json")
    }

    private var facts: CardFacts {
        let codes: ([String: Int]) -> [ReasonCode: Int] = { counts in
            Dictionary(uniqueKeysWithValues: counts.map { (ReasonCode($0.key), $0.value) })
        }
        var licences = report.licences
        let unknown = licences.removeValue(forKey: "unknown") ?? 0
        return CardFacts(
            corpus: plan.recipe.name,
            productVersion: Product.version,
            recipe: plan.recipe.name,
            exports: written.map { .init(name: $0.name, exporter: $0.plugin, receipt: $0.receipt) },
            counts: .init(
                candidates: report.counts.candidates,
                exported: report.counts.exported,
                dropped: codes(report.counts.dropped),
                failed: codes(report.counts.failed)
            ),
            models: plan.models.sorted { $0.key < $1.key }.map { name, model in
                .init(role: name, name: model.identity, outputTerms: model.spec.outputTerms)
            },
            licences: licences,
            withoutLicence: unknown,
            decontaminatedAgainst: decontaminatedAgainst,
            plugins: Dictionary(plan.nodes.map { ($0.manifest.name, $0.manifest.version) }) { first, _ in
                first
            },
            command: "corpusmith run \(plan.recipe.file)"
        )
    }

    /// What the recipe's `decontaminate` stages name under `against:`.
    private var decontaminatedAgainst: [String] {
        let names = plan.recipe.stages.filter { $0.plugin.value == "decontaminate" }
            .flatMap { $0.options.json["against"]?.elements ?? [] }.compactMap(\.text)
        return Array(Set(names)).sorted()
    }
}
