import CorpusModel
import CorpusText
import Foundation

/// Requests and their replies in a file of their own, to carry from one ledger to another.
///
/// JSON Lines, packed with zstd or plain: a header with the format's version, one reply a line sorted by key, and a last
/// line that says how many there are. Each line carries a digest of itself. It holds what was asked and answered and
/// nothing else: no key, no address, no price, no time. Equal replies give equal bytes.
package struct Cassette: Sendable {
    /// The format's version that this program writes.
    static let version = 1
    private static let format = "corpusmith-cassette"

    /// The file.
    package let path: String

    /// Finds the cassette in a folder.
    ///
    /// - Throws: ``CassetteProblem`` with `cassette-missing` when there is none.
    package init(in folder: String) throws(CassetteProblem) {
        let candidates = [Self.path(in: folder), folder + "/cassette.jsonl"]
        guard let found = candidates.first(where: FileManager.default.fileExists) else {
            throw CassetteProblem(
                .missing,
                "there is no cassette in `\(folder)`: neither `cassette.jsonl.zst` nor `cassette.jsonl`",
                hint: "name a folder that `corpusmith run --record` wrote to"
            )
        }
        path = found
    }

    /// Takes a file of any name.
    ///
    /// - Throws: ``CassetteProblem`` with `cassette-missing` when there is none.
    package init(file: String) throws(CassetteProblem) {
        guard FileManager.default.fileExists(atPath: file) else {
            throw CassetteProblem(
                .missing,
                "there is no cassette `\(file)`",
                hint: "name a file that `corpusmith ledger export` or `run --record` wrote"
            )
        }
        path = file
    }

    /// Whether a file begins as a cassette does, of whatever version.
    package static func isOne(_ file: String) -> Bool {
        guard var reader = try? LineReader(path: file, limit: 1024), let first = try? reader.next() else {
            return false
        }
        return (try? JSONValue(parsing: first.bytes))?["format"]?.text == format
    }

    /// Where a cassette is written to.
    static func path(in folder: String) -> String { folder + "/cassette.jsonl.zst" }

    /// Reads the whole cassette.
    ///
    /// Whoever must not act on half a cassette reads it twice: a fault at its end is found at its end.
    ///
    /// - Parameter body: Given each reply with its request.
    /// - Returns: How many replies there are.
    /// - Throws: ``CassetteProblem`` that names file and line, and what `body` throws.
    @discardableResult
    package func read(_ body: (CallRecord) async throws -> Void) async throws -> Int {
        do {
            return try await replies(body)
        } catch let problem as FileProblem {
            throw CassetteProblem(.damaged, problem.description, hint: Self.another)
        }
    }

    private func replies(_ body: (CallRecord) async throws -> Void) async throws -> Int {
        var reader = try LineReader(path: path)
        guard let header = try reader.next() else { throw fault(1, .foreign, "is empty and no cassette") }
        try check(header)
        var count = 0
        var last: ItemKey?
        var line = header.number
        while let next = try reader.next() {
            line = next.number
            let members = try members(of: next)
            if let stated = members["replies"] {
                guard stated == .int(count) else {
                    throw fault(line, .damaged, "ends with another count of replies")
                }
                guard try reader.next() == nil else {
                    throw fault(line + 1, .damaged, "goes on behind its end")
                }
                return count
            }
            guard let call = CallRecord(cassette: members) else {
                throw fault(line, .damaged, "holds something that is no reply")
            }
            guard call.request.key == call.key else {
                throw fault(line, .damaged, "holds a request under another's key")
            }
            guard last.map({ $0 < call.key }) ?? true else {
                throw fault(line, .damaged, "is not sorted by key")
            }
            try await body(call)
            last = call.key
            count += 1
        }
        throw fault(line + 1, .damaged, "ends before its last line")
    }

    private func check(_ line: Line) throws(CassetteProblem) {
        let header = try? JSONValue(parsing: String(decoding: line.bytes, as: UTF8.self))
        guard header?["format"]?.text == Self.format, let version = header?["version"]?.whole else {
            throw fault(1, .foreign, "is no cassette")
        }
        guard version == Self.version else {
            throw CassetteProblem(
                .newer,
                "\(path):1: the cassette has version \(version); this program reads \(Self.version)",
                hint: "use the newer corpusmith that wrote it"
            )
        }
    }

    /// A line's members, once its digest was found right.
    private func members(of line: Line) throws(CassetteProblem) -> [String: JSONValue] {
        guard line.skippedBytes == nil, let text = String(validating: line.bytes, as: UTF8.self),
            var members = try? JSONValue(parsing: text).members
        else { throw fault(line.number, .damaged, "cannot be read") }
        let stated = members.removeValue(forKey: "check")
        guard stated == .string(Self.checksum(members)) else {
            throw fault(line.number, .damaged, "was changed or damaged")
        }
        return members
    }

    private func fault(_ line: Int, _ code: CassetteProblem.Code, _ what: String) -> CassetteProblem {
        CassetteProblem(code, "\(path):\(line): the cassette \(what) here", hint: Self.another)
    }

    private static let another =
        "fetch it again, or record it anew with `corpusmith run --record` or `corpusmith ledger export`"

    // MARK: - Writing

    /// The text of the first line.
    static var header: [UInt8] { line(["format": .string(format), "version": .int(version)]) }

    /// The text of the last line.
    static func end(_ count: Int) -> [UInt8] { checked(["replies": .int(count)]) }

    /// The text of one reply's line.
    static func line(of call: CallRecord) throws -> [UInt8] {
        let usage = call.reply.usage.map { usage -> JSONValue in
            [
                "input": .int(usage.input), "cached_input": .int(usage.cachedInput),
                "output": .int(usage.output),
            ]
        }
        return try checked([
            "key": .string(call.key.description), "model": .string(call.model),
            "request": call.request.value(),
            "reply": call.reply.body, "finish": .string(call.reply.finish.rawValue), "usage": usage ?? .null,
        ])
    }

    private static func checked(_ members: [String: JSONValue]) -> [UInt8] {
        var members = members
        members["check"] = .string(checksum(members))
        return line(members)
    }

    private static func line(_ members: [String: JSONValue]) -> [UInt8] {
        var bytes: [UInt8] = []
        JSONValue.object(members).write(to: &bytes)
        return bytes + [UInt8(ascii: "\n")]
    }

    private static func checksum(_ members: [String: JSONValue]) -> String {
        String(Digest(of: JSONValue.object(members)).description.prefix(16))
    }
}

extension CallRecord {
    /// A reply that costs nothing, from a line of a cassette; nil when the line is not one.
    fileprivate init?(cassette members: [String: JSONValue]) {
        guard let key = members["key"]?.text.flatMap(ItemKey.init(hex:)), let model = members["model"]?.text,
            let request = members["request"], let body = members["reply"], body.members != nil,
            let finish = members["finish"]?.text
        else { return nil }
        var usage: TokenUsage?
        if let counts = members["usage"], let input = counts["input"]?.whole,
            let output = counts["output"]?.whole
        {
            usage = TokenUsage(input: input, cachedInput: counts["cached_input"]?.whole ?? 0, output: output)
        }
        self.init(
            key: key,
            model: model,
            endpoint: "cassette",
            request: CanonicalJSON(request),
            reply: ModelReply(
                body: body,
                finish: ModelReply.Finish(rawValue: finish) ?? .other,
                usage: usage,
                milliseconds: 0
            ),
            attempts: 0,
            booked: 0,
            cost: 0,
            buyer: Buyer(role: model, stage: nil)
        )
    }
}

/// A cassette that cannot be used.
package struct CassetteProblem: Error, Sendable, Hashable, CustomStringConvertible {
    /// What went wrong, for programs.
    package enum Code: String, Sendable, Hashable {
        /// It is not there.
        case missing = "cassette-missing"
        /// The file is none.
        case foreign = "cassette-foreign"
        /// A newer program wrote it.
        case newer = "cassette-newer"
        /// A part of it is lost or changed.
        case damaged = "cassette-damaged"
    }

    package let code: Code
    /// One sentence without a full stop; names file and line.
    package let description: String
    package let hint: String?

    init(_ code: Code, _ description: String, hint: String?) {
        self.code = code
        self.description = description
        self.hint = hint
    }
}
