import CorpusModel
import Foundation
import GRDB

/// The tables of a ledger, version by version.
enum LedgerSchema {
    /// "CSML" in ASCII: tells our files from other SQLite databases.
    static let applicationID = 0x4353_4D4C
    /// What this program writes.
    static let version = 8

    /// Keys are 16-byte digests; bodies are zstd frames of canonical JSON, from version 8 on with ``BodyDictionary``.
    ///
    /// `pass` is the number of the pass that met a row last: what a changed recipe no longer reaches stays in
    /// the file and out of the report. `role` and `stage` of a call and a charge name the model of the recipe and
    /// the stage that it was bought for first; a call whose `attempts` are 0 was not bought but came from a cassette.
    static let tables = """
        CREATE TABLE pass (
            id INTEGER PRIMARY KEY, recipe TEXT NOT NULL, name TEXT NOT NULL, product TEXT NOT NULL,
            plan TEXT NOT NULL, state TEXT NOT NULL, started REAL NOT NULL, ended REAL
        ) STRICT;
        CREATE TABLE stage (
            id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, name TEXT NOT NULL, verb TEXT NOT NULL,
            plugin TEXT NOT NULL, version INTEGER NOT NULL
        ) STRICT;
        \(item)
        \(edge)
        \(trace)
        \(call)
        \(batch)
        \(mark)
        CREATE TABLE charge (
            id INTEGER PRIMARY KEY, call BLOB NOT NULL, model TEXT NOT NULL, tokens INTEGER NOT NULL, cost INTEGER,
            pass INTEGER NOT NULL, role TEXT NOT NULL, stage TEXT
        ) STRICT;
        \(execution)
        CREATE TABLE pair (
            id TEXT NOT NULL, stage INTEGER NOT NULL, task BLOB NOT NULL, root BLOB NOT NULL,
            chosen BLOB NOT NULL, rejected BLOB NOT NULL, body BLOB NOT NULL, pass INTEGER NOT NULL,
            PRIMARY KEY (stage, id)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE file (
            export TEXT NOT NULL, path TEXT NOT NULL, split TEXT, rows INTEGER NOT NULL, bytes INTEGER NOT NULL,
            digest TEXT NOT NULL, pass INTEGER NOT NULL, PRIMARY KEY (path)
        ) STRICT, WITHOUT ROWID;
        """

    /// One unit's outcome; `evidence` is a JSON array, or null for none.
    ///
    /// Rows of these tables are only appended. Keys are digests, so that an index of them touches a page anywhere for
    /// each row: see ``LedgerIndexes``.
    private static let item = """
        CREATE TABLE item (
            id INTEGER PRIMARY KEY, key BLOB NOT NULL, stage INTEGER NOT NULL REFERENCES stage, input BLOB,
            ordinal INTEGER NOT NULL, part INTEGER NOT NULL, state INTEGER NOT NULL, reason TEXT, summary TEXT NOT NULL,
            detail TEXT NOT NULL, drops INTEGER NOT NULL, attempts INTEGER NOT NULL, pass INTEGER NOT NULL, evidence TEXT
        ) STRICT;
        """

    /// What a unit made, with its content; `sample` is the content's id.
    private static let edge = """
        CREATE TABLE edge (
            id INTEGER PRIMARY KEY, child BLOB NOT NULL, item BLOB NOT NULL, parent BLOB, position INTEGER NOT NULL,
            sample TEXT NOT NULL, labels TEXT NOT NULL, note TEXT, task BLOB NOT NULL, root BLOB NOT NULL,
            origin TEXT NOT NULL, licence TEXT, body BLOB NOT NULL
        ) STRICT;
        """

    private static let trace = """
        CREATE TABLE trace (
            id INTEGER PRIMARY KEY, item BLOB NOT NULL, position INTEGER NOT NULL, kind INTEGER NOT NULL, key BLOB NOT NULL
        ) STRICT;
        """

    private static let execution = """
        CREATE TABLE execution (
            id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, job BLOB NOT NULL, result BLOB NOT NULL
        ) STRICT;
        """

    /// Rows are appended, and only their keys are put in order: bodies are too large to be moved about in a tree.
    private static let call = """
        CREATE TABLE call (
            id INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, model TEXT NOT NULL, endpoint TEXT NOT NULL,
            request BLOB NOT NULL, reply BLOB NOT NULL, finish TEXT NOT NULL, input INTEGER, cached INTEGER,
            output INTEGER, cost INTEGER, milliseconds INTEGER NOT NULL, attempts INTEGER NOT NULL,
            booked INTEGER NOT NULL, pass INTEGER NOT NULL, role TEXT NOT NULL, stage TEXT
        ) STRICT;
        """

    /// Batches of requests that are under way at an endpoint, or about to be; `file` and `id` are the endpoint's names.
    private static let batch = """
        CREATE TABLE batch (
            tag TEXT PRIMARY KEY, model TEXT NOT NULL, endpoint TEXT NOT NULL, api TEXT NOT NULL, made REAL NOT NULL,
            rows BLOB NOT NULL, file TEXT, id TEXT
        ) STRICT;
        """

    /// How much each role's calls in flight may have come to at most: what a pass that was killed may owe.
    private static let mark = """
        CREATE TABLE mark (
            pass INTEGER NOT NULL, role TEXT NOT NULL, calls INTEGER NOT NULL, tokens INTEGER NOT NULL,
            cost INTEGER NOT NULL, PRIMARY KEY (pass, role)
        ) STRICT, WITHOUT ROWID;
        """

    static func create(_ database: Database) throws {
        try database.execute(sql: tables)
        try database.execute(sql: "PRAGMA application_id = \(applicationID)")
        try database.execute(sql: "PRAGMA user_version = \(version)")
    }

    /// Brings an older ledger up to this program's version; nothing on it is lost.
    static func upgrade(_ database: Database, from old: Int) throws {
        if old < 2 {
            // What calls were booked at was not kept: what their replies used stands for it.
            try database.execute(
                sql: """
                    ALTER TABLE call ADD COLUMN booked INTEGER NOT NULL DEFAULT 0;
                    ALTER TABLE edge RENAME COLUMN family TO root;
                    ALTER TABLE pair RENAME COLUMN family TO root;
                    UPDATE call SET booked = coalesce(input, 0) + coalesce(output, 0);
                    CREATE TABLE charge (
                        id INTEGER PRIMARY KEY, call BLOB NOT NULL, model TEXT NOT NULL, tokens INTEGER NOT NULL,
                        cost INTEGER, pass INTEGER NOT NULL
                    ) STRICT;
                    """
            )
        }
        if old < 3 {
            // Who paid was not kept: the model's identity stands for the role, and the first stage that used a reply
            // for the one that bought it. Which stage a charge without a reply was for is not known.
            try database.execute(
                sql: """
                    ALTER TABLE call ADD COLUMN role TEXT NOT NULL DEFAULT '';
                    ALTER TABLE call ADD COLUMN stage TEXT;
                    ALTER TABLE charge ADD COLUMN role TEXT NOT NULL DEFAULT '';
                    ALTER TABLE charge ADD COLUMN stage TEXT;
                    UPDATE call SET role = model;
                    UPDATE charge SET role = model;
                    CREATE TEMP TABLE user (key BLOB PRIMARY KEY, stage INTEGER NOT NULL);
                    INSERT INTO user SELECT trace.key, min(item.stage) FROM trace JOIN item ON item.key = trace.item
                        WHERE trace.kind = 0 GROUP BY trace.key;
                    UPDATE call SET stage = (
                        SELECT stage.name FROM user JOIN stage ON stage.id = user.stage WHERE user.key = call.key);
                    DROP TABLE user;
                    """
            )
        }
        if old < 4 {
            let columns = """
                key, model, endpoint, request, reply, finish, input, cached, output, cost, milliseconds, attempts, booked,
                pass, role, stage
                """
            try database.execute(
                sql: """
                    ALTER TABLE call RENAME TO old_call;
                    \(call)
                    INSERT INTO call (\(columns)) SELECT \(columns) FROM old_call;
                    DROP TABLE old_call;
                    """
            )
        }
        if old < 5 { try database.execute(sql: batch) }
        if old < 6 { try database.execute(sql: mark) }
        if old < 7 { try append(database) }
        try database.execute(sql: "PRAGMA user_version = \(version)")
    }

    /// Rows that lay in the order of their keys become rows that are appended, with all that one unit found out in one of
    /// them, and each draft with its own content.
    private static func append(_ database: Database) throws {
        let items = "key, stage, input, ordinal, part, state, reason, summary, detail, drops, attempts, pass"
        let edges = "child, item, parent, position, sample, labels, note, task, root, origin, licence"
        try database.execute(
            sql: """
                DROP INDEX item_input; DROP INDEX item_stage; DROP INDEX edge_item; DROP INDEX edge_sample;
                ALTER TABLE item RENAME TO old_item;
                ALTER TABLE edge RENAME TO old_edge;
                ALTER TABLE trace RENAME TO old_trace;
                ALTER TABLE execution RENAME TO old_execution;
                \(item) \(edge) \(trace) \(execution)
                INSERT INTO item (\(items)) SELECT \(items) FROM old_item;
                INSERT INTO edge (\(edges), body) SELECT \(edges), sample.body FROM old_edge
                    JOIN sample ON sample.id = old_edge.sample;
                INSERT INTO trace (item, position, kind, key) SELECT item, position, kind, key FROM old_trace;
                INSERT INTO execution (key, job, result) SELECT key, job, result FROM old_execution;
                DROP TABLE old_item; DROP TABLE old_edge; DROP TABLE old_trace; DROP TABLE old_execution;
                DROP TABLE sample;
                """
        )
        try LedgerIndexes.make(in: database)
        let update = try database.makeStatement(sql: "UPDATE item SET evidence = ? WHERE key = ?")
        let rows = try Row.fetchCursor(database, sql: "SELECT * FROM evidence ORDER BY item, position")
        var gathered: (item: Data, evidence: [Evidence])?
        func write() throws {
            guard let (item, evidence) = gathered else { return }
            try update.execute(arguments: [Evidence.text(of: evidence), item])
        }
        while let row = try rows.next() {
            let item: Data = row["item"]
            if gathered?.item != item {
                try write()
                gathered = (item, [])
            }
            if let evidence = try Evidence(row: row) { gathered?.evidence.append(evidence) }
        }
        try write()
        try database.execute(sql: "DROP TABLE evidence")
    }
}
