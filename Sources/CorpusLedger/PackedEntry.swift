import CorpusModel
import Foundation

/// An entry whose bodies are packed and whose texts are written already: many can do that, and only one writes.
final class PackedEntry: Sendable {
    /// What the rows of one unit hold beside plain values.
    struct Texts: Sendable {
        var detail: String
        var evidence: String?
        var drafts: [Draft]
        var drops: [String]
    }

    struct Draft: Sendable {
        var labels: String
        var origin: String
        var body: Data
    }

    let entry: LedgerEntry
    /// Of a call the request and the reply, of a batch its rows.
    let bodies: [Data]
    /// Of a unit.
    let texts: Texts?

    private static let longestDrop = 20_000

    init(_ entry: LedgerEntry) {
        self.entry = entry
        var texts: Texts?
        switch entry {
        case .call(let call), .restored(let call): bodies = [call.request.packed, call.reply.body.packed]
        case .batch(let batch):
            let rows = batch.rows.map { ["role": .string($0.role), "request": $0.request] as JSONValue }
            bodies = [JSONValue.array(rows).packed]
        case .item(let item):
            bodies = []
            texts = Texts(
                detail: item.detail.isEmpty ? "{}" : JSONValue.object(item.detail).canonical,
                evidence: Evidence.text(of: item.evidence),
                drafts: item.drafts.map { draft in
                    Draft(
                        labels: draft.content.labels.isEmpty
                            ? "{}" : JSONValue.object(draft.content.labels).canonical,
                        origin: draft.origin.json.canonical,
                        body: draft.content.identity.packed
                    )
                },
                drops: item.drops.map { drop in
                    let text = drop.text.map { JSONValue.string(String($0.prefix(Self.longestDrop))) }
                    return (["text": text ?? .null] as JSONValue).canonical
                }
            )
        default: bodies = []
        }
        self.texts = texts
    }
}
