/// Why a candidate was dropped or failed: kebab-case, stable, counted by the report.
public struct ReasonCode: Sendable, Hashable, Comparable, CustomStringConvertible, ExpressibleByStringLiteral
{
    /// The code itself.
    public let description: String

    /// Wraps a code.
    ///
    /// - Precondition: lower-case letters, digits and single hyphens, starting with a letter.
    public init(_ code: String) {
        precondition(Self.isWellFormed(code), "`\(code)` is no reason code: use kebab-case")
        description = code
    }

    /// Wraps a code.
    public init(stringLiteral value: String) { self.init(value) }

    /// Whether a text may be a reason code.
    public static func isWellFormed(_ code: String) -> Bool {
        let parts = code.split(separator: "-", omittingEmptySubsequences: false)
        return code.first?.isLetter == true
            && parts.allSatisfy { part in
                !part.isEmpty && part.allSatisfy { $0.isASCII && ($0.isLowercase || $0.isNumber) }
            }
    }

    /// Orders by bytes.
    public static func < (left: ReasonCode, right: ReasonCode) -> Bool {
        left.description < right.description
    }
}

/// What a check found about one exact content.
public struct Evidence: Sendable, Hashable {
    /// How the check ended.
    public enum Outcome: String, Sendable, Hashable {
        case pass, fail, unsure
    }

    /// The check's name, for example `tests` or `pass-rate`.
    public var check: String
    /// How it ended.
    public var outcome: Outcome
    /// A figure, where the check gives one.
    public var score: Double?
    /// Everything worth keeping: counts, matched spans, the rival.
    ///
    /// Holds no key and no prompt.
    public var detail: [String: JSONValue]
    /// The ``Content/id`` of exactly what was checked.
    ///
    /// Evidence about other content is stale.
    public var subject: String

    /// Creates evidence.
    public init(
        _ check: String,
        _ outcome: Outcome,
        about subject: String,
        score: Double? = nil,
        detail: [String: JSONValue] = [:]
    ) {
        self.check = check
        self.outcome = outcome
        self.score = score
        self.detail = detail
        self.subject = subject
    }

    /// The evidence as one JSON object.
    public var json: JSONValue {
        [
            "check": .string(check), "outcome": .string(outcome.rawValue),
            "score": score.map(JSONValue.number) ?? .null, "detail": .object(detail),
            "subject": .string(subject),
        ]
    }

    /// Appends the canonical text of ``json``.
    package func write(to bytes: inout [UInt8]) {
        bytes.append(contentsOf: #"{"check":"#.utf8)
        JSONValue.string(check).write(to: &bytes)
        bytes.append(contentsOf: #","detail":"#.utf8)
        JSONValue.object(detail).write(to: &bytes)
        bytes.append(contentsOf: #","outcome":"#.utf8)
        JSONValue.string(outcome.rawValue).write(to: &bytes)
        bytes.append(contentsOf: #","score":"#.utf8)
        (score.map(JSONValue.number) ?? .null).write(to: &bytes)
        bytes.append(contentsOf: #","subject":"#.utf8)
        JSONValue.string(subject).write(to: &bytes)
        bytes.append(UInt8(ascii: "}"))
    }

    /// Reads what ``json`` wrote, or nil when it has another shape.
    public init?(json: JSONValue) {
        guard let check = json["check"]?.text,
            let outcome = json["outcome"]?.text.flatMap(Outcome.init(rawValue:)),
            let subject = json["subject"]?.text
        else { return nil }
        self.init(
            check,
            outcome,
            about: subject,
            score: json["score"]?.real,
            detail: json["detail"]?.members ?? [:]
        )
    }
}

/// A verifier's answer.
public struct Verdict: Sendable, Hashable {
    /// Whether the draft is believed, and why not.
    public enum Outcome: Sendable, Hashable {
        case pass
        case fail(ReasonCode)
        case unsure(ReasonCode)
    }

    /// Whether the draft is believed, and why not.
    public var outcome: Outcome
    /// One sentence for people: what failed, with what numbers.
    public var summary: String
    /// A figure, where the check gives one.
    public var score: Double?
    /// What the check saw; becomes ``Evidence/detail``.
    public var detail: [String: JSONValue]
    /// Labels to set on the draft: `difficulty`, `topic`.
    ///
    /// They never change its identity.
    public var labels: [String: JSONValue]

    /// Creates a verdict.
    public init(
        _ outcome: Outcome,
        _ summary: String = "",
        score: Double? = nil,
        detail: [String: JSONValue] = [:],
        labels: [String: JSONValue] = [:]
    ) {
        self.outcome = outcome
        self.summary = summary
        self.score = score
        self.detail = detail
        self.labels = labels
    }

    /// The reason, unless it passed.
    public var reason: ReasonCode? {
        switch outcome {
        case .pass: nil
        case .fail(let reason), .unsure(let reason): reason
        }
    }
}

/// A filter's or selector's answer about one sample.
public enum Selection: Sendable, Hashable {
    /// The sample goes on; what was seen all the same, and labels to set on it.
    ///
    /// Labels never change its identity.
    case keep(detail: [String: JSONValue] = [:], labels: [String: JSONValue] = [:])
    /// The sample ends here: why, with what evidence, and which sample it lost to.
    case drop(ReasonCode, detail: [String: JSONValue] = [:], rival: String? = nil)

    /// The sample goes on, and there is nothing to say about it.
    public static var keep: Selection { .keep() }
}
