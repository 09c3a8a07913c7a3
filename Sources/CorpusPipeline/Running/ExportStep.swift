import CorpusConfig
package import CorpusKit
package import CorpusLedger
import Foundation

/// An export that was written.
package struct WrittenExport: Sendable {
    package var name: String
    package var plugin: String
    package var takes: ExportTakes
    package var receipt: ExportReceipt
}

/// Writes the exports of a finished pass from the ledger, in the order of content ids, then keys.
package struct ExportStep: Sendable {
    let plan: Plan
    let ledger: Ledger
    /// The export folder, absolute; made when it is not there.
    let folder: String

    package init(plan: Plan, ledger: Ledger, folder: String) {
        self.plan = plan
        self.ledger = ledger
        self.folder = folder
    }

    /// Writes every export of the plan.
    ///
    /// - Throws: ``LedgerProblem``, ``ExportProblem``, or what writing files throws.
    package func run() async throws -> [WrittenExport] {
        removeRemains()
        let stages = try ledger.number(plan.nodes.map(\.stageRecord))
        let loader = ItemLoader(plan: plan, stages: stages, ledger: ledger)
        var written: [WrittenExport] = []
        for (index, node) in plan.nodes.enumerated() {
            guard case .write(let exporter, let splits) = node.kind else { continue }
            let job = ExportJob(name: node.name, folder: folder, splits: splits.map(\.name))
            let rows: any AsyncSequence<ExportRow, any Error>
            switch exporter.takes {
            case .samples:
                rows = Rows(names: try ledger.exported(stage: stages[index]), splits: splits) { key in
                    let sample = try loader.item(key, at: index).sample
                    return (.sample(sample), sample.group)
                }
            case .pairs:
                let pairs = try ledger.pairs(stages: node.inputs.map { stages[$0.node] })
                rows = Rows(names: pairs, splits: splits) { id in
                    let (group, pair) = try ledger.pair(id)
                    let provenance = PairProvenance(
                        chosen: try loader.provenance(of: pair.chosenKey),
                        rejected: try loader.provenance(of: pair.rejectedKey)
                    )
                    return (.pair(pair, provenance), group)
                }
            }
            let receipt = try await exporter.write(rows, for: job)
            for file in receipt.files {
                try await ledger.commit([
                    .file(
                        FileRecord(
                            export: node.name,
                            path: file.path,
                            split: file.split,
                            rows: file.rows,
                            bytes: file.bytes,
                            digest: file.digest.description
                        )
                    )
                ])
            }
            written.append(
                WrittenExport(
                    name: node.name,
                    plugin: node.manifest.name,
                    takes: exporter.takes,
                    receipt: receipt
                )
            )
        }
        // Not before: until then the rows of the last pass are those that lie in the folder.
        try ledger.forgetDerived()
        return written
    }

    /// Removes the unfinished files that a killed run left, named `.NAME.RANDOM.tmp`.
    ///
    /// Nobody else writes here meanwhile: the run's lock is ours.
    private func removeRemains() {
        for path in FilePattern("**/.*.*.tmp").files(below: folder) {
            try? FileManager.default.removeItem(atPath: path)
        }
    }
}

extension [Recipe.Split] {
    /// The split of a group: its members never straddle one, and adding others moves none.
    func name(for group: ItemKey) -> String {
        let place = Digest(of: "split " + group.description).bytes[..<8].reduce(UInt64(0)) {
            $0 << 8 | UInt64($1)
        }
        var left = Double(place >> 11) * 0x1p-53
        for split in self {
            if left < split.share { return split.name }
            left -= split.share
        }
        return last?.name ?? "train"
    }
}

/// Rows, read from the ledger one at a time.
private struct Rows<Name: Sendable>: AsyncSequence {
    typealias Failure = any Error
    let names: [Name]
    let splits: [Recipe.Split]
    /// Reads a row, and the group that says which split it belongs to.
    let read: @Sendable (Name) throws -> (ExportRow.Body, group: ItemKey)

    struct Iterator: AsyncIteratorProtocol {
        let rows: Rows
        var index = 0

        mutating func next() async throws -> ExportRow? {
            guard index < rows.names.count else { return nil }
            defer { index += 1 }
            let (body, group) = try rows.read(rows.names[index])
            return ExportRow(body, split: rows.splits.name(for: group))
        }
    }

    func makeAsyncIterator() -> Iterator { Iterator(rows: self) }
}
