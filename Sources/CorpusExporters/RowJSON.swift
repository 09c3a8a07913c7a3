import CorpusKit

/// Writes the objects of a row with their keys in a stated order, the same in every row.
struct RowJSON {
    private(set) var bytes: [UInt8] = []

    /// The text of one row.
    static func row(_ members: [(String, Cell)]) -> [UInt8] {
        var writer = RowJSON()
        writer.object(members) { writer, cell in writer.write(cell) }
        return writer.bytes
    }

    /// What stands in one column of a row.
    enum Cell {
        case text(String)
        case null
        /// Turns; each is an object with keys in order.
        case turns([[(String, JSONValue)]])
    }

    private mutating func write(_ cell: Cell) {
        switch cell {
        case .text(let text): JSONValue.write(text, to: &bytes)
        case .null: JSONValue.null.write(to: &bytes)
        case .turns(let turns):
            bytes.append(UInt8(ascii: "["))
            for (index, turn) in turns.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                object(turn) { writer, value in value.write(to: &writer.bytes) }
            }
            bytes.append(UInt8(ascii: "]"))
        }
    }

    private mutating func object<Value>(_ members: [(String, Value)], _ write: (inout RowJSON, Value) -> Void)
    {
        bytes.append(UInt8(ascii: "{"))
        for (index, (key, value)) in members.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            JSONValue.write(key, to: &bytes)
            bytes.append(UInt8(ascii: ":"))
            write(&self, value)
        }
        bytes.append(UInt8(ascii: "}"))
    }
}
