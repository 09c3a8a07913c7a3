/// Small measures that tell whether two texts say the same.
public enum TextLikeness: Sendable {
    /// The text in compatibility form (NFKC) without any white space: two texts that differ in layout only are equal.
    public static func whitespaceFree(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.normalisedNFKC.unicodeScalars.filter { !$0.properties.isWhitespace }
            )
        )
    }

    /// How far apart two texts are, from 0 (equal) to 1 (nothing in common): the Levenshtein distance over Unicode
    /// scalars, divided by the longer length.
    ///
    /// Takes time in proportion to the product of the lengths that are left once what the texts share at their
    /// start and end is cut off; check lengths before.
    public static func distance(_ left: String, _ right: String) -> Double {
        let left = Array(left.unicodeScalars)
        let right = Array(right.unicodeScalars)
        let longer = max(left.count, right.count)
        guard longer > 0 else { return 0 }
        var head = 0
        while head < min(left.count, right.count), left[head] == right[head] { head += 1 }
        var tail = 0
        while tail < min(left.count, right.count) - head,
            left[left.count - 1 - tail] == right[right.count - 1 - tail]
        {
            tail += 1
        }
        let edits = edits(left[head..<(left.count - tail)], right[head..<(right.count - tail)])
        return Double(edits) / Double(longer)
    }

    /// Whether ``distance(_:_:)`` is below a limit; lengths that differ by more answer at once.
    public static func isDistance(from left: String, to right: String, below limit: Double) -> Bool {
        let lengths = (left.unicodeScalars.count, right.unicodeScalars.count)
        let longer = max(lengths.0, lengths.1, 1)
        guard Double(abs(lengths.0 - lengths.1)) < limit * Double(longer) else { return false }
        return distance(left, right) < limit
    }

    /// How many words a text has: runs between white space, where Chinese, Japanese and Korean characters count
    /// half a word each, since they are written without spaces.
    public static func wordCount(_ text: String) -> Int {
        var runs = 0
        var ideographs = 0
        var inRun = false
        for scalar in text.unicodeScalars {
            if isIdeograph(scalar) {
                ideographs += 1
                inRun = false
            } else if scalar.properties.isWhitespace {
                inRun = false
            } else if !inRun {
                runs += 1
                inRun = true
            }
        }
        return runs + (ideographs + 1) / 2
    }

    private static func edits(
        _ left: ArraySlice<Unicode.Scalar>,
        _ right: ArraySlice<Unicode.Scalar>
    ) -> Int {
        guard !left.isEmpty else { return right.count }
        guard !right.isEmpty else { return left.count }
        var row = Array(0...right.count)
        for (index, scalar) in left.enumerated() {
            var diagonal = row[0]
            row[0] = index + 1
            for (column, other) in right.enumerated() {
                let substituted = diagonal + (scalar == other ? 0 : 1)
                diagonal = row[column + 1]
                row[column + 1] = min(substituted, diagonal + 1, row[column] + 1)
            }
        }
        return row[right.count]
    }

    private static func isIdeograph(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x3040...0x30FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xAC00...0xD7AF, 0xF900...0xFAFF,
            0x20000...0x3FFFF:
            true
        default: false
        }
    }
}
