import CorpusKit
import CorpusPipeline
import Foundation

/// Numbers as people read them.
enum Amount {
    /// `1,234`.
    static func count(_ value: Int) -> String {
        var digits = String(abs(value))
        var groups: [String] = []
        while digits.count > 3 {
            groups.insert(String(digits.suffix(3)), at: 0)
            digits.removeLast(3)
        }
        return (value < 0 ? "-" : "") + ([digits] + groups).joined(separator: ",")
    }

    /// `1 call`, `1,234 calls`.
    static func count(_ value: Int, _ noun: String, _ plural: String? = nil) -> String {
        "\(count(value)) \(nounOf(value, noun, plural))"
    }

    /// `1 call`, `35 k calls`.
    static func short(_ value: Int, _ noun: String, _ plural: String? = nil) -> String {
        "\(short(value)) \(nounOf(value, noun, plural))"
    }

    /// `1.2 M`, `35 k`, `812`.
    static func short(_ value: Int) -> String {
        switch value {
        case ..<10_000: count(value)
        case ..<1_000_000: "\(value / 1000) k"
        default: String(format: "%.1f M", Double(value) / 1e6)
        }
    }

    /// Billionths of a US dollar as `$1.02`, more digits below a cent; `unknown` for nil.
    static func dollars(_ nano: Int?) -> String {
        guard let nano else { return "unknown" }
        let value = Double(nano) / 1e9
        return nano == 0
            ? "$0" : value < 0.01 ? String(format: "$%.6f", value) : String(format: "$%.2f", value)
    }

    /// `0:41`, `1:02:09`.
    static func time(_ seconds: Double) -> String {
        let total = Int(seconds.rounded())
        let (hours, minutes, rest) = (total / 3600, total / 60 % 60, total % 60)
        return hours > 0
            ? String(format: "%d:%02d:%02d", hours, minutes, rest) : String(format: "%d:%02d", minutes, rest)
    }
}

/// Aligned columns of text.
struct TextTable {
    private var rows: [[String]] = []
    private let right: Set<Int>

    /// - Parameter right: Columns whose texts end at the same place.
    init(right: Set<Int> = []) { self.right = right }

    mutating func add(_ cells: String...) { rows.append(cells) }

    mutating func add(cells: [String]) { rows.append(cells) }

    /// The lines, without trailing space.
    var lines: [String] {
        let columns = rows.map(\.count).max() ?? 0
        let widths = (0..<columns).map { column in
            rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0
        }
        return rows.map { row in
            let cells = row.enumerated().map { column, cell in
                let space = String(repeating: " ", count: widths[column] - cell.count)
                return right.contains(column) ? space + cell : cell + space
            }
            var line = cells.joined(separator: "  ")
            while line.last == " " { line.removeLast() }
            return line
        }
    }
}
