import CorpusText
import Foundation
import Testing

@Suite("Line reader")
struct LineReaderTests {
    enum Packing: CaseIterable {
        case plain, gzip, zstd

        func packed(_ bytes: [UInt8]) -> [UInt8] {
            switch self {
            case .plain: bytes
            case .gzip: GzipEncoder.compressed(bytes)
            case .zstd: Zstd.compress(bytes)
            }
        }
    }

    private func read(_ bytes: [UInt8], limit: Int = LineReader.defaultLimit) throws -> [Line] {
        let folder = try ScratchFolder()
        var reader = try LineReader(path: folder.add("text", bytes), limit: limit)
        var lines: [Line] = []
        while let line = try reader.next() { lines.append(line) }
        return lines
    }

    private func texts(_ lines: [Line]) -> [String] {
        lines.map { String(decoding: $0.bytes, as: UTF8.self) }
    }

    @Test("Line ends, blank lines and a missing last end are told apart", arguments: Packing.allCases)
    func lineEnds(packing: Packing) throws {
        let lines = try read(packing.packed(Array("a\r\n\nb\rc\n\r\nlast".utf8)))

        #expect(texts(lines) == ["a", "", "b\rc", "", "last"])
        #expect(lines.map(\.number) == [1, 2, 3, 4, 5])
        #expect(lines.map(\.isBlank) == [false, true, false, true, false])
    }

    @Test(
        "A byte order mark is skipped at the start and nowhere else",
        arguments: [
            ("\u{FEFF}a\n\u{FEFF}b\n", ["a", "\u{FEFF}b"]), ("\u{FEFF}", [""]), ("", []), ("\n", [""]),
            ("a\n", ["a"]),
        ]
    )
    func byteOrderMark(text: String, expected: [String]) throws {
        #expect(try texts(read(Array(text.utf8))) == expected)
    }

    @Test("Members and frames that follow each other are one text", arguments: [Packing.gzip, .zstd])
    func members(packing: Packing) throws {
        let lines = try read(["one\ntw", "o\n", "", "three"].flatMap { packing.packed(Array($0.utf8)) })

        #expect(texts(lines) == ["one", "two", "three"])
    }

    @Test("Zeros may pad the last gzip member, and a skippable frame may come before a zstd frame")
    func padding() throws {
        let padded = GzipEncoder.compressed(Array("a\n".utf8)) + [UInt8](repeating: 0, count: 512)
        let skippable: [UInt8] = [0x50, 0x2A, 0x4D, 0x18, 4, 0, 0, 0, 1, 2, 3, 4]

        #expect(try texts(read(padded)) == ["a"])
        #expect(try texts(read(skippable + Zstd.compress(Array("b\n".utf8)))) == ["b"])
    }

    @Test(
        "A line over the limit is reported with its length and the rest is read",
        arguments: [(0, false), (1, false), (2, true), (6, true), (300_000, true)]
    )
    func overLong(excess: Int, isSkipped: Bool) throws {
        let limit = 10
        let long = [UInt8](repeating: 0x78, count: limit - 1 + excess)

        let lines = try read(Array("a\n".utf8) + long + Array("\r\nb".utf8), limit: limit)

        #expect(lines.count == 3)
        #expect(lines[1].number == 2)
        #expect(lines[1].skippedBytes == (isSkipped ? long.count + 1 : nil))
        #expect(lines[1].bytes == (isSkipped ? [] : long))
        #expect(texts(lines)[2] == "b")
    }

    @Test("Any text gives the lines of a naive split, whatever the packing", arguments: Packing.allCases)
    func againstOracle(packing: Packing) throws {
        var random = SplitMix(state: 7)
        for _ in 0..<12 {
            // Long runs make lines cross the reader's buffers.
            let text = (0..<Int.random(in: 0...60, using: &random)).flatMap { _ in
                Bool.random(using: &random)
                    ? [UInt8](repeating: 0x61, count: Int.random(in: 0...30_000, using: &random)) : [0x0A]
            }

            let lines = try read(packing.packed(text))

            var expected = text.split(separator: 0x0A, omittingEmptySubsequences: false).map(Array.init)
            if expected.last?.isEmpty == true { expected.removeLast() }
            #expect(lines.map(\.bytes) == expected)
        }
    }

    @Test(
        "Compressed text that is cut short or damaged is an error and not an end",
        arguments: [Packing.gzip, .zstd]
    )
    func damage(packing: Packing) throws {
        let whole = packing.packed(Array((0..<5000).map { "line \($0 &* 2_654_435_761)\n" }.joined().utf8))
        var flipped = whole
        flipped[whole.count / 2] ^= 0x55

        let cut = #expect(throws: FileProblem.self) { try read(Array(whole.dropLast(3))) }
        #expect(
            cut?.description.contains("its compressed text is cut short near byte \(whole.count - 3)") == true
        )
        let damaged = #expect(throws: FileProblem.self) { try read(flipped) }
        #expect(damaged?.description.contains("its compressed text is damaged") == true)
        #expect(throws: FileProblem.self) { try read(whole + Array("stray".utf8)) }
    }

    @Test("A missing file and a folder are refused by name")
    func missing() throws {
        let folder = try ScratchFolder()

        let missing = #expect(throws: FileProblem.self) { try LineReader(path: folder.path + "/none.jsonl") }
        #expect(missing?.description == "cannot read `\(folder.path)/none.jsonl`: no such file or folder")
        let wrong = #expect(throws: FileProblem.self) { try LineReader(path: folder.path) }
        #expect(wrong?.description == "cannot read `\(folder.path)`: it is a folder")
    }

    @Test("A text that unpacks to a thousand times its size is read in flat memory")
    func flatMemory() async throws {
        // In a process of its own, since the memory is that of the whole process.
        await #expect(processExitsWith: .success) {
            let folder = try ScratchFolder()
            let encoder = GzipEncoder()
            let block = [UInt8](repeating: 0x61, count: 1 << 20)
            var packed: [UInt8] = []
            for _ in 0..<64 { packed += encoder.add(block) }
            packed += encoder.add([0x0A]) + encoder.finish()
            let path = try folder.add("bomb.gz", packed)
            let before = residentBytes()

            var reader = try LineReader(path: path, limit: 1000)
            let line = try reader.next()

            #expect(line?.skippedBytes == 64 << 20)
            #expect(residentBytes() - before < 32 << 20)
            #expect(reader.consumedBytes == packed.count)
        }
    }

    @Test("Lines as a sequence can be read twice and stop with the task")
    func sequence() async throws {
        let folder = try ScratchFolder()
        let lines = Lines(path: try folder.add("text", Array("a\nb\n".utf8)))

        for _ in 0..<2 {
            var numbers: [Int] = []
            for try await line in lines { numbers.append(line.number) }
            #expect(numbers == [1, 2])
        }
        let cancelled = await withTaskGroup(of: Bool.self) { group in
            group.cancelAll()
            group.addTask {
                do {
                    for try await _ in lines {}
                    return false
                } catch { return error is CancellationError }
            }
            return await group.next()
        }
        #expect(cancelled == true)
    }
}

/// What of this process lies in memory.
private func residentBytes() -> Int {
    let status = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
    return (status.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0) * 4096
}
