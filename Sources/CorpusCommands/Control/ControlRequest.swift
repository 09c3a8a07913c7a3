import CorpusConfig
import CorpusDiagnostics
import CorpusKit

/// What is asked of a run on its control socket: one JSON object on a line; `docs/reference/control.md` has the words.
enum ControlRequest: Sendable, Hashable {
    /// The version of the protocol that this program speaks.
    static let version = 1
    static let widths = 1...4096

    case status
    case pause
    case resume
    case drain
    case setWidth(stage: String, width: Int)
    /// Caps as a recipe writes them, or `none`.
    case setBudget([BudgetCap: String])
    case skipStage(stage: String, isUndone: Bool)

    private static let names = [
        "status", "pause", "resume", "drain", "set-width", "set-budget", "skip-stage",
    ]

    /// The request as it is sent.
    var json: JSONValue {
        var members: [String: JSONValue] = ["version": .int(Self.version), "command": .string(name)]
        switch self {
        case .status, .pause, .resume, .drain: break
        case .setWidth(let stage, let width):
            (members["stage"], members["width"]) = (.string(stage), .int(width))
        case .setBudget(let caps): for (cap, text) in caps { members[cap.rawValue] = .string(text) }
        case .skipStage(let stage, let isUndone):
            members["stage"] = .string(stage)
            if isUndone { members["undo"] = true }
        }
        return .object(members)
    }

    private var name: String {
        switch self {
        case .status: "status"
        case .pause: "pause"
        case .resume: "resume"
        case .drain: "drain"
        case .setWidth: "set-width"
        case .setBudget: "set-budget"
        case .skipStage: "skip-stage"
        }
    }

    /// Reads a request.
    ///
    /// - Throws: ``CommandProblem`` that says what is wrong with it.
    init(parsing line: [UInt8]) throws(CommandProblem) {
        let value: JSONValue
        do {
            value = try JSONValue(parsing: line)
        } catch {
            throw CommandProblem("bad-request", "the line is no JSON: \(error)")
        }
        guard let members = value.members else {
            throw CommandProblem("bad-request", "a request is an object, not \(value.kindName)")
        }
        let version = members["version"]?.whole
        guard version == Self.version else {
            throw CommandProblem(
                "unknown-version",
                "this run speaks version \(Self.version) of the protocol, not "
                    + (version.map(String.init) ?? "one without `version`"),
                hint: "ask with the corpusmith that started the run"
            )
        }
        let fields = Fields(members)
        switch try fields.text("command") {
        case "status": self = .status
        case "pause": self = .pause
        case "resume": self = .resume
        case "drain": self = .drain
        case "set-width":
            let width = try fields.whole("width")
            guard Self.widths.contains(width) else {
                throw CommandProblem(
                    "out-of-range",
                    "`width` must be from \(Self.widths.lowerBound) to \(Self.widths.upperBound), not \(width)"
                )
            }
            self = .setWidth(stage: try fields.text("stage"), width: width)
        case "set-budget":
            var caps: [BudgetCap: String] = [:]
            for cap in BudgetCap.allCases where members[cap.rawValue] != nil {
                caps[cap] = try fields.text(cap.rawValue)
            }
            guard !caps.isEmpty else {
                throw CommandProblem(
                    "bad-request",
                    "no cap is given",
                    hint: "give at least one of `usd`, `tokens`, `calls`, `wall`"
                )
            }
            self = .setBudget(caps)
        case "skip-stage":
            self = .skipStage(stage: try fields.text("stage"), isUndone: try fields.flag("undo"))
        case let other:
            throw CommandProblem(
                "unknown-command",
                "there is no command `\(other)`",
                hint: nameHint(for: other, among: Self.names, "commands")
            )
        }
        var known = Set(json.members?.keys.map(\.self) ?? [])
        if case .skipStage = self { known.insert("undo") }
        if let stray = members.keys.filter({ !known.contains($0) }).min() {
            throw CommandProblem("unknown-key", "`\(name)` takes no `\(stray)`")
        }
    }

    private struct Fields {
        let members: [String: JSONValue]

        init(_ members: [String: JSONValue]) { self.members = members }

        func text(_ name: String) throws(CommandProblem) -> String {
            guard let text = members[name]?.text else { throw missing(name, "a text") }
            return text
        }

        func whole(_ name: String) throws(CommandProblem) -> Int {
            guard let number = members[name]?.whole else { throw missing(name, "a whole number") }
            return number
        }

        /// False when it is not there.
        func flag(_ name: String) throws(CommandProblem) -> Bool {
            guard let value = members[name] else { return false }
            guard let flag = value.flag else { throw missing(name, "`true` or `false`") }
            return flag
        }

        private func missing(_ name: String, _ what: String) -> CommandProblem {
            let found = members[name].map { ", not \($0.kindName)" } ?? ", and is missing"
            return CommandProblem("bad-request", "`\(name)` must be \(what)\(found)")
        }
    }
}

/// What a run answers.
enum ControlReply: Sendable {
    /// What was asked for is so now.
    case done(Done)
    case status(RunStatus)
    case refused(CommandProblem)

    struct Done: Sendable, Hashable {
        /// Whether it was not so before.
        var isChanged: Bool
        /// One sentence without a full stop.
        var message: String
        /// What to write into the recipe to keep it, where it holds for this pass only.
        var recipe: String?
    }

    static let tooLong = ControlReply.refused(
        CommandProblem("too-long", "a request has at most \(ControlLoop.longestLine) bytes")
    )

    /// The reply as it is sent, with its line end.
    var line: [UInt8] { Array((json.canonical + "\n").utf8) }

    var json: JSONValue {
        var members: [String: JSONValue] = ["version": .int(ControlRequest.version), "ok": true]
        switch self {
        case .done(let done):
            members["changed"] = .bool(done.isChanged)
            members["message"] = .string(done.message)
            if let recipe = done.recipe { members["recipe"] = .string(recipe) }
        case .status(let status): members["status"] = status.json
        case .refused(let problem):
            members["ok"] = false
            members["error"] = [
                "code": .string(problem.code), "message": .string(problem.description),
                "hint": problem.hint.map(JSONValue.string) ?? .null,
            ]
        }
        return .object(members)
    }

    /// Reads a reply; nil when it is none that this program understands.
    init?(_ json: JSONValue) {
        switch json["ok"]?.flag {
        case true?:
            if let status = json["status"] {
                guard let status = RunStatus(status) else { return nil }
                self = .status(status)
            } else {
                guard let isChanged = json["changed"]?.flag, let message = json["message"]?.text else {
                    return nil
                }
                self = .done(Done(isChanged: isChanged, message: message, recipe: json["recipe"]?.text))
            }
        case false?:
            guard let code = json["error"]?["code"]?.text, let message = json["error"]?["message"]?.text
            else { return nil }
            self = .refused(CommandProblem(code, message, hint: json["error"]?["hint"]?.text))
        case nil: return nil
        }
    }
}
