internal import CCrypto

/// A SHA-256 digest.
public struct Digest: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// 32 bytes.
    public let bytes: [UInt8]

    /// The digest of some bytes.
    public init(of bytes: some Collection<UInt8>) {
        var hasher = Hasher256()
        hasher.update(Array(bytes))
        self = hasher.finish()
    }

    /// The digest of a text's UTF-8.
    public init(of text: String) { self.init(of: Array(text.utf8)) }

    /// The digest of a value's canonical JSON.
    public init(of value: JSONValue) {
        var bytes: [UInt8] = []
        value.write(to: &bytes)
        self.init(of: bytes)
    }

    fileprivate init(raw: [UInt8]) { bytes = raw }

    /// 64 lower-case hexadecimal digits.
    public var description: String { bytes.hex }

    /// The first 16 bytes: the form in which the ledger keys its rows.
    public var key: ItemKey { ItemKey(bytes: Array(bytes[..<16])) }

    /// Orders by bytes.
    public static func < (left: Digest, right: Digest) -> Bool {
        left.bytes.lexicographicallyPrecedes(right.bytes)
    }
}

/// SHA-256 over bytes that arrive in pieces.
///
/// Unchecked: it cannot be copied, so only one owner ever touches the context.
@safe
public struct Hasher256: ~Copyable, @unchecked Sendable {
    private let context: OpaquePointer

    /// Starts an empty digest.
    public init() {
        guard let context = unsafe EVP_MD_CTX_new(), unsafe EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1
        else {
            preconditionFailure("libcrypto offers no SHA-256")
        }
        unsafe self.context = context
    }

    deinit { unsafe EVP_MD_CTX_free(context) }

    /// Adds bytes.
    public mutating func update(_ bytes: [UInt8]) {
        let done = unsafe bytes.withUnsafeBytes { unsafe EVP_DigestUpdate(context, $0.baseAddress, $0.count) }
        precondition(done == 1, "libcrypto refused to digest")
    }

    /// Ends the digest.
    public consuming func finish() -> Digest {
        var raw = [UInt8](repeating: 0, count: 32)
        let done = unsafe raw.withUnsafeMutableBytes {
            unsafe EVP_DigestFinal_ex(context, $0.baseAddress?.assumingMemoryBound(to: UInt8.self), nil)
        }
        precondition(done == 1, "libcrypto refused to digest")
        return Digest(raw: raw)
    }
}

/// The 16-byte name of something in the ledger: an item, a call, an execution.
///
/// Keys are derived from content (digests), never counted or drawn, so that two runs over the same input give
/// the same keys.
public struct ItemKey: Sendable, Hashable, Comparable, CustomStringConvertible {
    private let high: UInt64
    private let low: UInt64

    /// Wraps 16 bytes.
    public init(bytes: [UInt8]) {
        precondition(bytes.count == 16, "a key has 16 bytes, not \(bytes.count)")
        high = bytes[..<8].reduce(0) { $0 << 8 | UInt64($1) }
        low = bytes[8...].reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Both halves, the more significant one first.
    package var words: (high: UInt64, low: UInt64) { (high, low) }

    /// 16 bytes, most significant first.
    public var bytes: [UInt8] {
        stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: high >> UInt64($0)) }
            + stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: low >> UInt64($0)) }
    }

    /// Derives a key from parts, each told apart from its neighbours by its length.
    public init(deriving parts: [String]) {
        var bytes: [UInt8] = []
        for part in parts {
            bytes.append(contentsOf: String(part.utf8.count).utf8)
            bytes.append(UInt8(ascii: ":"))
            bytes.append(contentsOf: part.utf8)
        }
        self = Digest(of: bytes).key
    }

    /// Reads 32 hexadecimal digits.
    public init?(hex: String) {
        guard hex.utf8.count == 32 else { return nil }
        var bytes: [UInt8] = []
        var index = hex.startIndex
        while index < hex.endIndex {
            let next = hex.index(index, offsetBy: 2)
            guard let byte = UInt8(hex[index..<next], radix: 16) else { return nil }
            bytes.append(byte)
            index = next
        }
        self.init(bytes: bytes)
    }

    /// 32 lower-case hexadecimal digits.
    public var description: String { bytes.hex }

    /// Orders by bytes.
    public static func < (left: ItemKey, right: ItemKey) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }
}

extension [UInt8] {
    /// Two lower-case hexadecimal digits a byte.
    public var hex: String {
        let digits = Array<UInt8>("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(count * 2)
        for byte in self {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}
