import CorpusText
import Foundation
package import GRDB

/// Makes a ledger of today into one that an earlier program would have written.
package enum EarlierSchema {
    /// All schemas before today's.
    package static let versions = 1...7

    /// The statements that take a ledger of today back, one version after the other; see ``prepare(_:)``.
    package static func sql(backTo version: Int) -> String {
        steps.filter { $0.from > version }.map(\.sql).joined(separator: "\n")
            + "PRAGMA user_version = \(version);"
    }

    /// Gives a connection the functions that the statements call.
    ///
    /// - Parameters:
    ///   - database: The connection.
    ///   - content: What a body says.
    package static func prepare(
        _ database: Database,
        reading content: @escaping @Sendable ([UInt8]) throws -> [UInt8]
    ) {
        database.add(
            function: DatabaseFunction("plain", argumentCount: 1, pure: true) { values in
                guard let body = Data.fromDatabaseValue(values[0]), body.first != 0 else { return values[0] }
                return Data(Zstd.compress(try content(Array(body))))
            }
        )
    }

    private static let steps: [(from: Int, sql: String)] = [
        (
            8,
            """
            UPDATE call SET request = plain(request), reply = plain(reply);
            UPDATE execution SET job = plain(job), result = plain(result);
            UPDATE edge SET body = plain(body);
            UPDATE pair SET body = plain(body);
            UPDATE batch SET rows = plain(rows);
            """
        ),
        (
            7,
            """
            DROP INDEX IF EXISTS item_key; DROP INDEX IF EXISTS item_input; DROP INDEX IF EXISTS item_stage;
            DROP INDEX IF EXISTS edge_child; DROP INDEX IF EXISTS edge_item; DROP INDEX IF EXISTS trace_item;
            ALTER TABLE item RENAME TO new_item; ALTER TABLE edge RENAME TO new_edge;
            ALTER TABLE trace RENAME TO new_trace; ALTER TABLE execution RENAME TO new_execution;
            CREATE TABLE item (
                key BLOB PRIMARY KEY, stage INTEGER NOT NULL REFERENCES stage, input BLOB, ordinal INTEGER NOT NULL,
                part INTEGER NOT NULL, state INTEGER NOT NULL, reason TEXT, summary TEXT NOT NULL, detail TEXT NOT NULL,
                drops INTEGER NOT NULL, attempts INTEGER NOT NULL, pass INTEGER NOT NULL
            ) STRICT, WITHOUT ROWID;
            CREATE INDEX item_input ON item (input);
            CREATE INDEX item_stage ON item (stage, pass, state);
            CREATE TABLE edge (
                child BLOB PRIMARY KEY, item BLOB NOT NULL, parent BLOB, position INTEGER NOT NULL, sample TEXT NOT NULL,
                labels TEXT NOT NULL, note TEXT, task BLOB NOT NULL, root BLOB NOT NULL, origin TEXT NOT NULL,
                licence TEXT
            ) STRICT, WITHOUT ROWID;
            CREATE INDEX edge_item ON edge (item, position);
            CREATE INDEX edge_sample ON edge (sample);
            CREATE TABLE sample (id TEXT PRIMARY KEY, body BLOB NOT NULL) STRICT, WITHOUT ROWID;
            CREATE TABLE evidence (
                item BLOB NOT NULL, position INTEGER NOT NULL, subject TEXT NOT NULL, name TEXT NOT NULL,
                outcome TEXT NOT NULL, score REAL, detail TEXT NOT NULL, PRIMARY KEY (item, position)
            ) STRICT, WITHOUT ROWID;
            CREATE TABLE trace (
                item BLOB NOT NULL, position INTEGER NOT NULL, kind INTEGER NOT NULL, key BLOB NOT NULL,
                PRIMARY KEY (item, position)
            ) STRICT, WITHOUT ROWID;
            CREATE TABLE execution (key BLOB PRIMARY KEY, job BLOB NOT NULL, result BLOB NOT NULL) STRICT, WITHOUT ROWID;
            INSERT INTO item SELECT key, stage, input, ordinal, part, state, reason, summary, detail, drops, attempts,
                pass FROM new_item;
            INSERT INTO edge SELECT child, item, parent, position, sample, labels, note, task, root, origin, licence
                FROM new_edge;
            INSERT OR IGNORE INTO sample SELECT sample, body FROM new_edge;
            INSERT INTO evidence SELECT new_item.key, one.key, json_extract(value, '$.subject'),
                json_extract(value, '$.check'), json_extract(value, '$.outcome'), json_extract(value, '$.score'),
                json_extract(value, '$.detail') FROM new_item, json_each(new_item.evidence) one;
            INSERT INTO trace SELECT item, position, kind, key FROM new_trace;
            INSERT INTO execution SELECT key, job, result FROM new_execution;
            DROP TABLE new_item; DROP TABLE new_edge; DROP TABLE new_trace; DROP TABLE new_execution;
            """
        ),
        (6, "DROP TABLE mark;"),
        (5, "DROP TABLE batch;"),
        (
            4,
            """
            ALTER TABLE call RENAME TO new_call;
            CREATE TABLE call (
                key BLOB PRIMARY KEY, model TEXT NOT NULL, endpoint TEXT NOT NULL, request BLOB NOT NULL,
                reply BLOB NOT NULL, finish TEXT NOT NULL, input INTEGER, cached INTEGER, output INTEGER, cost INTEGER,
                milliseconds INTEGER NOT NULL, attempts INTEGER NOT NULL, booked INTEGER NOT NULL, pass INTEGER NOT NULL,
                role TEXT NOT NULL, stage TEXT
            ) STRICT, WITHOUT ROWID;
            INSERT INTO call SELECT key, model, endpoint, request, reply, finish, input, cached, output, cost,
                milliseconds, attempts, booked, pass, role, stage FROM new_call;
            DROP TABLE new_call;
            """
        ),
        (
            3,
            """
            ALTER TABLE call DROP COLUMN role; ALTER TABLE call DROP COLUMN stage;
            ALTER TABLE charge DROP COLUMN role; ALTER TABLE charge DROP COLUMN stage;
            """
        ),
        (
            2,
            """
            DROP TABLE charge; ALTER TABLE call DROP COLUMN booked;
            ALTER TABLE edge RENAME COLUMN root TO family; ALTER TABLE pair RENAME COLUMN root TO family;
            """
        ),
    ]
}
