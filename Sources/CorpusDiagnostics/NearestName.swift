/// The known name that a mistyped one probably means.
///
/// Damerau–Levenshtein distance (optimal string alignment) over lower-cased characters; a name counts as near up
/// to a third of its length, at least 1.
///
/// - Parameters:
///   - name: What was written.
///   - known: The names that exist.
/// - Returns: The nearest, the alphabetically first of equally near ones, or nil when none is near.
package func nearestName(to name: String, among known: some Sequence<String>) -> String? {
    let written = Array(name.lowercased())
    var best: (name: String, distance: Int)?
    for candidate in known.sorted() {
        let letters = Array(candidate.lowercased())
        let limit = max(1, max(written.count, letters.count) / 3)
        guard abs(letters.count - written.count) <= limit else { continue }
        let distance = editDistance(written, letters)
        guard distance <= limit, distance < letters.count, distance < best?.distance ?? .max else { continue }
        best = (candidate, distance)
    }
    return best?.name
}

/// The hint "did you mean `title`?" when a known name is near to what was written, else nil; see
/// ``nearestName(to:among:)``.
package func nearestHint(for name: String, among known: some Sequence<String>) -> String? {
    nearestName(to: name, among: known).map { "did you mean `\($0)`?" }
}

/// The hint for a name that does not exist: the nearest that does, else all of them, as in "known keys: `a`, `b`".
package func nameHint(for name: String, among known: [String], _ label: String) -> String {
    nearestHint(for: name, among: known) ?? "\(label): \(known.map { "`\($0)`" }.joined(separator: ", "))"
}

private func editDistance(_ left: [Character], _ right: [Character]) -> Int {
    var before: [Int] = []
    var previous = Array(0...right.count)
    for i in 0..<left.count {
        var row = [i + 1]
        for j in 0..<right.count {
            var cost = min(previous[j] + (left[i] == right[j] ? 0 : 1), previous[j + 1] + 1, row[j] + 1)
            if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] {
                cost = min(cost, before[j - 1] + 1)
            }
            row.append(cost)
        }
        before = previous
        previous = row
    }
    return previous[right.count]
}
