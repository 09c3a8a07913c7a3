import CorpusModel
import GRDB

extension LedgerWriter {
    private static let items = """
        INSERT INTO item
            (key, stage, input, ordinal, part, state, reason, summary, detail, drops, attempts, pass, evidence)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?)
        """
    /// A unit that failed before is tried again: what it left behind gives way to what came of it now.
    private static let itemsAgain =
        items + """

             ON CONFLICT (key) DO UPDATE SET ordinal = excluded.ordinal, state = excluded.state, reason = excluded.reason,
                summary = excluded.summary, detail = excluded.detail, drops = excluded.drops,
                attempts = attempts + 1, pass = excluded.pass, evidence = excluded.evidence
            """
    private static let edges = """
        INSERT INTO edge
            (child, item, parent, position, sample, labels, note, task, root, origin, licence, body)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """
    private static let edgesAgain =
        edges + """

             ON CONFLICT (child) DO UPDATE SET item = excluded.item, parent = excluded.parent,
                position = excluded.position, sample = excluded.sample, labels = excluded.labels, note = excluded.note,
                task = excluded.task, root = excluded.root, origin = excluded.origin, licence = excluded.licence,
                body = excluded.body
            """

    func write(_ item: ItemRecord, _ texts: PackedEntry.Texts?) throws {
        guard let texts else { preconditionFailure("an item is packed with its texts") }
        let items = try insertion(&itemInsertion, isIndexed ? Self.itemsAgain : Self.items)
        try items.insert { row in
            row.add(item.key)
            row.add(item.stage)
            row.add(item.input)
            row.add(item.ordinal)
            row.add(0)
            row.add(item.state.rawValue)
            row.add(item.reason?.description)
            row.add(item.summary)
            row.add(texts.detail)
            row.add(item.drops.count)
            row.add(pass)
            row.add(texts.evidence)
        }
        for position in item.drafts.indices {
            try write(item.drafts[position], texts.drafts[position], position, item)
        }
        for (index, drop) in item.drops.enumerated() {
            try items.insert { row in
                row.add(ItemKey.drop(index, of: item.key))
                row.add(item.stage)
                row.add(item.input)
                row.add(item.ordinal)
                row.add(index + 1)
                row.add(ItemState.dropped.rawValue)
                row.add(drop.reason.description)
                row.add(drop.summary)
                row.add(texts.drops[index])
                row.add(0)
                row.add(pass)
                row.addNull()
            }
        }
        if isIndexed { try run("DELETE FROM trace WHERE item = ?", [item.key.data]) }
        for (position, entry) in item.trace.enumerated() {
            try insertion(
                &traceInsertion,
                "INSERT INTO trace (item, position, kind, key) VALUES (?, ?, ?, ?)"
            ).insert {
                $0.add(item.key)
                $0.add(position)
                $0.add(entry.kind.rawValue)
                $0.add(entry.key)
            }
        }
    }

    private func write(
        _ draft: DraftRecord,
        _ texts: PackedEntry.Draft,
        _ position: Int,
        _ item: ItemRecord
    ) throws {
        try insertion(&edgeInsertion, isIndexed ? Self.edgesAgain : Self.edges).insert { row in
            row.add(draft.key)
            row.add(item.key)
            row.add(draft.parent)
            row.add(position)
            row.add(draft.contentID)
            row.add(texts.labels)
            row.add(draft.note)
            row.add(draft.task)
            row.add(draft.group)
            row.add(texts.origin)
            row.add(draft.licence)
            row.add(texts.body)
        }
    }

    func insertion(_ place: inout RowInsertion?, _ sql: String) throws -> RowInsertion {
        if let place { return place }
        let insertion = try RowInsertion(sql, in: database)
        place = insertion
        return insertion
    }
}
