internal import CCrypto

/// A SHA-256 digest.
public struct Digest: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// 32 bytes.
    public let bytes: [UInt8]

    /// The digest of some bytes.
    public init(of bytes: some Collection<UInt8>) { self.bytes = Hasher256.digest(of: Array(bytes)) }

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
    public var key: ItemKey { ItemKey(bytes: bytes[..<16]) }

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

    /// Looked up once: libcrypto would look for it among its providers each time.
    private static nonisolated(unsafe) let algorithm = unsafe EVP_MD_fetch(nil, "SHA256", nil)

    /// The digest of bytes that are all there: 32 bytes.
    fileprivate static func digest(of bytes: [UInt8]) -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: 32) { raw, count in
            let done = unsafe bytes.withUnsafeBytes {
                unsafe EVP_Digest($0.baseAddress, $0.count, raw.baseAddress, nil, algorithm, nil)
            }
            precondition(done == 1, "libcrypto offers no SHA-256")
            count = 32
        }
    }

    /// Starts an empty digest.
    public init() {
        guard let context = unsafe EVP_MD_CTX_new(),
            unsafe EVP_DigestInit_ex(context, Self.algorithm, nil) == 1
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
    public init(bytes: [UInt8]) { self.init(bytes: bytes[...]) }

    /// Wraps 16 bytes.
    public init(bytes: ArraySlice<UInt8>) {
        precondition(bytes.count == 16, "a key has 16 bytes, not \(bytes.count)")
        var (high, low): (UInt64, UInt64) = (0, 0)
        for place in bytes.startIndex..<bytes.startIndex + 8 {
            high = high << 8 | UInt64(bytes[place])
            low = low << 8 | UInt64(bytes[place + 8])
        }
        self.high = high
        self.low = low
    }

    /// Both halves, the more significant one first.
    package var words: (high: UInt64, low: UInt64) { (high, low) }

    /// 16 bytes, most significant first.
    public var bytes: [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: 16) { bytes, count in
            for place in 0..<8 {
                let shift = UInt64(56 - 8 * place)
                unsafe bytes.initializeElement(at: place, to: UInt8(truncatingIfNeeded: high >> shift))
                unsafe bytes.initializeElement(at: place + 8, to: UInt8(truncatingIfNeeded: low >> shift))
            }
            count = 16
        }
    }

    /// Derives a key from parts, each told apart from its neighbours by its length.
    public init(deriving parts: [String]) {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(parts.reduce(0) { $0 + $1.utf8.count + 8 })
        for part in parts {
            Self.append(part.utf8.count, to: &bytes)
            bytes.append(UInt8(ascii: ":"))
            bytes.append(contentsOf: part.utf8)
        }
        self.init(bytes: Hasher256.digest(of: bytes)[..<16])
    }

    /// Appends the decimal digits of a number that is not negative.
    private static func append(_ number: Int, to bytes: inout [UInt8]) {
        if number >= 10 { append(number / 10, to: &bytes) }
        bytes.append(UInt8(ascii: "0") + UInt8(number % 10))
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
        let count = self.count
        return unsafe String(unsafeUninitializedCapacity: count * 2) { text in
            for (place, byte) in enumerated() {
                unsafe text.initializeElement(at: 2 * place, to: Self.digit(byte >> 4))
                unsafe text.initializeElement(at: 2 * place + 1, to: Self.digit(byte & 15))
            }
            return count * 2
        }
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }
}
