import CorpusKit

/// What somebody has looked at and found harmless: items that a rule must not find, and texts that are not looked at.
///
/// JSON Lines, each row one of
///
///     {"rule": "word-10", "item": "Pier/1", "benchmark": "pier"}
///     {"sha256": "9f86d081…"}
///
/// The first excuses all fields of an item from one rule; without `benchmark`, the item of that name in all of them.
/// The second excuses a whole message or field, wherever it stands, by the SHA-256 of its UTF-8. Findings name both.
struct Whitelist: Sendable, Hashable {
    private struct Item: Sendable, Hashable {
        let rule: String
        let item: String
        let benchmark: String?
    }

    private var items: Set<Item> = []
    private var texts: Set<String> = []

    /// An empty list.
    init() {}

    /// Reads a file.
    ///
    /// - Throws: ``BadOption`` for `whitelist` that names the line and what is wrong there.
    init(_ file: PluginSetup.File) throws(BadOption) {
        for (index, line) in String(decoding: file.bytes, as: UTF8.self).textLines.enumerated() {
            guard line.contains(where: { !$0.isWhitespace }) else { continue }
            func bad(_ problem: String) -> BadOption {
                BadOption("whitelist", "cannot be used: `\(file.name)` line \(index + 1) \(problem)")
            }
            guard let row = try? JSONValue(parsing: String(line)), let members = row.members else {
                throw bad("is no JSON object")
            }
            if let name = Set(members.keys).subtracting(["rule", "item", "benchmark", "sha256"]).min() {
                throw bad("has the unknown key `\(name)`")
            }
            if let digest = members["sha256"] {
                guard members.count == 1, let hex = digest.text?.lowercased(), hex.count == 64,
                    hex.allSatisfy({ $0.isASCII && $0.isHexDigit })
                else { throw bad("needs `sha256` alone, as 64 hexadecimal digits") }
                texts.insert(hex)
                continue
            }
            guard let rule = members["rule"]?.text, RuleKind.allCases.contains(where: { $0.name == rule })
            else {
                let known = RuleKind.allCases.map { "`\($0.name)`" }.joined(separator: ", ")
                throw bad("needs `rule`, one of \(known)")
            }
            guard let item = members["item"]?.text else { throw bad("needs `item`, the name of an item") }
            items.insert(Item(rule: rule, item: item, benchmark: members["benchmark"]?.text))
        }
    }

    /// Whether a rule must not find an item.
    func excuses(_ rule: RuleKind, benchmark: String, item: String) -> Bool {
        guard !items.isEmpty else { return false }
        return items.contains(Item(rule: rule.name, item: item, benchmark: benchmark))
            || items.contains(Item(rule: rule.name, item: item, benchmark: nil))
    }

    /// Whether a text is not to be looked at.
    func excuses(_ text: String) -> Bool {
        !texts.isEmpty && texts.contains(Digest(of: Array(text.utf8)).description)
    }
}
