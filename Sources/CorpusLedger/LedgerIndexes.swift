import GRDB

/// What finds rows by their keys.
///
/// A first pass only appends: nobody asks for a unit by its key before there was another pass, a group or a selector.
/// Until somebody does, there are no indexes, and what is written lies where it was written last. They are then made in
/// one go, which sorts all keys at once, for a small part of what it costs to put each in its place as it comes.
enum LedgerIndexes {
    private static let all = [
        ("item_key", "UNIQUE", "item (key)"), ("item_input", "", "item (input)"),
        ("item_stage", "", "item (stage, state)"), ("edge_child", "UNIQUE", "edge (child)"),
        ("edge_item", "", "edge (item, position)"), ("trace_item", "", "trace (item, position)"),
    ]

    /// Whether they are there: rows can then be met again, and are updated where they stand.
    static func exist(in database: Database) throws -> Bool {
        let names = all.map { "'\($0.0)'" }.joined(separator: ", ")
        let count = try Int.fetchOne(
            database,
            sql: "SELECT count(*) FROM sqlite_master WHERE type = 'index' AND name IN (\(names))"
        )
        return count == all.count
    }

    /// Makes those that are missing, in a transaction each: they are as large as what they lead to.
    static func make(in pool: DatabasePool) throws {
        for index in statements { try pool.write { try $0.execute(sql: index) } }
    }

    /// The same inside a transaction.
    static func make(in database: Database) throws {
        for index in statements { try database.execute(sql: index) }
    }

    private static var statements: [String] {
        all.map { name, kind, place in "CREATE \(kind) INDEX IF NOT EXISTS \(name) ON \(place)" }
    }
}
