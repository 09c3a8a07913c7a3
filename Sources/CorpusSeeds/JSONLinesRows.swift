import CorpusKit
import CorpusText

/// The lines of several files that hold more than white space, one after the other.
struct LineCursor {
    private let files: [SourceFile]
    private var index = 0
    private var reader: LineReader?

    init(files: [SourceFile]) { self.files = files }

    mutating func next() throws(ResourceProblem) -> (file: SourceFile, line: Line)? {
        while index < files.count {
            let file = files[index]
            if let line = try advance(in: file) { return (file, line) }
            reader = nil
            index += 1
        }
        return nil
    }

    private mutating func advance(in file: SourceFile) throws(ResourceProblem) -> Line? {
        var reader = self.reader
        defer { self.reader = reader }
        return try ResourceProblem.naming(file) { () throws(FileProblem) in
            if reader == nil { reader = try LineReader(path: file.path) }
            while let line = try reader?.next() {
                if !line.isBlank { return line }
            }
            return nil
        }
    }
}

/// The rows of several files, one at a time.
struct JSONLinesCursor {
    private var lines: LineCursor
    private let reading: JSONLinesReading
    private var left: Int

    /// Starts before the first row; gives at most `take` rows, or all when that is 0.
    init(files: [SourceFile], reading: JSONLinesReading, take: Int) {
        lines = LineCursor(files: files)
        self.reading = reading
        left = take == 0 ? .max : take
    }

    mutating func next() throws(ResourceProblem) -> SourceRow? {
        guard left > 0, let (file, line) = try lines.next() else { return nil }
        left -= 1
        return reading.row(from: line, of: file)
    }
}

/// Rows pulled one at a time; each iteration starts at the first file.
struct JSONLinesRows: AsyncSequence {
    let cursor: JSONLinesCursor

    func makeAsyncIterator() -> AsyncIterator { AsyncIterator(cursor: cursor) }

    struct AsyncIterator: AsyncIteratorProtocol {
        var cursor: JSONLinesCursor

        mutating func next() async throws -> SourceRow? {
            try Task.checkCancellation()
            return try cursor.next()
        }
    }
}

/// Makes a seed of a line, or says why there is none.
struct JSONLinesReading: Sendable {
    /// The recipe's name for the source.
    let source: String
    /// Our name to theirs.
    let renames: [String: String]
    /// Sorted, so that the first one missing is the same on every machine.
    let required: [String]
    let licence: String?
    let licenceNames: [String]

    func row(from line: Line, of file: SourceFile) -> SourceRow {
        let origin = Origin(source: source, path: file.name, line: line.number)
        do throws(Refusal) {
            let (content, licence) = try content(of: members(of: line))
            let id = ItemKey(deriving: [content.json.canonical]).description
            return .seed(Seed(id: id, content: content, origin: origin, licence: licence))
        } catch {
            return .unreadable(UnreadableRow(origin: origin, reason: error.reason, message: error.message))
        }
    }

    private struct Refusal: Error {
        let reason: ReasonCode
        let message: String
    }

    private func members(of line: Line) throws(Refusal) -> [String: JSONValue] {
        if let bytes = line.skippedBytes {
            throw Refusal(
                reason: "unreadable-row",
                message: "the line has \(bytes) bytes, more than the limit of \(LineReader.defaultLimit)"
            )
        }
        do throws(UTF8.ValidationError) {
            _ = try UTF8Span(validating: line.bytes.span)
        } catch {
            throw Refusal(
                reason: "not-utf8",
                message: "the line is not valid UTF-8 at byte \(error.byteOffsets.lowerBound)"
            )
        }
        let value: JSONValue
        do throws(JSONError) {
            value = try JSONValue(parsing: line.bytes)
        } catch {
            let first = line.bytes.first { $0 != 0x20 && $0 != 0x09 }
            let isObject = first == UInt8(ascii: "{")
            throw Refusal(
                reason: "unreadable-row",
                message: isObject
                    ? "the line is not JSON: \(error)"
                    : "the line is no JSON object: it begins with something else than `{`, as plain text does"
            )
        }
        guard let members = value.members else {
            let offset = line.bytes.prefix { $0 == 0x20 || $0 == 0x09 }.count
            throw Refusal(
                reason: "unreadable-row",
                message: "expected an object, found \(value.kindName) at byte \(offset)"
            )
        }
        return members.filter { $0.value != .null }
    }

    private func content(of members: [String: JSONValue]) throws(Refusal) -> (Content, licence: String?) {
        var content = Content(fields: members)
        for theirs in renames.values { content.fields[theirs] = nil }
        for (ours, theirs) in renames.sorted(by: { $0.key < $1.key }) {
            guard let value = members[theirs] else {
                throw Refusal(
                    reason: "missing-field",
                    message: "the row has no `\(theirs)`, which `fields` renames to `\(ours)`"
                )
            }
            content.fields[ours] = value
        }
        if let labels = content.fields["labels"]?.members {
            content.labels = labels
            content.fields["labels"] = nil
        }
        if let turns = content.fields["messages"]?.elements, !turns.isEmpty {
            let messages = turns.compactMap(Message.init(json:))
            if messages.count == turns.count {
                content.messages = messages
                content.fields["messages"] = nil
            }
        }
        var licence = licence
        for name in licenceNames {
            guard let stated = content.fields[name]?.text else { continue }
            content.fields[name] = nil
            if !stated.isEmpty { licence = stated }
            break
        }
        for name in required { try check(name, in: content) }
        return (content, licence)
    }

    private func check(_ name: String, in content: Content) throws(Refusal) {
        if name == "messages", !content.messages.isEmpty { return }
        guard let value = content.fields[name] else {
            throw Refusal(reason: "missing-field", message: "the row has no field `\(name)`")
        }
        if let text = value.text, text.allSatisfy(\.isWhitespace) {
            throw Refusal(reason: "missing-field", message: "the field `\(name)` is blank")
        }
    }
}
