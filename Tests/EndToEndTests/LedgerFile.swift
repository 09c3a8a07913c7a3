import CorpusLedger
import Foundation
import GRDB
import TestSupport

/// A ledger behind the product's back.
enum LedgerFile {
    /// How many rows a table has; none where there is no such ledger yet.
    static func count(_ table: String, in path: String, where condition: String = "TRUE") -> Int {
        (try? value("SELECT count(*) FROM \(table) WHERE \(condition)", in: path)) ?? 0
    }

    /// The keys of the calls that runs have paid for, each once.
    static func bought(in paths: [String]) -> Set<Data> {
        paths.reduce(into: []) { keys, path in
            let own: [Data]? = try? values("SELECT key FROM call WHERE attempts > 0", in: path)
            keys.formUnion(own ?? [])
        }
    }

    /// One value, read without changing anything.
    static func value<Value: DatabaseValueConvertible>(_ sql: String, in path: String) throws -> Value? {
        let values: [Value] = try values(sql, in: path)
        return values.first
    }

    /// The same of many rows.
    static func values<Value: DatabaseValueConvertible>(_ sql: String, in path: String) throws -> [Value] {
        var configuration = Configuration()
        configuration.readonly = true
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        defer { try? queue.close() }
        return try queue.read { try Value.fetchAll($0, sql: sql) }
    }

    /// Changes what is there.
    static func change(_ path: String, _ sql: String) throws {
        let queue = try DatabaseQueue(path: path)
        try queue.write {
            EarlierSchema.prepare($0) { try BodyDictionary.content(of: $0) }
            try $0.execute(sql: sql)
        }
        try queue.close()
    }

    /// Lets nobody else write while a body runs.
    static func holding(_ path: String, _ body: () async throws -> Void) async throws {
        var configuration = Configuration()
        configuration.allowsUnsafeTransactions = true
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        try begin(queue, "BEGIN IMMEDIATE")
        let result: Result<Void, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        try begin(queue, "ROLLBACK")
        try queue.close()
        try result.get()
    }

    private static func begin(_ queue: DatabaseQueue, _ sql: String) throws {
        try queue.inDatabase { try $0.execute(sql: sql) }
    }
}
