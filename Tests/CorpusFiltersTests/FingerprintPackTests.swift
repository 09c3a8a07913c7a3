import CorpusKit
import Testing

@testable import CorpusFilters

@Suite("Fingerprint packs")
struct FingerprintPackTests {
    private static let request = FingerprintRequest(
        name: "invented",
        source: "https://example.org/invented",
        licence: "CC0-1.0",
        fields: ["prompt", "solution", "test"],
        id: "task_id",
        aliases: ["candidate": "entry_point"]
    )

    private static func jsonLines(items: Int, seed: Int = 1) -> [UInt8] {
        var random = RandomStream(seed: seed, purpose: ["pack"])
        let rows = (0..<items).map { number -> JSONValue in
            [
                "task_id": .string("Invented/\(number)"),
                "prompt": .string(madeUp(3 + random.below(30), &random).joined(separator: " ")),
                "solution": .string(madeUp(5 + random.below(20), &random).joined(separator: "\n")),
                "test": .string("assert candidate(\(number), 7, 'seven') == \(random.below(100))\n"),
                "entry_point": .string("lantern_\(number)"), "unused": 3,
            ]
        }
        return Array((rows.map(\.canonical).joined(separator: "\n") + "\n\n").utf8)
    }

    private static func pack(items: Int = 40) throws -> FingerprintPack {
        try FingerprintBuilder.pack(ofJSONLines: jsonLines(items: items), for: request)
    }

    /// A pack as a file keeps it: without the places of windows that count by themselves.
    private static func stored(_ pack: FingerprintPack) -> FingerprintPack {
        var pack = pack
        for index in pack.sections.indices
        where !pack.sections[index].kind.isCoverage && pack.sections[index].kind != .shortAnchor {
            for entry in pack.sections[index].entries.indices {
                pack.sections[index].entries[entry].position = 0
            }
        }
        return pack
    }

    @Test("A pack survives its own bytes, and equal input gives equal bytes", arguments: [1, 2, 40])
    func roundTrip(items: Int) throws {
        let pack = try Self.pack(items: items)
        let bytes = pack.bytes()

        #expect(try FingerprintPack.read(bytes, name: "x") == Self.stored(pack))
        #expect(try Self.pack(items: items).bytes() == bytes)
        #expect(bytes.starts(with: Array("CSFP".utf8)))
    }

    @Test("A pack of more units than 16 bits number survives as well")
    func manyUnits() throws {
        var pack = try Self.pack(items: 1)
        pack.benchmarks[0].items = (0..<30_000).map { "item \($0 * 3)" }
        for index in pack.sections.indices {
            if pack.sections[index].kind.isCoverage {
                pack.sections[index].lengths = [UInt16](repeating: 40, count: 90_000)
            }
            for entry in pack.sections[index].entries.indices {
                pack.sections[index].entries[entry].unit += 80_000
            }
        }
        #expect(try FingerprintPack.read(pack.bytes(), name: "x") == Self.stored(pack))
    }

    @Test("A pack says what it is made of")
    func tables() throws {
        let pack = try Self.pack(items: 2)
        let benchmark = try #require(pack.benchmarks.first)

        #expect(benchmark.items == ["Invented/0", "Invented/1"])
        #expect(benchmark.fields == ["prompt", "solution", "test"])
        #expect(benchmark.sourceDigest == Digest(of: Self.jsonLines(items: 2)).bytes)
        #expect(pack.description["benchmarks"]?.elements?.first?["licence"] == "CC0-1.0")
        #expect(pack.describe().contains("invented: 2 items, CC0-1.0, https://example.org/invented"))
    }

    @Test("A pack takes about four bytes a key and two for its origin")
    func size() throws {
        let pack = try Self.pack(items: 1000)
        let any = try #require(pack.sections.first { $0.kind == .word13 })
        let coded = RiceCoder.encode(
            any.entries.map(\.key),
            parameter: RiceCoder.parameter(count: any.entries.count, bits: RuleKind.keyBits)
        )
        #expect(Double(coded.count) / Double(any.entries.count) < 4.9)
    }

    @Test(
        "A file that is no pack, or another's, is refused with what to do",
        arguments: [
            ("foreign", "`x` is no fingerprint pack: it does not start with `CSFP`"),
            ("cut", "`x` is cut short: its header is incomplete"),
            ("format", "`x` has format 9 with flags 0, and this program reads format 1"),
            ("normaliser", "`x` was made with normaliser 7, and this program has 1"),
            ("flipped", "`x` is damaged: its content does not match its checksum"),
            ("shortened", "`x` is damaged: its content does not match its checksum"),
        ]
    )
    func refused(damage: String, message: String) throws {
        var bytes = try Self.pack(items: 3).bytes()
        switch damage {
        case "foreign": bytes = Array(#"{"prompt": "x"}"#.utf8)
        case "cut": bytes = Array(bytes[..<20])
        case "format": bytes[4] = 9
        case "normaliser": bytes[8] = 7
        case "flipped": bytes[bytes.count - 10] ^= 4
        default: bytes.removeLast(5)
        }
        let damaged = bytes

        let problem = #expect(throws: PackProblem.self) { try FingerprintPack.read(damaged, name: "x") }

        #expect(problem?.description == message)
        #expect(problem?.hint.contains("corpusmith fingerprint build") == true)
    }

    private static let damaged = Result { try pack(items: 3).bytes() }

    @Test("A malformed body under a right checksum is an error and never a crash", arguments: 0..<100)
    func malformed(seed: Int) throws {
        var random = RandomStream(seed: seed, purpose: ["damage"])
        var bytes = try Self.damaged.get()
        for _ in 0...random.below(3) { bytes[48 + random.below(bytes.count - 48)] = UInt8(random.below(256)) }
        if random.below(4) == 0 { bytes.removeLast(random.below(bytes.count - 48)) }
        bytes.replaceSubrange(16..<48, with: Digest(of: bytes[48...]).bytes)

        // Some damage only changes a key or a name, which no reader can tell.
        if let pack = try? FingerprintPack.read(bytes, name: "x") {
            let index = ContaminationIndex([(pack, nil)])
            _ = index.findings(in: [
                .init(place: "p", text: "some words that are not in it at all", voice: nil)
            ])
        }
    }

    @Test(
        "A benchmark that cannot be read is refused by its line",
        arguments: [
            ("", "the file holds no items"), ("{\"prompt\": 1}\n{", "line 1 has no field `solution`"),
            ("\n[1]", "line 2 holds an array where an object should stand"),
        ]
    )
    func unreadable(text: String, message: String) {
        let problem = #expect(throws: FingerprintProblem.self) {
            try FingerprintBuilder.pack(ofJSONLines: Array(text.utf8), for: Self.request)
        }
        #expect(problem?.description == message)
    }

    @Test("What more than three items share is boilerplate, except for coverage")
    func boilerplate() throws {
        func keys(items: Int, _ kind: RuleKind) throws -> Int {
            let shared = "Write a short program that reads a list of numbers and then prints"
            let rows = (0..<items).map { JSONValue.object(["prompt": .string("\(shared) result\($0)")]) }
            let pack = try FingerprintBuilder.pack(
                ofJSONLines: Array(rows.map(\.canonical).joined(separator: "\n").utf8),
                for: FingerprintRequest(name: "b", source: "", licence: "", fields: ["prompt"])
            )
            return pack.sections.first { $0.kind == kind }?.entries.count ?? 0
        }
        // 14 words: five 10-grams an item, of which four hold no word of its own.
        #expect(try keys(items: 3, .word10) == 15)
        #expect(try keys(items: 4, .word10) == 4)
        #expect(try keys(items: 4, .word8) == 28)
    }
}

@Suite("Rice codes")
struct RiceCoderTests {
    @Test("Sorted numbers survive under any parameter", arguments: 0..<30)
    func roundTrip(seed: Int) {
        var random = RandomStream(seed: seed, purpose: ["rice"])
        let bits = 8 + random.below(41)
        let numbers = (0..<random.below(300)).map { _ in random.next() >> UInt64(64 - bits) }.sorted()
        let best = RiceCoder.parameter(count: numbers.count, bits: bits)
        for parameter in Set([best, min(bits - 1, best + 2), max(0, min(best, bits - 1) - 2)])
        where parameter < bits {
            let bytes = RiceCoder.encode(numbers, parameter: parameter)
            let read = RiceCoder.decode(bytes[...], count: numbers.count, parameter: parameter, bits: bits)
            #expect(read == numbers)
        }
    }

    @Test(
        "Bytes that hold something else are refused",
        arguments: [
            ([], 1), ([0xFF, 0xFF], 1), ([0], 100), ([0b0000_0010], 1), ([0, 0], 1),
        ] as [([UInt8], Int)]
    )
    func malformed(bytes: [UInt8], count: Int) {
        #expect(RiceCoder.decode(bytes[...], count: count, parameter: 0, bits: 8) == nil)
    }
}
