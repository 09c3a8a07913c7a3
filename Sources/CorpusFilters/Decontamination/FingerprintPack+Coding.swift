import CorpusKit

extension FingerprintPack {
    /// The version of the file format.
    static let formatVersion: UInt16 = 1
    private static let magic: [UInt8] = Array("CSFP".utf8)
    private static let headerLength = 4 + 2 + 2 + 4 + 4 + 32
    private static let rebuild = "build the pack again with `corpusmith fingerprint build`"

    /// The pack as the bytes of a `.csfp` file; equal packs give equal bytes.
    ///
    /// Header: `CSFP`, u16 format version, u16 flags (0), u32 normaliser version, u32 number of sections, SHA-256 of
    /// the rest. Then the benchmark table and the sections. All numbers are little-endian.
    package func bytes() -> [UInt8] {
        var body = ByteWriter()
        body.write(UInt16(benchmarks.count))
        for (id, benchmark) in benchmarks.enumerated() { Self.write(benchmark, id: id, to: &body) }
        for section in sections { write(section, to: &body) }

        var file = ByteWriter()
        file.write(raw: Self.magic)
        file.write(Self.formatVersion)
        file.write(UInt16(0))
        file.write(WordScanner.version)
        file.write(UInt32(sections.count))
        file.write(raw: Digest(of: body.bytes).bytes)
        file.write(raw: body.bytes)
        return file.bytes
    }

    private static func write(_ benchmark: Benchmark, id: Int, to body: inout ByteWriter) {
        body.write(UInt16(id))
        body.write(benchmark.name)
        body.write(benchmark.source)
        body.write(benchmark.licence)
        body.write(UInt32(benchmark.items.count))
        body.write(raw: benchmark.sourceDigest)
        body.write(UInt32(benchmark.tooShort))
        body.write(UInt8(benchmark.fields.count))
        for field in benchmark.fields { body.write(field) }
        write(names: benchmark.items, to: &body)
    }

    /// Names that count upwards are written as their prefix and first number.
    private static func write(names: [String], to body: inout ByteWriter) {
        let prefix = String(names.first?.prefix { !$0.isNumber } ?? "")
        let first = names.first.flatMap { Int($0.dropFirst(prefix.count)) }
        if let first, first >= 0, names == names.indices.map({ "\(prefix)\(first + $0)" }) {
            body.write(UInt8(1))
            body.write(prefix)
            body.write(UInt32(clamping: first))
        } else {
            body.write(UInt8(0))
            for name in names { body.write(name) }
        }
    }

    private func write(_ section: Section, to body: inout ByteWriter) {
        let parameter = RiceCoder.parameter(count: section.entries.count, bits: RuleKind.keyBits)
        let keys = RiceCoder.encode(section.entries.map(\.key), parameter: parameter)
        body.write(section.kind.rawValue)
        body.write(UInt16(section.benchmark))
        body.write(UInt8(RuleKind.keyBits))
        body.write(UInt32(section.entries.count))
        body.write(UInt8(parameter))
        body.write(UInt32(keys.count))
        body.write(raw: keys)
        let wide = benchmarks[section.benchmark].unitCount > Int(UInt16.max) + 1
        for entry in section.entries {
            if wide { body.write(varint: entry.unit) } else { body.write(UInt16(entry.unit)) }
        }
        if section.kind.isCoverage {
            for entry in section.entries { body.write(entry.position) }
            for length in section.lengths { body.write(length) }
        } else if section.kind == .shortAnchor {
            for entry in section.entries {
                body.write(UInt8(entry.position))
                body.write(entry.whole, width: RuleKind.keyBits / 8)
            }
        }
    }

    /// Reads the bytes of a `.csfp` file.
    ///
    /// - Parameters:
    ///   - bytes: The whole file.
    ///   - name: The file's name, for messages.
    /// - Returns: The pack, with every table checked.
    /// - Throws: ``PackProblem`` when it is no pack, is damaged, or was made by other rules than this program's.
    package static func read(_ bytes: [UInt8], name: String) throws(PackProblem) -> FingerprintPack {
        guard bytes.starts(with: magic) else {
            throw PackProblem(
                "`\(name)` is no fingerprint pack: it does not start with `CSFP`",
                hint:
                    "give a file made by `corpusmith fingerprint build`, or the benchmark itself as JSON Lines"
            )
        }
        var header = ByteReader(bytes.prefix(headerLength).dropFirst(magic.count))
        guard let version: UInt16 = try? header.number(), let flags: UInt16 = try? header.number(),
            let normaliser: UInt32 = try? header.number(), let sectionCount: UInt32 = try? header.number(),
            let checksum = try? header.slice(32)
        else { throw PackProblem("`\(name)` is cut short: its header is incomplete", hint: rebuild) }
        guard version == formatVersion, flags == 0 else {
            throw PackProblem(
                "`\(name)` has format \(version) with flags \(flags), and this program reads format \(formatVersion)",
                hint: rebuild
            )
        }
        guard normaliser == WordScanner.version else {
            throw PackProblem(
                "`\(name)` was made with normaliser \(normaliser), and this program has \(WordScanner.version)",
                hint: rebuild
            )
        }
        let body = bytes.dropFirst(headerLength)
        guard Digest(of: body).bytes.elementsEqual(checksum) else {
            throw PackProblem("`\(name)` is damaged: its content does not match its checksum", hint: rebuild)
        }
        do {
            return try parse(body, sectionCount: Int(sectionCount))
        } catch {
            throw PackProblem("`\(name)` is malformed although its checksum is right", hint: rebuild)
        }
    }

    private static func parse(
        _ body: ArraySlice<UInt8>,
        sectionCount: Int
    ) throws(ByteReader.Malformed) -> FingerprintPack {
        var reader = ByteReader(body)
        var pack = FingerprintPack(benchmarks: [], sections: [])
        for id in 0..<Int(try reader.number(UInt16.self)) {
            guard Int(try reader.number(UInt16.self)) == id else { throw ByteReader.Malformed() }
            pack.benchmarks.append(try benchmark(from: &reader))
        }
        for _ in 0..<sectionCount { pack.sections.append(try section(from: &reader, of: pack.benchmarks)) }
        guard reader.count == 0 else { throw ByteReader.Malformed() }
        return pack
    }

    private static func benchmark(from reader: inout ByteReader) throws(ByteReader.Malformed) -> Benchmark {
        let (name, source, licence) = (try reader.text(), try reader.text(), try reader.text())
        let itemCount = Int(try reader.number(UInt32.self))
        let digest = Array(try reader.slice(32))
        let tooShort = Int(try reader.number(UInt32.self))
        var fields: [String] = []
        for _ in 0..<Int(try reader.number(UInt8.self)) { fields.append(try reader.text()) }
        var items: [String] = []
        switch try reader.number(UInt8.self) {
        case 0:
            guard itemCount <= reader.count / 2 else { throw ByteReader.Malformed() }
            for _ in 0..<itemCount { items.append(try reader.text()) }
        case 1:
            // Counted names take no bytes, so their number needs a bound of its own.
            guard itemCount <= 1 << 24 else { throw ByteReader.Malformed() }
            let (prefix, first) = (try reader.text(), Int(try reader.number(UInt32.self)))
            items = (0..<itemCount).map { "\(prefix)\(first + $0)" }
        default: throw ByteReader.Malformed()
        }
        return Benchmark(
            name: name,
            source: source,
            licence: licence,
            sourceDigest: digest,
            fields: fields,
            items: items,
            tooShort: tooShort
        )
    }

    private static func section(
        from reader: inout ByteReader,
        of benchmarks: [Benchmark]
    ) throws(ByteReader.Malformed) -> Section {
        guard let kind = RuleKind(rawValue: try reader.number()) else { throw ByteReader.Malformed() }
        let id = Int(try reader.number(UInt16.self))
        let keyBits = Int(try reader.number(UInt8.self))
        guard id < benchmarks.count, keyBits == RuleKind.keyBits else { throw ByteReader.Malformed() }
        let count = Int(try reader.number(UInt32.self))
        let parameter = Int(try reader.number(UInt8.self))
        let coded = try reader.slice(Int(try reader.number(UInt32.self)))
        guard let keys = RiceCoder.decode(coded, count: count, parameter: parameter, bits: keyBits) else {
            throw ByteReader.Malformed()
        }
        let units = benchmarks[id].unitCount
        var section = Section(kind: kind, benchmark: id, entries: [], lengths: [])
        section.entries.reserveCapacity(count)
        for key in keys {
            let unit = units > Int(UInt16.max) + 1 ? try reader.varint() : Int(try reader.number(UInt16.self))
            guard unit < units else { throw ByteReader.Malformed() }
            section.entries.append(Entry(key: key, unit: unit, position: 0, whole: 0))
        }
        if kind.isCoverage {
            for index in section.entries.indices { section.entries[index].position = try reader.number() }
            guard units <= reader.count / 2 else { throw ByteReader.Malformed() }
            for _ in 0..<units { section.lengths.append(try reader.number()) }
            for entry in section.entries
            where Int(entry.position) + (kind.window ?? 0) > Int(section.lengths[entry.unit]) {
                throw ByteReader.Malformed()
            }
        } else if kind == .shortAnchor {
            for index in section.entries.indices {
                section.entries[index].position = UInt16(try reader.number(UInt8.self))
                section.entries[index].whole = try reader.number(width: RuleKind.keyBits / 8)
                guard RuleKind.shortItem.contains(Int(section.entries[index].position)) else {
                    throw ByteReader.Malformed()
                }
            }
        }
        return section
    }
}
