import CZstd
import Foundation

/// Compresses and decompresses byte arrays with Zstandard.
package enum Zstd {
    /// The most bytes that ``decompress(_:limit:)`` gives unless told otherwise: 1 GiB.
    package static let defaultLimit = 1 << 30

    /// One frame that carries its length and a checksum of the content.
    ///
    /// Level 3, and level 1 for up to 16 KiB: a page of text gets no smaller by level 3 and takes nearly twice the time.
    package static func compress(_ bytes: [UInt8]) -> [UInt8] { unsafe compress(bytes, with: nil) }

    /// A dictionary brings its own level.
    static func compress(_ bytes: [UInt8], with dictionary: OpaquePointer?) -> [UInt8] {
        let context = unsafe compressors.take()
        defer { unsafe compressors.give(context) }
        unsafe _ = ZSTD_CCtx_setParameter(
            context,
            ZSTD_c_compressionLevel,
            isPage(bytes.count) ? pageLevel : 3
        )
        unsafe _ = ZSTD_CCtx_refCDict(context, dictionary)
        let bound = ZSTD_compressBound(bytes.count)
        return unsafe [UInt8](unsafeUninitializedCapacity: bound) { output, count in
            let code = unsafe bytes.withUnsafeBytes {
                unsafe ZSTD_compress2(context, output.baseAddress, bound, $0.baseAddress, $0.count)
            }
            precondition(ZSTD_isError(code) == 0, "zstd cannot compress \(bytes.count) bytes")
            count = code
        }
    }

    /// Whether so many bytes are a page or so of text.
    static func isPage(_ count: Int) -> Bool { count <= 16 << 10 }

    static let pageLevel: Int32 = 1

    /// So many bytes of a frame tell how much it holds.
    package static let headLength = 18

    /// How much a frame holds, as its first bytes say; nil when they do not.
    package static func contentLength(head: [UInt8]) -> Int? {
        let length = unsafe head.withUnsafeBytes { unsafe ZSTD_getFrameContentSize($0.baseAddress, $0.count) }
        // The two highest numbers stand for `unknown` and `no frame`.
        return length < UInt64.max - 1 ? Int(length) : nil
    }

    private static let compressors = unsafe ZstdContexts(
        make: {
            let new = unsafe ZSTD_createCCtx()
            unsafe _ = ZSTD_CCtx_setParameter(new, ZSTD_c_checksumFlag, 1)
            return unsafe new
        },
        free: { unsafe _ = ZSTD_freeCCtx($0) }
    )

    /// The content of one or more frames.
    ///
    /// - Parameters:
    ///   - bytes: Whole frames.
    ///   - limit: The most bytes to give; protects against frames that claim a huge content.
    /// - Returns: The content of all frames, one after the other.
    /// - Throws: ``CorruptStream`` when the frames are damaged, cut short or hold more than `limit`.
    package static func decompress(
        _ bytes: [UInt8],
        limit: Int = defaultLimit
    ) throws(CorruptStream) -> [UInt8] {
        guard !bytes.isEmpty else { throw CorruptStream("is empty") }
        let decoder = ZstdDecoder()
        var result: [UInt8] = []
        result.reserveCapacity(min(limit, bytes.count * 4))
        var buffer = [UInt8](repeating: 0, count: min(max(bytes.count * 4, 4096), 131_072))
        var start = 0
        while true {
            let (taken, made) = try decoder.decode(bytes, start..<bytes.count, into: &buffer)
            start += taken
            guard result.count + made <= limit else { throw CorruptStream("holds more than \(limit) bytes") }
            result.append(contentsOf: buffer[..<made])
            if made == 0, taken == 0 || start == bytes.count { break }
        }
        guard decoder.isBetweenMembers, start == bytes.count else { throw CorruptStream("is cut short") }
        return result
    }
}

/// Decompresses zstd frames, one after the other.
@safe
final class ZstdDecoder: StreamDecoder {

    private let context: OpaquePointer
    private(set) var isBetweenMembers = true

    init() {
        guard let context = unsafe ZSTD_createDCtx() else {
            preconditionFailure("zstd cannot start to decompress")
        }
        unsafe self.context = context
    }

    deinit { unsafe _ = ZSTD_freeDCtx(context) }

    /// Whether bytes start with a frame, or with the skippable frame that parallel compressors put in front.
    static func recognizes(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard let first = bytes.first else { return false }
        return bytes.starts(with: [0x28, 0xB5, 0x2F, 0xFD])
            || first & 0xF0 == 0x50 && bytes.dropFirst().starts(with: [0x2A, 0x4D, 0x18])
    }

    func decode(
        _ input: [UInt8],
        _ range: Range<Int>,
        into output: inout [UInt8]
    ) throws(CorruptStream) -> (taken: Int, made: Int) {
        let (code, taken, made) = run(input, range, into: &output)
        guard ZSTD_isError(code) == 0 else { throw CorruptStream("is damaged") }
        // With nothing read and nothing written, another code than 0 asks for the next frame or the rest of this.
        if code == 0 {
            isBetweenMembers = true
        } else if taken > 0 || made > 0 {
            isBetweenMembers = false
        }
        return (taken, made)
    }

    private func run(
        _ input: [UInt8],
        _ range: Range<Int>,
        into output: inout [UInt8]
    ) -> (code: Int, taken: Int, made: Int) {
        unsafe input.withUnsafeBytes { input in
            unsafe output.withUnsafeMutableBytes { output in
                var source = unsafe ZSTD_inBuffer(
                    src: input.baseAddress,
                    size: range.upperBound,
                    pos: range.lowerBound
                )
                var target = unsafe ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
                let code = unsafe ZSTD_decompressStream(context, &target, &source)
                return unsafe (code, source.pos - range.lowerBound, target.pos)
            }
        }
    }
}
