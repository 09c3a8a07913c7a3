import CorpusKit

/// Compares what a program printed with what it should have printed.
enum OutputComparison {
    /// Whether two outputs count as equal, white space at the ends of lines and of the whole aside.
    ///
    /// `float` also takes numbers, word by word, that are close; `unordered` takes lines in any order.
    static func matches(_ output: [UInt8], _ expected: String, by comparison: TestSuite.Comparison) -> Bool {
        let (mine, theirs) = (lines(of: output), lines(of: Array(expected.utf8)))
        switch comparison {
        case .exact: return mine.elementsEqual(theirs) { $0 == $1 }
        case .unordered:
            let order: (ArraySlice<UInt8>, ArraySlice<UInt8>) -> Bool = { $0.lexicographicallyPrecedes($1) }
            return mine.sorted(by: order).elementsEqual(theirs.sorted(by: order)) { $0 == $1 }
        case .float: return mine.elementsEqual(theirs, by: isClose)
        }
    }

    /// Lines without the white space that ends them, and without empty lines at the end.
    private static func lines(of text: [UInt8]) -> [ArraySlice<UInt8>] {
        var lines = text.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for index in lines.indices {
            while let last = lines[index].last, isSpace(last) { lines[index].removeLast() }
        }
        while lines.last?.isEmpty == true { lines.removeLast() }
        return lines
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    private static func isClose(_ left: ArraySlice<UInt8>, _ right: ArraySlice<UInt8>) -> Bool {
        left.split(whereSeparator: isSpace).elementsEqual(right.split(whereSeparator: isSpace)) {
            mine,
            theirs in
            if mine == theirs { return true }
            guard let mine = number(mine), let theirs = number(theirs) else { return false }
            return Answer.isClose(mine, to: theirs)
        }
    }

    /// Decimal numbers only: Swift also reads `nan`, `inf` and hexadecimal floats.
    private static func number(_ word: ArraySlice<UInt8>) -> Double? {
        let allowed = word.allSatisfy { (0x30...0x39).contains($0) || "+-.eE".utf8.contains($0) }
        return allowed ? Double(String(decoding: word, as: UTF8.self)) : nil
    }
}
