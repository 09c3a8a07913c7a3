/// Where a seed was found.
public struct Origin: Sendable, Hashable {
    /// The recipe's name for the source.
    public var source: String
    /// The file, as the recipe's author would write it; nil when the source has no files.
    public var path: String?
    /// The first line, from 1; nil when lines mean nothing there.
    public var line: Int?

    /// Creates an origin.
    public init(source: String, path: String? = nil, line: Int? = nil) {
        self.source = source
        self.path = path
        self.line = line
    }

    /// `path:line`, or as much of it as there is.
    public var description: String {
        guard let path else { return source }
        return line.map { "\(path):\($0)" } ?? path
    }

    /// The origin as one JSON object.
    public var json: JSONValue {
        [
            "source": .string(source), "path": path.map(JSONValue.string) ?? .null,
            "line": line.map(JSONValue.int) ?? .null,
        ]
    }

    /// Reads what ``json`` wrote, or nil when it has another shape.
    public init?(json: JSONValue) {
        guard let source = json["source"]?.text else { return nil }
        self.init(source: source, path: json["path"]?.text, line: json["line"]?.whole)
    }
}

/// One input of a generator, with its licence and origin.
///
/// A seed comes from a source, or is a draft or sample of an earlier stage read through its named fields.
public struct Seed: Sendable, Hashable, Identifiable {
    /// Names this seed within its run; equal for equal input, on every machine.
    public let id: String
    /// What it says.
    public let content: Content
    /// Where it was found.
    public let origin: Origin
    /// SPDX identifier of the licence that the source states, or nil where none is known.
    public let licence: String?

    /// Creates a seed.
    public init(id: String, content: Content, origin: Origin, licence: String? = nil) {
        self.id = id
        self.content = content
        self.origin = origin
        self.licence = licence
    }

    /// Creates a seed from fields alone; for self-checks and tests.
    public init(id: String, fields: [String: JSONValue], labels: [String: JSONValue] = [:]) {
        self.init(id: id, content: Content(fields: fields, labels: labels), origin: Origin(source: "check"))
    }
}

/// A seed lacks a field that a plug-in needs, or the field has another type.
public struct SeedProblem: Error, Sendable, Hashable, CustomStringConvertible {
    /// The seed's id.
    public let seed: String
    /// The field's name.
    public let field: String
    /// One sentence without a full stop.
    public let description: String

    /// Creates a problem with a field of a seed.
    public init(seed: String, field: String, _ description: String) {
        self.seed = seed
        self.field = field
        self.description = description
    }
}

extension Seed {
    /// The text of a field.
    ///
    /// - Throws: ``SeedProblem`` when the field is missing, blank or no string.
    public func text(_ field: String) throws(SeedProblem) -> String {
        guard let value = content.fields[field], value != .null else {
            throw SeedProblem(seed: id, field: field, "the seed has no field `\(field)`")
        }
        guard let text = value.text else {
            throw SeedProblem(seed: id, field: field, "`\(field)` must be a string, not \(value.kindName)")
        }
        guard text.contains(where: { !$0.isWhitespace }) else {
            throw SeedProblem(seed: id, field: field, "`\(field)` is blank")
        }
        return text
    }

    /// The text of a field, or nil when the field is missing, blank or no string.
    public func optionalText(_ field: String) -> String? { try? text(field) }
}

/// One row of a source: a seed, or what was wrong with the row.
public enum SourceRow: Sendable, Hashable {
    /// A readable row.
    case seed(Seed)
    /// A row that could not be read; it is booked and the rest goes on.
    case unreadable(UnreadableRow)
    /// A row that can be read and that the recipe does not take; it is booked as dropped.
    case refused(UnreadableRow)
}

/// A row of a source that could not be read, or is not taken.
public struct UnreadableRow: Sendable, Hashable {
    /// The file and line.
    public let origin: Origin
    /// `unreadable-row`, `not-utf8`, `missing-field` and the like; `licence` where the recipe does not take it.
    public let reason: ReasonCode
    /// One sentence without a full stop.
    public let message: String

    /// Creates the record of an unreadable row.
    public init(origin: Origin, reason: ReasonCode, message: String) {
        self.origin = origin
        self.reason = reason
        self.message = message
    }
}
