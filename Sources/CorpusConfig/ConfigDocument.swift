package import CorpusDiagnostics
import Yams

/// A YAML file, read once, with its text kept for diagnostics.
package struct ConfigDocument: Sendable {
    /// The path as the user gave it.
    package let file: String
    /// The whole text, without a byte order mark and with `\n` at the end of every line.
    package let text: String
    /// The top of the file.
    package let root: ConfigNode

    /// Parses a YAML text.
    ///
    /// - Throws: One ``Diagnostic`` when the text is no YAML: bad indentation, tabs, an open quote, an unknown
    ///   alias, a key that stands twice.
    package init(file: String, text: String) throws(Diagnostic) {
        let text = text.plainLines
        self.file = file
        self.text = text
        let node: Node?
        do {
            node = try Yams.compose(yaml: text)
        } catch let error as YamlError {
            throw Diagnostic(error, file: file, text: text)
        } catch {
            throw Diagnostic(
                "invalid-yaml",
                "the file is not YAML",
                at: Diagnostic.Location(file: file, line: 1, column: 1)
            )
        }
        guard let node else {
            throw Diagnostic(
                "empty-file",
                "the file is empty",
                at: Diagnostic.Location(file: file, line: 1, column: 1),
                hint: "copy a recipe to start from: `corpusmith init NAME`"
            )
        }
        var room = Self.mostValues
        root = ConfigNode(node, places: Places(file: file, text: text), room: &room)
        guard room > 0 else {
            throw Diagnostic(
                "too-large",
                "the file holds more than \(Self.mostValues) values once its aliases are written out",
                at: Diagnostic.Location(file: file, line: 1, column: 1),
                hint: "aliases of aliases multiply: write the values themselves"
            )
        }
    }

    /// How many keys and values a file may hold; a hundred lines of aliases can stand for billions.
    private static let mostValues = 100_000
}

/// Turns the parser's marks (lines, Unicode scalars) into places as people count them (lines, characters).
private struct Places {
    let file: String
    let lines: [Substring]

    init(file: String, text: String) {
        self.file = file
        lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    }

    func place(line: Int, column: Int, length: Int = 1) -> Diagnostic.Location {
        let line = min(max(1, line), max(1, lines.count))
        let scalars = (lines.isEmpty ? "" : lines[line - 1]).unicodeScalars.prefix(max(0, column - 1))
        return Diagnostic.Location(
            file: file,
            line: line,
            column: String(String.UnicodeScalarView(scalars)).count + 1,
            length: max(1, length)
        )
    }

    func place(_ mark: Mark?, length: Int = 1) -> Diagnostic.Location {
        place(line: mark?.line ?? 1, column: mark?.column ?? 1, length: length)
    }
}

extension ConfigNode {
    /// Turns a parsed node into one of ours; `room` is how many values may still come, and nothing is read at 0.
    fileprivate init(_ node: Node, places: Places, room: inout Int) {
        room -= 1
        switch node {
        case .scalar(let scalar):
            let isPlain = scalar.style == .plain || scalar.style == .any
            let isBlock = scalar.style == .literal || scalar.style == .folded
            let firstLine = scalar.string.prefix { $0 != "\n" }
            let length = isBlock ? 1 : firstLine.count + (isPlain ? 0 : 2)
            self.init(
                .scalar(scalar.string, isQuoted: !isPlain),
                at: places.place(node.mark, length: length)
            )
        case .sequence(let sequence):
            var elements: [ConfigNode] = []
            for element in sequence where room > 0 {
                elements.append(ConfigNode(element, places: places, room: &room))
            }
            self.init(.sequence(elements), at: places.place(node.mark))
        case .mapping(let mapping):
            var members: [Member] = []
            for (key, value) in mapping where room > 0 {
                let length = key.string?.count ?? 1
                members.append(
                    Member(
                        key: key.string ?? "",
                        keyLocation: places.place(key.mark, length: length),
                        value: ConfigNode(value, places: places, room: &room)
                    )
                )
            }
            self.init(.mapping(members), at: places.place(node.mark))
        case .alias: self.init(.scalar("", isQuoted: false), at: places.place(node.mark))
        }
    }
}

extension Diagnostic {
    fileprivate init(_ error: YamlError, file: String, text: String) {
        let places = Places(file: file, text: text)
        switch error {
        case .scanner(let context, let problem, let mark, _), .parser(let context, let problem, let mark, _),
            .composer(let context, let problem, let mark, _):
            let setting = context.map { " (\($0.text.trimmedDescription))" } ?? ""
            self.init(
                "invalid-yaml",
                "\(problem)\(setting)",
                at: places.place(mark),
                hint: text.contains("\t") ? "YAML is indented with spaces, never with tabs" : nil
            )
        case .reader(let problem, let offset, _, _):
            let before = text.unicodeScalars.prefix(offset ?? 0)
            let line = before.count { $0 == "\n" } + 1
            self.init("invalid-yaml", problem, at: places.place(line: line, column: 1))
        case .duplicatedKeysInMapping(let keys, let context):
            let key = keys.first ?? ""
            self.init(
                "duplicate-key",
                "the key `\(key)` stands twice in one mapping",
                at: Self.second(key, from: places.place(context.mark), in: text),
                hint: "rename or remove one of them"
            )
        default:
            self.init("invalid-yaml", "the file is not YAML", at: Location(file: file, line: 1, column: 1))
        }
    }

    /// Yams points at the mapping; people look for the second key.
    private static func second(_ key: String, from start: Location, in text: String) -> Location {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        var seen = 0
        for (index, line) in lines.enumerated().dropFirst(start.line - 1) {
            var column = 1
            var rest = Substring(line)
            while let range = rest.firstRange(of: "\(key):") {
                let before = rest[..<range.lowerBound].last
                let at = column + rest.distance(from: rest.startIndex, to: range.lowerBound)
                if before.map({ " {,".contains($0) }) ?? true {
                    seen += 1
                    if seen == 2 {
                        return Location(
                            file: start.file,
                            line: index + 1,
                            column: at,
                            length: max(1, key.count)
                        )
                    }
                }
                column = at + key.count + 1
                rest = rest[range.upperBound...]
            }
        }
        return start
    }
}

extension String {
    /// The text as other systems' editors would not have written it: no byte order mark, no carriage returns.
    fileprivate var plainLines: String {
        guard unicodeScalars.first == "\u{FEFF}" || utf8.contains(UInt8(ascii: "\r")) else { return self }
        var bytes = Array(utf8)
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes.removeFirst(3) }
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        for (index, byte) in bytes.enumerated() {
            switch byte {
            case UInt8(ascii: "\n") where index > 0 && bytes[index - 1] == UInt8(ascii: "\r"): continue
            case UInt8(ascii: "\r"): result.append(UInt8(ascii: "\n"))
            default: result.append(byte)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    fileprivate var trimmedDescription: String {
        split(whereSeparator: \.isNewline).joined(separator: " ")
    }
}
