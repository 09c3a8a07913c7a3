import CorpusConfig
import CorpusKit
import Testing

@testable import CorpusCommands

@Suite("Words of the control socket")
struct ControlRequestTests {
    @Test(
        "A request is read as it was written",
        arguments: [
            ControlRequest.status, .pause, .resume, .drain, .setWidth(stage: "solved", width: 4096),
            .setBudget([.calls: "1_000", .wall: "none", .usd: "2.50", .tokens: "7"]),
            .skipStage(stage: "a \"stage\"\n", isUndone: false), .skipStage(stage: "x", isUndone: true),
        ]
    )
    func roundTrip(request: ControlRequest) throws {
        let line = Array(request.json.canonical.utf8)
        #expect(!line.contains(0x0A))
        #expect(try ControlRequest(parsing: line) == request)
    }

    @Test(
        "What is no request is refused with a code and a sentence",
        arguments: [
            ("", "bad-request"), ("{", "bad-request"), ("[]", "bad-request"), ("\u{0}\u{1}", "bad-request"),
            (String(repeating: "[", count: 10_000), "bad-request"), (#"{"version":1}"#, "bad-request"),
            (#"{"command":"pause"}"#, "unknown-version"),
            (#"{"version":2,"command":"pause"}"#, "unknown-version"),
            (#"{"version":"1","command":"pause"}"#, "unknown-version"),
            (#"{"version":1,"command":7}"#, "bad-request"),
            (#"{"version":1,"command":"pauze"}"#, "unknown-command"),
            (#"{"version":1,"command":"pause","undo":true}"#, "unknown-key"),
            (#"{"version":1,"command":"set-width","stage":"a"}"#, "bad-request"),
            (#"{"version":1,"command":"set-width","stage":"a","width":0}"#, "out-of-range"),
            (#"{"version":1,"command":"set-width","stage":"a","width":4097}"#, "out-of-range"),
            (#"{"version":1,"command":"set-width","stage":"a","width":1e400}"#, "bad-request"),
            (#"{"version":1,"command":"set-budget"}"#, "bad-request"),
            (#"{"version":1,"command":"set-budget","calls":5}"#, "bad-request"),
            (#"{"version":1,"command":"set-budget","euro":"5"}"#, "bad-request"),
            (#"{"version":1,"command":"set-budget","calls":"5","euro":"5"}"#, "unknown-key"),
            (#"{"version":1,"command":"skip-stage","stage":"a","undo":1}"#, "bad-request"),
        ]
    )
    func refused(line: String, code: String) throws {
        let problem = try #require(throws: CommandProblem.self) {
            try ControlRequest(parsing: Array(line.utf8))
        }
        #expect(problem.code == code)
        #expect(!problem.description.isEmpty && !problem.description.hasSuffix("."))
    }

    @Test("A command with a slip is told the right one")
    func slip() throws {
        let line = Array(#"{"version":1,"command":"set-widht"}"#.utf8)
        let problem = try #require(throws: CommandProblem.self) { try ControlRequest(parsing: line) }
        #expect(problem.hint == "did you mean `set-width`?")
    }

    @Test("Bytes that are no text are refused")
    func bytes() {
        #expect(throws: CommandProblem.self) { try ControlRequest(parsing: [0x22, 0xFF, 0xFE, 0x22]) }
    }

    @Test(
        "A reply is read as it was written",
        arguments: [
            ControlReply.done(.init(isChanged: true, message: "paused", recipe: nil)),
            .done(.init(isChanged: false, message: "so", recipe: "write `width: 2`")),
            .refused(CommandProblem("unknown-stage", "none is called `x`", hint: "did you mean `y`?")),
            .refused(CommandProblem("bad-request", "no")), .status(RunStatusTests.full),
        ]
    )
    func reply(reply: ControlReply) throws {
        let line = reply.line
        #expect(line.last == 0x0A && line.count { $0 == 0x0A } == 1)
        let json = try JSONValue(parsing: line)
        #expect(json["version"]?.whole == 1)
        #expect(ControlReply(json)?.json == reply.json)
    }

    @Test(
        "Caps are read as a recipe's are",
        arguments: [
            (BudgetCap.calls, "100", 100), (.tokens, "1_000_000", 1_000_000), (.usd, "2.50", 2_500_000_000),
            (.usd, "0", 0), (.wall, "90s", 90), (.wall, "2d", 172_800), (.calls, "none", nil),
        ] as [(BudgetCap, String, Int?)]
    )
    func caps(cap: BudgetCap, text: String, limit: Int?) throws {
        #expect(try cap.limit(in: text) == limit)
    }

    @Test(
        "What a recipe would refuse as a cap is refused here",
        arguments: [
            (BudgetCap.calls, "0"), (.calls, "-1"), (.calls, "1.5"), (.calls, "many"), (.calls, ""),
            (.tokens, "08"), (.usd, "-1"), (.usd, "1e3"), (.usd, "$2"), (.usd, "0.1234567891"), (.wall, "5"),
            (.wall, "0s"), (.wall, "5x"), (.wall, "4000d"), (.wall, "None"),
        ]
    )
    func badCaps(cap: BudgetCap, text: String) {
        #expect(throws: (any Error).self) { try cap.limit(in: text) }
    }
}
