package import CorpusKit

/// The fingerprints of benchmarks: enough to find their text in a corpus, and none of the text itself.
///
/// A pack holds hashes of windows of words, and for each the item and field it came from. It is what
/// `Templates/Fingerprints/NAME.csfp` files store, and what `decontaminate` makes in memory of a benchmark that is
/// given as text.
package struct FingerprintPack: Sendable, Hashable {
    /// A benchmark that a pack covers.
    package struct Benchmark: Sendable, Hashable {
        /// The name that findings carry.
        package var name: String
        /// Where its text comes from.
        package var source: String
        /// The SPDX identifier of its licence, or its name.
        package var licence: String
        /// The SHA-256 of the file that was read.
        package var sourceDigest: [UInt8]
        /// The fields that were read, in order.
        package var fields: [String]
        /// The name of each item, in order.
        package var items: [String]
        /// How many fields of items have too few words to be looked for.
        package var tooShort: Int

        /// Units are what hits are counted for: one field of one item, numbered item by item.
        package var unitCount: Int { items.count * fields.count }
    }

    /// One key and where it comes from.
    package struct Entry: Sendable, Hashable {
        /// ``RuleKind/keyBits`` bits of a window's hash.
        package var key: UInt64
        /// The unit: item number × number of fields + field number.
        package var unit: Int
        /// The window's first word in the unit; for ``RuleKind/shortAnchor`` the unit's number of words.
        package var position: UInt16
        /// For ``RuleKind/shortAnchor`` the key of the whole unit, otherwise 0.
        package var whole: UInt64

        static func precedes(_ left: Entry, _ right: Entry) -> Bool {
            (left.key, left.unit, left.position) < (right.key, right.unit, right.position)
        }
    }

    /// The keys of one rule for one benchmark.
    package struct Section: Sendable, Hashable {
        /// The rule.
        package var kind: RuleKind
        /// The benchmark's place in ``FingerprintPack/benchmarks``.
        package var benchmark: Int
        /// Sorted by key, unit and position.
        package var entries: [Entry]
        /// For coverage rules the number of words of each unit, otherwise empty.
        package var lengths: [UInt16]
    }

    /// The benchmarks, in the order of their ids.
    package var benchmarks: [Benchmark]
    /// The keys, by benchmark and rule.
    package var sections: [Section]
}

extension FingerprintPack {
    /// The tables of the pack as JSON: what `corpusmith fingerprint info --json` prints.
    package var description: JSONValue {
        let tables = benchmarks.enumerated().map { index, benchmark -> JSONValue in
            let own = sections.filter { $0.benchmark == index }
            return [
                "name": .string(benchmark.name), "source": .string(benchmark.source),
                "licence": .string(benchmark.licence), "items": .int(benchmark.items.count),
                "sha256": .string(benchmark.sourceDigest.hex), "too_short": .int(benchmark.tooShort),
                "fields": .array(benchmark.fields.map(JSONValue.string)),
                "sections": .array(
                    own.map { ["rule": .string($0.kind.name), "keys": .int($0.entries.count)] }
                ),
            ]
        }
        return [
            "format": .int(Int(Self.formatVersion)), "normaliser": .int(Int(WordScanner.version)),
            "key_bits": .int(RuleKind.keyBits), "benchmarks": .array(tables),
        ]
    }

    /// The tables of the pack for a person, one line each, without a final newline.
    package func describe() -> String {
        var lines = [
            "format \(Self.formatVersion), normaliser \(WordScanner.version), keys of \(RuleKind.keyBits) bits"
        ]
        for (index, benchmark) in benchmarks.enumerated() {
            lines.append(
                "\(benchmark.name): \(counted(benchmark.items.count, "item")), \(benchmark.licence), \(benchmark.source)"
            )
            lines.append(
                "  fields \(benchmark.fields.joined(separator: ", ")); \(benchmark.tooShort) too short to check"
            )
            lines.append("  sha256 \(benchmark.sourceDigest.hex)")
            for section in sections where section.benchmark == index {
                lines.append("  \(section.kind.name): \(counted(section.entries.count, "key"))")
            }
        }
        return lines.joined(separator: "\n")
    }
}

/// A file that was to be a fingerprint pack and is none, or none that this program can use.
package struct PackProblem: Error, Sendable, Hashable, CustomStringConvertible {
    /// One sentence without a full stop.
    package let description: String
    /// What to do about it.
    package let hint: String

    init(_ description: String, hint: String) {
        self.description = description
        self.hint = hint
    }
}
