import CorpusText
import Testing

@Suite("Compression")
struct CompressionTests {
    // Tests take an index: the runner writes out every argument, and these are long.
    private static let texts: [[UInt8]] = [
        [], [0], Array("hello".utf8), [UInt8](repeating: 7, count: 1_000_000),
        (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 3) },
    ]

    @Test("Zstd gives back what it was given, also from several frames", arguments: texts.indices)
    func roundTrip(index: Int) throws {
        let bytes = Self.texts[index]
        let packed = Zstd.compress(bytes)

        #expect(try Zstd.decompress(packed) == bytes)
        #expect(try Zstd.decompress(packed + packed) == bytes + bytes)
        #expect(Zstd.compress(bytes) == packed)
    }

    @Test("Every cut and every changed byte of a zstd frame is noticed")
    func damage() throws {
        let packed = Zstd.compress(
            Array("the quick brown fox jumps over the lazy dog, the quick brown fox".utf8)
        )
        let whole = try Zstd.decompress(packed)

        for length in 0..<packed.count {
            #expect(throws: CorruptStream.self) { try Zstd.decompress(Array(packed[..<length])) }
        }
        for index in packed.indices {
            var damaged = packed
            damaged[index] ^= 0x10
            // Some bits of the header mean nothing; what must never happen is another text.
            if let text = try? Zstd.decompress(damaged) { #expect(text == whole) }
        }
    }

    @Test(
        "With a dictionary a frame gives back what it was given, and so does one without",
        arguments: texts.indices
    )
    func dictionary(index: Int) throws {
        let bytes = Self.texts[index]
        let packed = Self.dictionary.compress(bytes)

        #expect(try Self.dictionary.decompress(packed) == bytes)
        #expect(try Self.dictionary.decompress(Zstd.compress(bytes)) == bytes)
        #expect(Self.dictionary.compress(bytes) == packed)
        // Long texts do not need it, and what needs it cannot be read without.
        if bytes.count > 16 << 10 { #expect(try Zstd.decompress(packed) == bytes) }
    }

    /// Words that a text may refer to; zstd takes any bytes for a dictionary.
    private static let dictionary = ZstdDictionary(Array("the quick brown fox jumps over the lazy dog".utf8))

    @Test("What a dictionary knows takes less room, and every cut and changed byte of it is noticed")
    func damagedWithDictionary() throws {
        let whole = Array("over the lazy dog the quick brown fox jumps".utf8)
        let packed = Self.dictionary.compress(whole)
        #expect(packed.count < Zstd.compress(whole).count)

        for length in 0..<packed.count {
            #expect(throws: CorruptStream.self) { try Self.dictionary.decompress(Array(packed[..<length])) }
        }
        for index in packed.indices {
            var damaged = packed
            damaged[index] ^= 0x10
            if let text = try? Self.dictionary.decompress(damaged) { #expect(text == whole) }
        }
    }

    @Test("Content over the limit is refused, however small the frame")
    func limit() throws {
        let packed = Zstd.compress([UInt8](repeating: 0, count: 1 << 20))

        #expect(try Zstd.decompress(packed, limit: 1 << 20).count == 1 << 20)
        let problem = #expect(throws: CorruptStream.self) {
            try Zstd.decompress(packed, limit: (1 << 20) - 1)
        }
        #expect(problem?.description == "holds more than 1048575 bytes")
    }

    @Test(
        "Gzip output carries no time, name or system, and depends on the bytes alone",
        arguments: texts.indices
    )
    func gzip(index: Int) {
        let bytes = Self.texts[index]
        let packed = GzipEncoder.compressed(bytes)
        #expect(Array(packed[..<10]) == [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255])

        let encoder = GzipEncoder()
        var inPieces: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 77_777) {
            inPieces += encoder.add(Array(bytes[start..<min(start + 77_777, bytes.count)]))
        }
        inPieces += encoder.finish()
        #expect(inPieces == packed)
    }

    @Test("An empty gzip member has the bytes that RFC 1952 asks for")
    func emptyMember() {
        #expect(
            GzipEncoder.compressed([]) == [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255, 3, 0] + [
                0, 0, 0, 0, 0, 0, 0, 0,
            ]
        )
    }
}
