import CorpusKit

/// The text of a benchmark, cut into items and fields, before it is turned into fingerprints.
struct BenchmarkText {
    /// One problem of a benchmark.
    struct Item {
        let name: String
        /// Field name to text; a field that the row does not have is missing.
        var texts: [String: String]
    }

    /// How a field is compared.
    enum FieldRole {
        /// By its words, and where it holds a program by its tokens.
        case words
        /// Line by line: tests are full of number runs that mean nothing.
        case tests

        /// Reads the role off the field's name.
        init(field: String) { self = field.lowercased().contains("test") ? .tests : .words }
    }

    /// The benchmark's name.
    let name: String
    /// In the order in which they were read.
    private(set) var items: [Item] = []
    /// In the order of a field map, or of first appearance.
    private(set) var fields: [String] = []

    init(name: String) { self.name = name }
}

extension BenchmarkText {
    /// Adds the string fields of a row; those of nested arrays and objects are joined line by line.
    mutating func add(row: JSONValue, named name: String) {
        guard let members = row.members else { return }
        var texts: [String: String] = [:]
        for field in members.keys.sorted() {
            let text = Self.strings(in: members[field, default: .null]).joined(separator: "\n")
            if !text.isEmpty { add(text, field: field, to: &texts) }
        }
        items.append(Item(name: name, texts: texts))
    }

    /// Adds a text that is an item of its own.
    mutating func add(text: String, named name: String) {
        var texts: [String: String] = [:]
        add(text, field: "text", to: &texts)
        items.append(Item(name: name, texts: texts))
    }

    /// Adds the mapped fields of a row.
    ///
    /// - Throws: ``FingerprintProblem`` when a field that is mapped is missing or holds no text.
    mutating func add(row: JSONValue, mappedBy map: FingerprintRequest, line: Int) throws(FingerprintProblem)
    {
        guard let members = row.members else {
            throw FingerprintProblem("line \(line) holds \(row.kindName) where an object should stand")
        }
        var texts: [String: String] = [:]
        for field in map.fields {
            guard let value = members[field] else {
                throw FingerprintProblem(
                    "line \(line) has no field `\(field)`",
                    hint: "its fields are \(members.keys.sorted().map { "`\($0)`" }.joined(separator: ", "))"
                )
            }
            let text = Self.strings(in: value).joined(separator: "\n")
            add(Self.unaliased(text, by: map.aliases, in: members, field: field), field: field, to: &texts)
        }
        items.append(Item(name: Self.itemName(members[map.id ?? ""], line: line), texts: texts))
    }

    /// The name of an item: the id that its row gives, or its line.
    static func itemName(_ id: JSONValue?, line: Int) -> String {
        switch id {
        case .string(let text): text
        case .int(let number): String(number)
        case .largeInt(let number): number.description
        default: "line \(line)"
        }
    }

    private mutating func add(_ text: String, field: String, to texts: inout [String: String]) {
        if !fields.contains(field) { fields.append(field) }
        texts[field] = text
    }

    /// Tests that call their subject by a stand-in name are also found under the name that the row gives it.
    private static func unaliased(
        _ text: String,
        by aliases: [String: String],
        in members: [String: JSONValue],
        field: String
    ) -> String {
        guard FieldRole(field: field) == .tests else { return text }
        var result = text
        for (standIn, nameField) in aliases.sorted(by: { $0.key < $1.key }) {
            guard let name = members[nameField]?.text else { continue }
            result +=
                "\n"
                + text.split(separator: standIn, omittingEmptySubsequences: false).joined(separator: name)
        }
        return result
    }

    /// Every string in a value, in order.
    private static func strings(in value: JSONValue) -> [String] {
        switch value {
        case .string(let text): [text]
        case .array(let elements): elements.flatMap(strings)
        case .object(let members): members.keys.sorted().flatMap { strings(in: members[$0, default: .null]) }
        case .null, .bool, .int, .largeInt, .double: []
        }
    }
}
