import CorpusConfig
import CorpusExporters
import CorpusKit
import CorpusLedger
import CorpusPipeline

/// Writes the papers of an export folder: the data card and the manifest.
///
/// They hold no time and no path, so that equal exports have equal papers.
struct ExportPapers {
    let plan: Plan
    let report: RunReport
    let written: [WrittenExport]
    let folder: String

    func write() throws { try facts.writePapers(to: folder) }

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
            recipeDigest: report.recipe,
            sources: report.sources.map { .init(name: $0.name, seeds: $0.seeds, digest: $0.digest) },
            exports: exports,
            counts: .init(
                candidates: report.counts.candidates,
                exported: report.counts.exported,
                dropped: codes(report.counts.dropped),
                failed: codes(report.counts.failed)
            ),
            models: plan.usedModels.sorted { $0.key < $1.key }.map { name, model in
                .init(role: name, name: model.identity, outputTerms: model.spec.outputTerms)
            },
            licences: licences,
            withoutLicence: unknown,
            plugins: Dictionary(plan.nodes.map { ($0.manifest.name, $0.manifest.version) }) { first, _ in
                first
            },
            command: "corpusmith run \(plan.recipe.file)"
        )
    }

    private var exports: [CardFacts.Export] {
        let trails = ComparisonTrail.trails(of: plan.nodes.map(comparison))
        let verifiers = Set(plan.nodes.filter { $0.verb == .verify }.map(\.manifest.name))
        return written.map { export in
            // Stages and exports may share a name.
            let node = plan.nodes.lastIndex { $0.verb == .write && $0.name == export.name }
            return CardFacts.Export(
                name: export.name,
                exporter: export.plugin,
                receipt: export.receipt,
                checks: node.map { plan.nodes[$0].checks.intersection(verifiers).sorted() } ?? [],
                comparedTexts: node.map { trails[$0].texts.sorted() } ?? [],
                comparedTasks: node.map { trails[$0].tasksAlone.sorted() } ?? []
            )
        }
    }

    /// What a node does to the texts that flow through it.
    private func comparison(_ node: PlanNode) -> ComparisonTrail.Node {
        let work: ComparisonTrail.Work =
            switch node.kind {
            case .generate: .write
            case .filter(let filter) where !filter.benchmarks.isEmpty: .compare(filter.benchmarks)
            default: .pass
            }
        // Only a pair is made of its `rejected:` too; siblings are merely looked at.
        let edges = node.inputs + (node.verb == .pair ? node.others : [])
        return ComparisonTrail.Node(
            work,
            from: edges.map { .init(node: $0.node, isPassed: $0.outcome == .passed) }
        )
    }
}
