import Glibc

/// Reads a text file line by line: plain, gzip or zstd, told apart by their first bytes.
///
/// Concatenated gzip members and zstd frames are read as one text. `\n` and `\r\n` end a line, the last line may
/// go without, and a byte order mark at the start is skipped. Memory stays at one line and two buffers, whatever
/// the size of the file. A copy of a reader shares the file's position with the original; keep one.
package struct LineReader {
    /// 64 MiB: longer lines are skipped and reported.
    package static let defaultLimit = 64 << 20

    private static let bufferBytes = 262_144
    private static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]

    private let source: ByteSource
    private let limit: Int
    private var buffer = [UInt8](repeating: 0, count: bufferBytes)
    private var start = 0
    private var end = 0
    private var number = 0

    /// Opens a file.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - limit: The most bytes of a line, without its end.
    /// - Throws: ``FileProblem`` when the file cannot be opened.
    package init(path: String, limit: Int = defaultLimit) throws(FileProblem) {
        precondition(limit > 0, "a limit of \(limit) would skip every line")
        source = try ByteSource(path: path)
        self.limit = limit
    }

    /// Bytes of the file read so far, compressed ones in a compressed file; runs ahead of the lines by a buffer.
    package var consumedBytes: Int { source.consumedBytes }

    /// The next line, or nil after the last one.
    ///
    /// A line over the limit is given without its bytes; see ``Line/skippedBytes``.
    ///
    /// - Throws: ``FileProblem`` when the file cannot be read on, or its compressed text is damaged or cut short.
    package mutating func next() throws(FileProblem) -> Line? {
        var bytes: [UInt8] = []
        var length = 0
        while true {
            if start == end {
                start = 0
                end = try source.read(into: &buffer)
                if end == 0 { return length == 0 ? nil : finish(bytes, length: length) }
            }
            let stop = newline() ?? end
            length += stop - start
            // One byte more than the limit is kept: it may be the `\r` of the line's end.
            if length <= limit + 1 + Self.byteOrderMark.count {
                bytes.append(contentsOf: buffer[start..<stop])
            } else {
                bytes = []
            }
            guard stop < end else {
                start = end
                continue
            }
            start = stop + 1
            return finish(bytes, length: length)
        }
    }

    private func newline() -> Int? {
        unsafe buffer.withUnsafeBytes { buffer in
            guard let base = buffer.baseAddress,
                let found = unsafe memchr(base + start, Int32(UInt8(ascii: "\n")), end - start)
            else { return nil }
            return unsafe UnsafeRawPointer(found) - base
        }
    }

    private mutating func finish(_ bytes: [UInt8], length: Int) -> Line {
        number += 1
        guard bytes.count == length else { return Line(number: number, bytes: [], skippedBytes: length) }
        var bytes = bytes
        if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
        if number == 1, bytes.starts(with: Self.byteOrderMark) { bytes.removeFirst(Self.byteOrderMark.count) }
        guard bytes.count <= limit else { return Line(number: number, bytes: [], skippedBytes: length) }
        return Line(number: number, bytes: bytes)
    }
}
