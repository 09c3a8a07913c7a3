import CorpusKit

/// What speaks for a row: evidence about exactly what it says.
enum RowProof {
    /// Refuses a sample whose evidence is about something else than what it says now.
    static func staleness(of sample: Sample) -> Skip? {
        guard let stale = sample.evidence.first(where: { $0.subject != sample.id }) else { return nil }
        return Skip(
            "stale-evidence",
            "the evidence `\(stale.check)` of sample \(sample.id) is about other content; verify the sample again"
        )
    }

    /// Refuses a sample that some model wrote whose maker asks for what a recipe excludes.
    static func terms(of sample: Sample, among excluded: [String]) -> Skip? {
        for step in sample.provenance {
            guard let term = step.outputTerms.first(where: excluded.contains) else { continue }
            return Skip(
                "excluded-terms",
                "what `\(step.stage)` wrote of sample \(sample.id) comes with the terms `\(term)`"
            )
        }
        return nil
    }

    /// A check that a better sample passed and a worse one failed, or passed with a lower score; the first by name.
    static func check(preferring better: Sample, over worse: Sample) -> String? {
        let (mine, theirs) = (latest(of: better), latest(of: worse))
        return mine.keys.sorted().first { name in
            guard let won = mine[name], let lost = theirs[name], won.outcome == .pass else { return false }
            if lost.outcome == .fail { return true }
            guard let high = won.score, let low = lost.score else { return false }
            return high > low
        }
    }

    private static func latest(of sample: Sample) -> [String: Evidence] {
        Dictionary(sample.evidence.map { ($0.check, $0) }) { $1 }
    }
}

/// Counts rows by their labels' values.
///
/// Lists and texts of more than 60 characters are no values to count by, and a label of more than 100 values is not
/// counted at all: what is kept is bounded by the labels, not by the rows.
struct LabelCount {
    private static let mostValues = 100
    private static let longest = 60

    private var tallies: [String: [String: Int]] = [:]
    private var skipped: Set<String> = []

    var counts: [String: [String: Int]] { tallies.filter { !$0.value.isEmpty } }

    mutating func note(_ labels: [String: JSONValue]) {
        for (name, label) in labels where !skipped.contains(name) {
            guard let value = Self.text(of: label) else { continue }
            tallies[name, default: [:]][value, default: 0] += 1
            guard tallies[name, default: [:]].count > Self.mostValues else { continue }
            tallies[name] = nil
            skipped.insert(name)
        }
    }

    private static func text(of label: JSONValue) -> String? {
        switch label {
        case .string(let text): text.count <= longest ? text : nil
        case .bool, .int, .double: label.canonical
        case .null, .largeInt, .array, .object: nil
        }
    }
}

/// Counts rows that resemble a benchmark and were kept all the same.
struct SuspectCount {
    /// The label of a sample, and the detail of a pair, that `decontaminate` marks suspects with.
    static let mark = "suspect_of"

    private(set) var counts: [String: Int] = [:]

    mutating func note(_ mark: JSONValue?) {
        for name in mark?.elements?.compactMap(\.text) ?? [] { counts[name, default: 0] += 1 }
    }
}
