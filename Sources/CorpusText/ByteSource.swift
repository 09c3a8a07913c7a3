/// The text of a file, decompressed where its first bytes say that it is compressed.
final class ByteSource {
    private static let rawBytes = 131_072

    private let file: OpenFile
    private let decoder: (any StreamDecoder)?
    private var raw = [UInt8](repeating: 0, count: rawBytes)
    private var start = 0
    private var end = 0
    private(set) var consumedBytes = 0

    init(path: String) throws(FileProblem) {
        file = try OpenFile(reading: path)
        end = try file.read(into: &raw)
        consumedBytes = end
        decoder =
            if raw[..<end].starts(with: InflateDecoder.magic) {
                InflateDecoder()
            } else if ZstdDecoder.recognizes(raw[..<end]) {
                ZstdDecoder()
            } else {
                nil
            }
    }

    /// Fills the front of a buffer with text.
    ///
    /// - Returns: How many bytes; 0 at the end.
    func read(into buffer: inout [UInt8]) throws(FileProblem) -> Int {
        guard let decoder else { return try copy(into: &buffer) }
        while true {
            let (taken, made) = try step(decoder, into: &buffer)
            start += taken
            if made > 0 { return made }
            if start < end {
                // Neither side has moved although both had room: going on would never end.
                guard taken > 0 else { throw damaged("makes no progress") }
                continue
            }
            guard try refill() else {
                guard decoder.isBetweenMembers else { throw damaged("is cut short") }
                return 0
            }
        }
    }

    private func step(
        _ decoder: any StreamDecoder,
        into buffer: inout [UInt8]
    ) throws(FileProblem) -> (taken: Int, made: Int) {
        do throws(CorruptStream) {
            return try decoder.decode(raw, start..<end, into: &buffer)
        } catch {
            throw damaged(error.description)
        }
    }

    private func copy(into buffer: inout [UInt8]) throws(FileProblem) -> Int {
        if start == end, try !refill() { return 0 }
        let count = min(end - start, buffer.count)
        buffer.replaceSubrange(..<count, with: raw[start..<start + count])
        start += count
        return count
    }

    private func refill() throws(FileProblem) -> Bool {
        start = 0
        end = try file.read(into: &raw)
        consumedBytes += end
        return end > 0
    }

    private func damaged(_ problem: String) -> FileProblem {
        FileProblem(
            path: file.path,
            "cannot read `\(file.path)`: its compressed text \(problem) near byte \(consumedBytes - end + start)"
        )
    }
}

/// Turns compressed bytes into text, a step at a time.
protocol StreamDecoder: AnyObject {
    /// Whether the compressed text may end here.
    var isBetweenMembers: Bool { get }

    /// Decodes as much as there is input and room for.
    func decode(
        _ input: [UInt8],
        _ range: Range<Int>,
        into output: inout [UInt8]
    ) throws(CorruptStream) -> (taken: Int, made: Int)
}

/// Compressed bytes that cannot be decompressed; the description ends a sentence about them.
package struct CorruptStream: Error, Sendable, Hashable, CustomStringConvertible {
    package let description: String

    init(_ description: String) { self.description = description }
}
