import Foundation

extension [Float] {
    /// The numbers in base64, four bytes each with the lowest first: what embedding APIs send and ledgers keep.
    package var packed: String {
        var data = Data(capacity: 4 * count)
        for number in self {
            let bits = number.bitPattern
            for shift in [0, 8, 16, 24] as [UInt32] { data.append(UInt8(truncatingIfNeeded: bits >> shift)) }
        }
        return data.base64EncodedString()
    }

    /// Reads numbers back from their ``packed`` form; nil when it is none.
    package init?(packed text: String) {
        guard let bytes = Data(base64Encoded: text), bytes.count.isMultiple(of: 4) else { return nil }
        self.init()
        reserveCapacity(bytes.count / 4)
        for start in stride(from: 0, to: bytes.count, by: 4) {
            let bits = (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[start + $1]) << UInt32(8 * $1) }
            append(Float(bitPattern: bits))
        }
    }
}
