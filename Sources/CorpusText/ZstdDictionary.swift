import CZstd

/// What many short texts have in common, so that each takes less room and less time.
///
/// Unchecked: what libzstd made of the dictionary is only read, by however many threads.
@safe
package final class ZstdDictionary: @unchecked Sendable {
    private let forPages: OpaquePointer
    private let forReading: OpaquePointer

    /// Prepares a dictionary.
    ///
    /// - Parameter bytes: What zstd's trainer wrote, or any bytes that texts may repeat.
    package init(_ bytes: [UInt8]) {
        let (pages, reading) = unsafe bytes.withUnsafeBytes {
            unsafe (
                ZSTD_createCDict($0.baseAddress, $0.count, Zstd.pageLevel),
                ZSTD_createDDict($0.baseAddress, $0.count)
            )
        }
        guard let pages = unsafe pages, let reading = unsafe reading else {
            preconditionFailure("zstd takes no dictionary of \(bytes.count) bytes")
        }
        unsafe (forPages, forReading) = unsafe (pages, reading)
    }

    deinit {
        unsafe _ = ZSTD_freeCDict(forPages)
        unsafe _ = ZSTD_freeDDict(forReading)
    }

    /// One frame that carries its length and a checksum of the content; up to 16 KiB refer to the dictionary.
    package func compress(_ bytes: [UInt8]) -> [UInt8] {
        unsafe Zstd.compress(bytes, with: Zstd.isPage(bytes.count) ? forPages : nil)
    }

    /// The content of one frame, whether it refers to the dictionary or to none.
    ///
    /// - Parameters:
    ///   - frame: A whole frame that carries its length.
    ///   - limit: The most bytes to give; protects against frames that claim a huge content.
    /// - Returns: The content.
    /// - Throws: ``CorruptStream`` when the frame is damaged, cut short or holds more than `limit`.
    package func decompress(
        _ frame: [UInt8],
        limit: Int = Zstd.defaultLimit
    ) throws(CorruptStream) -> [UInt8] {
        guard !frame.isEmpty else { throw CorruptStream("is empty") }
        guard let length = Zstd.contentLength(head: frame) else {
            throw CorruptStream(frame.count < Zstd.headLength ? "is cut short" : "is damaged")
        }
        guard length <= limit else { throw CorruptStream("holds more than \(limit) bytes") }
        let context = unsafe Self.readers.take()
        defer { unsafe Self.readers.give(context) }
        var code = 0
        let content = unsafe [UInt8](unsafeUninitializedCapacity: length) { output, count in
            code = unsafe frame.withUnsafeBytes {
                unsafe ZSTD_decompress_usingDDict(
                    context,
                    output.baseAddress,
                    length,
                    $0.baseAddress,
                    $0.count,
                    forReading
                )
            }
            count = ZSTD_isError(code) == 0 ? code : 0
        }
        if ZSTD_getErrorCode(code) == ZSTD_error_srcSize_wrong { throw CorruptStream("is cut short") }
        guard ZSTD_isError(code) == 0, content.count == length else { throw CorruptStream("is damaged") }
        return content
    }

    private static let readers = unsafe ZstdContexts(
        make: { unsafe ZSTD_createDCtx() },
        free: { unsafe _ = ZSTD_freeDCtx($0) }
    )
}
