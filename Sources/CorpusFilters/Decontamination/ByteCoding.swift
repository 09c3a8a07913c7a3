/// Writes the numbers and texts of a pack, little-endian.
struct ByteWriter {
    private(set) var bytes: [UInt8] = []

    mutating func write(_ value: some FixedWidthInteger & UnsignedInteger) {
        for shift in stride(from: 0, to: value.bitWidth, by: 8) {
            bytes.append(UInt8(truncatingIfNeeded: value >> shift))
        }
    }

    mutating func write(raw: [UInt8]) { bytes.append(contentsOf: raw) }

    /// The lowest `width` bytes of a number.
    mutating func write(_ value: UInt64, width: Int) {
        for place in 0..<width { bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(place * 8))) }
    }

    /// A text of at most 65,535 bytes with its length; longer ones are cut.
    mutating func write(_ text: String) {
        var cut = text[...]
        while cut.utf8.count > Int(UInt16.max) { cut.removeLast() }
        write(UInt16(cut.utf8.count))
        bytes.append(contentsOf: cut.utf8)
    }

    /// Seven bits a byte, lowest first; the high bit says that more follow.
    mutating func write(varint value: Int) {
        var rest = UInt64(value)
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}

/// Reads what ``ByteWriter`` wrote; every read fails where the bytes end.
struct ByteReader {
    /// The bytes end too early or hold what cannot be.
    struct Malformed: Error {}

    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    /// How many bytes are left.
    var count: Int { rest.count }

    mutating func slice(_ count: Int) throws(Malformed) -> ArraySlice<UInt8> {
        guard count >= 0, count <= rest.count else { throw Malformed() }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }

    mutating func number(width: Int) throws(Malformed) -> UInt64 {
        try slice(width).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    mutating func number<Number: FixedWidthInteger & UnsignedInteger>(
        _ type: Number.Type = Number.self
    ) throws(Malformed) -> Number {
        Number(truncatingIfNeeded: try number(width: Number.bitWidth / 8))
    }

    /// A count of things that take at least `bytesEach` bytes, so that a damaged one cannot ask for memory.
    mutating func count(bytesEach: Int) throws(Malformed) -> Int {
        let count = Int(try number(UInt32.self))
        guard count <= rest.count / max(1, bytesEach) else { throw Malformed() }
        return count
    }

    mutating func text() throws(Malformed) -> String {
        let length = Int(try number(UInt16.self))
        guard let text = String(validating: try slice(length), as: UTF8.self) else { throw Malformed() }
        return text
    }

    mutating func varint() throws(Malformed) -> Int {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 35, by: 7) {
            let byte = try number(UInt8.self)
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return Int(value) }
        }
        throw Malformed()
    }
}
