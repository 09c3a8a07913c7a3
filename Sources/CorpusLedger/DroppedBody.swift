import CorpusModel
import Foundation

/// What stands in place of a body that `ledger vacuum` dropped: a zero byte, which begins no zstd frame, and the SHA-256 of
/// the text that was there.
///
/// So it is known what a reply said although it is gone, and only that reply may take its place again.
enum DroppedBody {
    /// A zero byte and the digest.
    static let length = 33

    /// The mark for a packed body.
    ///
    /// - Throws: When the body is damaged.
    static func mark(packed body: Data) throws -> Data { mark(try CanonicalJSON(packed: body)) }

    static func mark(_ text: CanonicalJSON) -> Data { Data([0] + Digest(of: text.bytes).bytes) }

    static func isMark(_ body: Data) -> Bool { body.first == 0 }

    /// Tells marks from bodies in SQL.
    static func marks(_ column: String) -> String { "substr(\(column), 1, 1) = x'00'" }

    /// The first 16 bytes of the digest: the key of a request.
    static func key(of mark: Data) -> ItemKey? {
        mark.count == length ? ItemKey(data: mark.dropFirst().prefix(16)) : nil
    }
}
