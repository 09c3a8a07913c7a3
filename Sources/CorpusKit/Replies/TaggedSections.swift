/// A reply in sections: a line that is exactly `<<<NAME>>>` opens one, which runs to the next such line.
///
/// The shape survives code of any language, which is why methods that get code back ask for it. Names are upper-case
/// ASCII letters, digits, `_` and `-`, starting with a letter. White space at the end of a tag's line is ignored;
/// at its start it is not, so that indented tags stay text.
public struct TaggedSections: Sendable, Hashable {
    /// One section.
    public struct Section: Sendable, Hashable {
        /// The name between the brackets.
        public let name: String
        /// What the section holds, without blank lines at its start and end.
        public let text: String
        /// The tag's line, from 1.
        public let line: Int
    }

    /// What stands before the first tag, without blank lines at its start and end.
    public let preamble: String
    /// The sections in order; a name can come back.
    public let sections: [Section]

    /// Splits a text.
    ///
    /// - Parameters:
    ///   - text: The reply.
    ///   - names: The only names that open a section; other tags stay text. Nil takes every tag.
    public init(parsing text: String, names: Set<String>? = nil) {
        var preamble: [Substring] = []
        var open: (name: String, line: Int, body: [Substring])?
        var sections: [Section] = []
        for (index, line) in text.textLines.enumerated() {
            if let name = Self.name(inTag: line), names?.contains(name) ?? true {
                if let open { sections.append(Self.section(open)) }
                open = (name, index + 1, [])
            } else if open != nil {
                open?.body.append(line)
            } else {
                preamble.append(line)
            }
        }
        if let open { sections.append(Self.section(open)) }
        self.preamble = preamble.withoutBlankEdges
        self.sections = sections
    }

    /// The names in order.
    public var names: [String] { sections.map(\.name) }

    /// The text of the first section with a name, or nil when there is none.
    public subscript(name: String) -> String? { sections.first { $0.name == name }?.text }

    /// The texts of the sections that a reply must have: each exactly once, in this order, none blank.
    ///
    /// Other sections are ignored.
    ///
    /// - Throws: ``Skip`` with `format-broken` that names the first broken rule.
    public func required(_ names: String...) throws(Skip) -> [String] {
        let found = self.names.filter(names.contains)
        guard let missing = names.first(where: { !found.contains($0) }) else {
            guard found == names else {
                throw Skip(
                    "format-broken",
                    "the sections of the reply stand in the wrong order or more than once"
                )
            }
            let texts = names.compactMap { self[$0] }
            guard let blank = zip(names, texts).first(where: { $0.1.isEmpty }) else { return texts }
            throw Skip("format-broken", "the section `\(blank.0)` of the reply is blank")
        }
        throw Skip("format-broken", "the reply has no section `\(missing)`")
    }

    /// The name in a line that is a tag, or nil for any other line.
    static func name(inTag line: Substring) -> String? {
        guard line.hasPrefix("<<<"), let end = line.lastIndex(where: { !$0.isWhitespace }) else { return nil }
        let tag = line[...end]
        guard tag.hasSuffix(">>>"), tag.utf8.count > 6 else { return nil }
        let name = tag.dropFirst(3).dropLast(3)
        guard let first = name.utf8.first, (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(first) else {
            return nil
        }
        let isName = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "_"),
                UInt8(ascii: "-"):
                true
            default: false
            }
        }
        return isName ? String(name) : nil
    }

    private static func section(_ open: (name: String, line: Int, body: [Substring])) -> Section {
        Section(name: open.name, text: open.body.withoutBlankEdges, line: open.line)
    }
}

extension [Substring] {
    /// The lines joined, without blank ones at the start and end.
    fileprivate var withoutBlankEdges: String {
        func isBlank(_ line: Substring) -> Bool { line.allSatisfy(\.isWhitespace) }
        guard let first = firstIndex(where: { !isBlank($0) }), let last = lastIndex(where: { !isBlank($0) })
        else {
            return ""
        }
        return self[first...last].joined(separator: "\n")
    }
}
