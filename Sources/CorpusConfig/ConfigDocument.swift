package import CorpusDiagnostics
import Yams

/// A YAML file, read once, with its text kept for diagnostics.
package struct ConfigDocument: Sendable {
    /// The path as the user gave it.
    package let file: String
    /// The whole text.
    package let text: String
    /// The top of the file.
    package let root: ConfigNode

    /// Parses a YAML text.
    ///
    /// - Throws: One ``Diagnostic`` when the text is no YAML: bad indentation, tabs, an open quote, an unknown
    ///   alias, a key that stands twice.
    package init(file: String, text: String) throws(Diagnostic) {
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
        root = ConfigNode(node, places: Places(file: file, text: text))
    }
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
    fileprivate init(_ node: Node, places: Places) {
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
            self.init(
                .sequence(sequence.map { ConfigNode($0, places: places) }),
                at: places.place(node.mark)
            )
        case .mapping(let mapping):
            let members = mapping.map { key, value in
                let length = key.string?.count ?? 1
                return Member(
                    key: key.string ?? "",
                    keyLocation: places.place(key.mark, length: length),
                    value: ConfigNode(value, places: places)
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
    fileprivate var trimmedDescription: String {
        split(whereSeparator: \.isNewline).joined(separator: " ")
    }
}
