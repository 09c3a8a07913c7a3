import CorpusDiagnostics
import CorpusModel

/// Reads values out of YAML nodes and collects every fault on the way.
struct RecipeReader {
    let file: String
    private(set) var faults: [Diagnostic] = []
    /// What cannot be read.
    var gaps = Recipe.Gaps()
    /// The names under `sources:`, also of those that cannot be read.
    var sourceNames: Set<String> = []

    init(file: String) { self.file = file }

    mutating func fault(
        _ code: String,
        _ message: String,
        at location: Diagnostic.Location?,
        hint: String? = nil
    ) {
        faults.append(Diagnostic(code, message, at: location, hint: hint))
    }

    /// The members of a mapping, unknown keys reported.
    ///
    /// - Parameters:
    ///   - node: What should be a mapping.
    ///   - known: The keys that may stand there.
    ///   - later: Keys of the format that this version does not have, with what to do instead.
    ///   - place: What the mapping describes, in backticks where it is a name: "stage `tests`".
    /// - Returns: The known members by key, or nil when it is no mapping.
    mutating func members(
        of node: ConfigNode,
        known: [String],
        later: [String: String] = [:],
        in place: String
    ) -> [String: ConfigNode.Member]? {
        guard let members = node.members else {
            fault("wrong-type", "\(place) must be a mapping, not \(node.kindName)", at: node.location)
            return nil
        }
        var result: [String: ConfigNode.Member] = [:]
        for member in members {
            if let hint = later[member.key] {
                fault(
                    "unsupported-key",
                    "this version does not have the key `\(member.key)` of \(place)",
                    at: member.keyLocation,
                    hint: hint
                )
                continue
            }
            guard known.contains(member.key) else {
                fault(
                    "unknown-key",
                    "unknown key `\(member.key)` in \(place)",
                    at: member.keyLocation,
                    hint: nameHint(for: member.key, among: known, "known keys")
                )
                continue
            }
            result[member.key] = member
        }
        return result
    }

    mutating func text(_ member: ConfigNode.Member?, _ name: String) -> String? {
        guard let member else { return nil }
        guard case .scalar(let text, _) = member.value.value, case let json = member.value.json else {
            wrongType(member.value, name, "a text")
            return nil
        }
        if case .null = json {
            wrongType(member.value, name, "a text")
            return nil
        }
        return text
    }

    mutating func whole(_ member: ConfigNode.Member?, _ name: String, in range: ClosedRange<Int>) -> Int? {
        guard let member else { return nil }
        guard let value = member.value.json.whole else {
            wrongType(member.value, name, "a whole number")
            return nil
        }
        guard range.contains(value) else {
            let limits =
                range.upperBound == .max
                ? "at least \(range.lowerBound)" : "from \(range.lowerBound) to \(range.upperBound)"
            fault("out-of-range", "`\(name)` must be \(limits), not \(value)", at: member.value.location)
            return nil
        }
        return value
    }

    mutating func real(_ member: ConfigNode.Member?, _ name: String, in range: ClosedRange<Double>) -> Double?
    {
        guard let member else { return nil }
        guard let value = member.value.json.real else {
            wrongType(member.value, name, "a number")
            return nil
        }
        guard range.contains(value) else {
            let limits =
                range.upperBound == .infinity
                ? "at least \(Self.plain(range.lowerBound))"
                : "from \(Self.plain(range.lowerBound)) to \(Self.plain(range.upperBound))"
            fault(
                "out-of-range",
                "`\(name)` must be \(limits), not \(Self.plain(value))",
                at: member.value.location
            )
            return nil
        }
        return value
    }

    mutating func flag(_ member: ConfigNode.Member?, _ name: String) -> Bool? {
        guard let member else { return nil }
        guard let value = member.value.json.flag else {
            wrongType(member.value, name, "`true` or `false`")
            return nil
        }
        return value
    }

    mutating func texts(_ member: ConfigNode.Member?, _ name: String) -> [Recipe.Located<String>] {
        guard let member else { return [] }
        var result: [Recipe.Located<String>] = []
        for node in member.value.elements ?? [member.value] {
            guard case .scalar(let text, _) = node.value, !text.isEmpty else {
                wrongType(node, name, "a text or a list of texts")
                continue
            }
            result.append(Recipe.Located(value: text, location: node.location))
        }
        return result
    }

    /// `90s`, `20m`, `6h`, `2d`, in seconds.
    mutating func seconds(_ member: ConfigNode.Member?, _ name: String) -> Int? {
        guard let text = text(member, name), let member else { return nil }
        let units: [Character: Int] = ["s": 1, "m": 60, "h": 3600, "d": 86400]
        guard let unit = text.last.flatMap({ units[$0] }), let count = Int(text.dropLast()), count > 0 else {
            fault(
                "wrong-type",
                "`\(name)` must be a duration, not `\(text)`",
                at: member.value.location,
                hint: "write a whole number and a unit: `90s`, `20m`, `6h` or `2d`"
            )
            return nil
        }
        let (seconds, overflows) = count.multipliedReportingOverflow(by: unit)
        guard !overflows, seconds <= 10 * 365 * 86400 else {
            fault(
                "out-of-range",
                "`\(name)` must be at most 3650d, not `\(text)`",
                at: member.value.location
            )
            return nil
        }
        return seconds
    }

    /// A decimal amount in billionths, exactly.
    mutating func billionths(_ member: ConfigNode.Member?, _ name: String) -> Int? {
        guard let member, case .scalar(let text, isQuoted: false) = member.value.value else {
            if let member { wrongType(member.value, name, "a decimal number") }
            return nil
        }
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let fraction = parts.count == 2 ? parts[1] : ""
        let isDecimal =
            !parts[0].isEmpty && parts.allSatisfy { $0.allSatisfy { $0.isASCII && $0.isNumber } }
            && fraction.count <= 9
            && parts[0].count <= 9
        guard isDecimal, let whole = Int(parts[0]),
            let rest = Int(fraction + String(repeating: "0", count: 9 - fraction.count))
        else {
            fault(
                "out-of-range",
                "`\(name)` must be a decimal number of at least 0, not `\(text)`",
                at: member.value.location,
                hint: "write it as `0.15`: at most nine digits on either side of the point"
            )
            return nil
        }
        return whole * 1_000_000_000 + rest
    }

    /// Whether an unknown key of a mapping is a known one with a slip: its fault says all then.
    func isMisspelt(_ key: String, in node: ConfigNode, known: [String]) -> Bool {
        (node.members ?? []).contains { member in
            !known.contains(member.key) && nearestName(to: member.key, among: known) == key
        }
    }

    mutating func missing(
        _ key: String,
        in place: String,
        at location: Diagnostic.Location,
        hint: String? = nil
    ) {
        fault("missing-field", "\(place) needs `\(key)`", at: location, hint: hint)
    }

    mutating func wrongType(_ node: ConfigNode, _ name: String, _ expected: String) {
        fault("wrong-type", "`\(name)` must be \(expected), not \(node.kindName)", at: node.location)
    }

    private static func plain(_ value: Double) -> String {
        value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : String(value)
    }
}
