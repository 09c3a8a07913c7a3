import CZlib

/// Compresses to gzip so that the same bytes always give the same file.
///
/// Level, strategy and header are fixed: no name, modification time 0 and operating system 255 (unknown). The
/// compressed bytes are those of the installed zlib; another implementation may pack differently.
@safe
package final class GzipEncoder {
    private static let header: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255]
    private static let level: Int32 = 6

    private let stream: UnsafeMutablePointer<z_stream>
    private var output = [UInt8](repeating: 0, count: 65_536)
    private var checksum: UInt = 0
    private var length: UInt32 = 0
    private var wroteHeader = false

    /// Starts a gzip member.
    package init() {
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        // Negative window bits: raw deflate, header and trailer are ours.
        let code = unsafe deflateInit2_(
            stream,
            Self.level,
            Z_DEFLATED,
            -15,
            8,
            Z_DEFAULT_STRATEGY,
            ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size)
        )
        precondition(code == Z_OK, "zlib cannot start to compress: \(code)")
    }

    deinit {
        unsafe deflateEnd(stream)
        unsafe stream.deallocate()
    }

    /// Compresses bytes.
    ///
    /// - Returns: What is ready to be written; often nothing.
    package func add(_ bytes: [UInt8]) -> [UInt8] {
        length &+= UInt32(truncatingIfNeeded: bytes.count)
        checksum = unsafe bytes.withUnsafeBufferPointer {
            unsafe crc32_z(checksum, $0.baseAddress, $0.count)
        }
        return bytes.isEmpty ? [] : run(bytes, Z_NO_FLUSH)
    }

    /// Ends the member.
    ///
    /// - Returns: What is left to be written.
    package func finish() -> [UInt8] {
        var result = run([], Z_FINISH)
        for word in [UInt32(truncatingIfNeeded: checksum), length] {
            for shift in stride(from: UInt32(0), to: 32, by: 8) {
                result.append(UInt8(truncatingIfNeeded: word >> shift))
            }
        }
        return result
    }

    /// Compresses bytes at once.
    package static func compressed(_ bytes: [UInt8]) -> [UInt8] {
        let encoder = GzipEncoder()
        return encoder.add(bytes) + encoder.finish()
    }

    private func run(_ bytes: [UInt8], _ flush: Int32) -> [UInt8] {
        var input = bytes
        var result: [UInt8] = wroteHeader ? [] : Self.header
        wroteHeader = true
        unsafe input.withUnsafeMutableBufferPointer { input in
            unsafe stream.pointee.next_in = input.baseAddress
            unsafe stream.pointee.avail_in = UInt32(input.count)
            var made = 0
            repeat {
                made = unsafe output.withUnsafeMutableBufferPointer { output in
                    unsafe stream.pointee.next_out = output.baseAddress
                    unsafe stream.pointee.avail_out = UInt32(output.count)
                    let code = unsafe deflate(stream, flush)
                    precondition(code != Z_STREAM_ERROR, "zlib lost its state")
                    return unsafe output.count - Int(stream.pointee.avail_out)
                }
                result.append(contentsOf: output[..<made])
            } while made == output.count
        }
        return result
    }
}

/// Decompresses gzip members, one after the other.
@safe
final class InflateDecoder: StreamDecoder {
    static let magic: [UInt8] = [0x1F, 0x8B]

    private let stream: UnsafeMutablePointer<z_stream>
    private(set) var isBetweenMembers = true

    init() {
        unsafe stream = .allocate(capacity: 1)
        unsafe stream.initialize(to: z_stream())
        // 15 window bits; 16 more ask for the gzip wrapper.
        let code = unsafe inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        precondition(code == Z_OK, "zlib cannot start to decompress: \(code)")
    }

    deinit {
        unsafe inflateEnd(stream)
        unsafe stream.deallocate()
    }

    func decode(
        _ input: [UInt8],
        _ range: Range<Int>,
        into output: inout [UInt8]
    ) throws(CorruptStream) -> (taken: Int, made: Int) {
        if isBetweenMembers {
            // Tapes and block devices pad the last member with zeros.
            let padding = input[range].prefix { $0 == 0 }.count
            guard padding == 0 else { return (padding, 0) }
            guard let first = input[range].first else { return (0, 0) }
            guard first == Self.magic[0] else { throw CorruptStream("goes on with other bytes") }
            unsafe inflateReset(stream)
            isBetweenMembers = false
        }
        let (code, taken, made) = run(input, range, into: &output)
        switch code {
        case Z_STREAM_END: isBetweenMembers = true
        case Z_OK, Z_BUF_ERROR: break
        case Z_MEM_ERROR: throw CorruptStream("needs more memory than there is")
        default: throw CorruptStream("is damaged")
        }
        return (taken, made)
    }

    private func run(
        _ input: [UInt8],
        _ range: Range<Int>,
        into output: inout [UInt8]
    ) -> (code: Int32, taken: Int, made: Int) {
        unsafe input.withUnsafeBufferPointer { input in
            unsafe output.withUnsafeMutableBufferPointer { output in
                let first = unsafe input.baseAddress?.advanced(by: range.lowerBound)
                // zlib's input pointer lacks `const`; the bytes are only read.
                unsafe stream.pointee.next_in = unsafe UnsafeMutablePointer(mutating: first)
                unsafe stream.pointee.avail_in = UInt32(range.count)
                unsafe stream.pointee.next_out = output.baseAddress
                unsafe stream.pointee.avail_out = UInt32(output.count)
                let code = unsafe inflate(stream, Z_NO_FLUSH)
                return unsafe (
                    code, range.count - Int(stream.pointee.avail_in),
                    output.count - Int(stream.pointee.avail_out)
                )
            }
        }
    }
}
