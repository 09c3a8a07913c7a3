/// The canonical text of a value, written once for all who need it: its digest, its row, its comparison.
public struct CanonicalJSON: Sendable, Hashable {
    /// The text's UTF-8.
    public let bytes: [UInt8]

    /// Writes a value.
    public init(_ value: JSONValue) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(4096)
        value.write(to: &bytes)
        self.bytes = bytes
    }

    /// Takes text that was canonical before, from a file or a database.
    package init(written bytes: [UInt8]) { self.bytes = bytes }

    /// The first 16 bytes of the text's SHA-256.
    public var key: ItemKey { Digest(of: bytes).key }

    /// The value.
    ///
    /// - Throws: ``JSONError`` for text that was damaged on its way.
    public func value() throws(JSONError) -> JSONValue { try JSONValue(parsing: bytes) }
}
