import CorpusModel
import Foundation
import GRDB
import GRDBSQLite

/// A statement that puts many rows into a table, one after the other, on the shortest way.
///
/// GRDB gathers arguments in arrays of boxes and checks them, which takes several times as long as SQLite takes for a row
/// that is appended.
@safe
struct RowInsertion {
    private let statement: OpaquePointer
    private let columns: Int32
    /// Keeps the statement alive.
    private let owner: Statement

    init(_ sql: String, in database: Database) throws {
        owner = try database.cachedStatement(sql: sql)
        unsafe statement = owner.sqliteStatement
        columns = unsafe sqlite3_bind_parameter_count(statement)
    }

    /// Inserts a row.
    ///
    /// - Parameter bind: Gives each column its value, in order.
    /// - Throws: `DatabaseError`.
    func insert(_ bind: (inout Row) -> Void) throws {
        defer { unsafe _ = sqlite3_reset(statement) }
        unsafe sqlite3_reset(statement)
        var row = unsafe Row(statement: statement)
        bind(&row)
        precondition(row.column == columns, "\(row.column) values for \(columns) columns")
        let code = row.code == SQLITE_OK ? unsafe sqlite3_step(statement) : row.code
        guard code == SQLITE_DONE else {
            let message = unsafe String(cString: sqlite3_errmsg(sqlite3_db_handle(statement)))
            throw DatabaseError(resultCode: ResultCode(rawValue: code), message: message)
        }
    }

    /// Takes the values of one row.
    @safe
    struct Row {
        fileprivate let statement: OpaquePointer
        fileprivate var column: Int32 = 0
        /// The first thing that went wrong.
        fileprivate var code = SQLITE_OK

        fileprivate init(statement: OpaquePointer) { unsafe self.statement = statement }

        /// SQLite copies what it is given.
        private static var transient: sqlite3_destructor_type {
            unsafe unsafeBitCast(-1, to: sqlite3_destructor_type.self)
        }

        mutating func add(_ value: Int) { unsafe note(sqlite3_bind_int64(statement, next(), Int64(value))) }

        mutating func add(_ value: String) {
            var value = value
            let place = next()
            let code = value.withUTF8 { text -> Int32 in
                let bytes = UnsafeRawBufferPointer(text)
                // A null pointer would be the value null.
                guard let start = unsafe bytes.baseAddress?.assumingMemoryBound(to: CChar.self) else {
                    return unsafe sqlite3_bind_text(statement, place, "", 0, Self.transient)
                }
                return unsafe sqlite3_bind_text(statement, place, start, Int32(text.count), Self.transient)
            }
            note(code)
        }

        mutating func add(_ value: Data) {
            let place = next()
            note(
                unsafe value.withUnsafeBytes {
                    unsafe $0.isEmpty
                        ? sqlite3_bind_zeroblob(statement, place, 0)
                        : sqlite3_bind_blob(statement, place, $0.baseAddress, Int32($0.count), Self.transient)
                }
            )
        }

        mutating func add(_ key: ItemKey) {
            let (high, low) = key.words
            let place = next()
            let code = unsafe withUnsafeBytes(of: (high.bigEndian, low.bigEndian)) {
                unsafe sqlite3_bind_blob(statement, place, $0.baseAddress, 16, Self.transient)
            }
            note(code)
        }

        mutating func addNull() { unsafe note(sqlite3_bind_null(statement, next())) }

        mutating func add(_ value: Int?) { if let value { add(value) } else { addNull() } }

        mutating func add(_ value: String?) { if let value { add(value) } else { addNull() } }

        mutating func add(_ value: ItemKey?) { if let value { add(value) } else { addNull() } }

        private mutating func next() -> Int32 {
            column += 1
            return column
        }

        private mutating func note(_ result: Int32) { if code == SQLITE_OK { code = result } }
    }
}
