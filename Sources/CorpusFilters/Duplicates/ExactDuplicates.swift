import CorpusKit

/// Keeps one of all samples that say the same.
///
/// Of equal samples the one with the smallest key stays, whatever order they come in. Equality is that of 128-bit
/// digests of the text in a normal form.
struct ExactDuplicates: SelectorPlugin {
    struct Options: PluginOptions {
        var normalForm = NormalForm.case
        var over = Scope.messages

        static let meanings = [
            "normal_form": """
            What is left out of the comparison: nothing (`bytes`), white space (`whitespace`), or \
            white space and letter case (`case`).
            """,
            "over": """
            What is compared: all turns with their roles (`messages`), the last answer (`answer`), or \
            the task (`instruction`).
            """,
        ]

        private enum CodingKeys: String, CodingKey {
            case normalForm = "normal_form"
            case over
        }
    }

    /// Which part of a sample is compared.
    enum Scope: String, Codable, Sendable, CaseIterable {
        case messages, answer, instruction
    }

    static let manifest = Manifest(
        name: "exact-duplicates",
        version: 1,
        summary: "Keeps one of all samples whose text is equal, whatever its layout and letter case",
        reasons: ["exact-duplicate"]
    )

    private let options: Options

    init(options: Options, setup: PluginSetup) { self.options = options }

    func makeIndex() -> any SelectionIndex { ExactDuplicateIndex(options: options) }
}

/// 32 bytes a sample: its key and the digest of its text, and 32 more for those of the present wave.
struct ExactDuplicateIndex: SelectionIndex {
    private struct Entry {
        let text: Key128
        let sample: Key128
    }

    /// A sample that lost, and the one it lost to.
    private struct Loss {
        let sample: Key128
        let rival: Key128
    }

    private static let chunkLength = 4096

    let options: ExactDuplicates.Options
    // Chunks of fixed length: one array would keep up to twice its size while it grows.
    private var chunks: [[Entry]] = []
    /// What earlier waves kept, by text.
    private var kept: [Entry] = []
    private var losses: [Loss] = []

    init(options: ExactDuplicates.Options) { self.options = options }

    mutating func observe(_ sample: Sample) {
        guard let digest = ExactText(options).digest(of: sample.content) else { return }
        if chunks.last.map({ $0.count == Self.chunkLength }) ?? true {
            chunks.append([])
            chunks[chunks.count - 1].reserveCapacity(Self.chunkLength)
        }
        chunks[chunks.count - 1].append(Entry(text: digest, sample: Key128(sample.key)))
    }

    mutating func seal() {
        var entries: [Entry] = []
        entries.reserveCapacity(chunks.reduce(0) { $0 + $1.count })
        while let chunk = chunks.popLast() { entries.append(contentsOf: chunk) }
        entries.sort { ($0.text, $0.sample) < ($1.text, $1.sample) }
        let earlier = kept
        kept = []
        kept.reserveCapacity(earlier.count + entries.count)
        var next = 0
        for entry in entries {
            while next < earlier.count, earlier[next].text <= entry.text {
                kept.append(earlier[next])
                next += 1
            }
            guard let winner = kept.last, winner.text == entry.text else {
                kept.append(entry)
                continue
            }
            if winner.sample != entry.sample {
                losses.append(Loss(sample: entry.sample, rival: winner.sample))
            }
        }
        kept += earlier[next...]
        losses.sort { $0.sample < $1.sample }
    }

    func selection(for key: ItemKey) -> Selection {
        let sample = Key128(key)
        var low = 0
        var high = losses.count
        while low < high {
            let middle = (low + high) / 2
            if losses[middle].sample < sample { low = middle + 1 } else { high = middle }
        }
        guard low < losses.count, losses[low].sample == sample else { return .keep }
        return .drop("exact-duplicate", rival: losses[low].rival.itemKey.description)
    }
}

/// An ``ItemKey`` as two numbers, which take 16 bytes and compare fast.
struct Key128: Hashable, Comparable {
    private let high: UInt64
    private let low: UInt64

    init(_ key: ItemKey) {
        high = key.bytes[..<8].reduce(0) { $0 << 8 | UInt64($1) }
        low = key.bytes[8...].reduce(0) { $0 << 8 | UInt64($1) }
    }

    var itemKey: ItemKey {
        ItemKey(
            bytes: [high, low].flatMap { half in
                stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: half >> UInt64($0)) }
            }
        )
    }

    static func < (left: Key128, right: Key128) -> Bool { (left.high, left.low) < (right.high, right.low) }
}

/// The text of a sample that is compared with that of others.
struct ExactText {
    private let options: ExactDuplicates.Options

    init(_ options: ExactDuplicates.Options) { self.options = options }

    /// The digest of the compared text, or nil when there is none: nothing is no duplicate of nothing.
    func digest(of content: Content) -> Key128? {
        var bytes: [UInt8] = []
        var isEmpty = true
        for part in parts(of: content) {
            // Control characters that text hardly holds keep `ab` + `c` apart from `a` + `bc`.
            bytes.append(0x1E)
            bytes.append(contentsOf: part.name.utf8)
            bytes.append(0x1F)
            let before = bytes.count
            options.normalForm.append(part.text, to: &bytes)
            if bytes.count > before { isEmpty = false }
        }
        return isEmpty ? nil : Key128(Digest(of: bytes).key)
    }

    private func parts(of content: Content) -> [(name: String, text: String)] {
        switch options.over {
        case .messages:
            guard content.messages.isEmpty else {
                return content.messages.map { ($0.role.rawValue, $0.content) }
            }
            let known = fields(["instruction", "input", "code", "tests", "answer"], of: content)
            return known.isEmpty ? fields(content.fields.keys.sorted(), of: content) : known
        case .answer:
            if let answer = content.messages.last(where: { $0.role == .assistant }) {
                return [("", answer.content)]
            }
            return Array(fields(["answer", "code"], of: content).prefix(1)).map { ("", $0.text) }
        case .instruction:
            let instruction = fields(["instruction", "input"], of: content)
            if !instruction.isEmpty { return instruction }
            return Array(content.messages.filter { $0.role == .user }.prefix(1)).map { ("", $0.content) }
        }
    }

    private func fields(_ names: [String], of content: Content) -> [(name: String, text: String)] {
        names.compactMap { name in
            guard let value = content.fields[name], value != .null else { return nil }
            return (name, value.text ?? value.canonical)
        }
    }
}
