package import CorpusDiagnostics
package import CorpusModel

/// A value of a YAML file that knows its place.
package struct ConfigNode: Sendable, Hashable {
    /// What stands there.
    package enum Value: Sendable, Hashable {
        /// A text, and whether it stands in quotes or in a block (then it is never a number or Boolean).
        case scalar(String, isQuoted: Bool)
        case sequence([ConfigNode])
        case mapping([Member])
    }

    /// A key and its value.
    package struct Member: Sendable, Hashable {
        package let key: String
        package let keyLocation: Diagnostic.Location
        package let value: ConfigNode
    }

    package let value: Value
    package let location: Diagnostic.Location

    package init(_ value: Value, at location: Diagnostic.Location) {
        self.value = value
        self.location = location
    }
}

extension ConfigNode {
    /// The members, when this is a mapping.
    package var members: [Member]? {
        guard case .mapping(let members) = value else { return nil }
        return members
    }

    /// The elements, when this is a sequence.
    package var elements: [ConfigNode]? {
        guard case .sequence(let elements) = value else { return nil }
        return elements
    }

    /// The member under a key.
    package subscript(key: String) -> Member? { members?.first { $0.key == key } }

    /// The place of a value below this one: keys and indices separated by `/`, as far down as there is one.
    package func location(of path: String) -> Diagnostic.Location {
        var node = self
        for step in path.split(separator: "/").map(String.init) {
            if let next = node[step]?.value {
                node = next
            } else if let index = Int(step), let elements = node.elements, elements.indices.contains(index) {
                node = elements[index]
            } else {
                break
            }
        }
        return node.location
    }

    /// The value as JSON.
    ///
    /// Plain scalars become numbers, Booleans and null only when JSON would write them so: `yes` is a text,
    /// `08` is a text, `1_000` is a number.
    package var json: JSONValue {
        switch value {
        case .sequence(let elements): .array(elements.map(\.json))
        case .mapping(let members):
            .object(Dictionary(members.map { ($0.key, $0.value.json) }) { first, _ in first })
        case .scalar(let text, isQuoted: true): .string(text)
        case .scalar(let text, isQuoted: false): Self.plain(text)
        }
    }

    private static func plain(_ text: String) -> JSONValue {
        switch text {
        case "true": return .bool(true)
        case "false": return .bool(false)
        case "", "null", "~": return .null
        default: break
        }
        let digits = text.filter { $0 != "_" }
        let looksGrouped = text.contains("_") && text.allSatisfy { $0.isNumber || $0 == "_" || $0 == "-" }
        guard let number = try? JSONValue(parsing: looksGrouped ? digits : text), number.real != nil else {
            return .string(text)
        }
        return number
    }

    /// What stands there, for messages.
    package var kindName: String {
        switch value {
        case .sequence: "a list"
        case .mapping: "a mapping"
        case .scalar: json.kindName
        }
    }
}
