import CorpusKit
import Testing

@testable import CorpusEndpoint

@Suite("Replies in every API")
struct DialectReplyTests {
    @Test("Whatever an endpoint says is found where its API puts it", arguments: SpokenReply.all)
    func replies(row: SpokenReply) throws {
        let replies = try dialect(row.api).replies(in: Array(row.json.utf8), to: row.request)
        #expect(replies == row.replies)
    }

    @Test("Every cut of a reply is a fault and never a crash or a shorter reply", arguments: SpokenReply.all)
    func everyCut(row: SpokenReply) throws {
        let (dialect, whole) = (try dialect(row.api), Array(row.json.utf8))
        for length in 0..<whole.count {
            #expect(throws: ReplyFault.self) {
                try dialect.replies(in: Array(whole[..<length]), to: row.request)
            }
        }
    }

    @Test("What is wrong with a reply is said exactly", arguments: Faulty.all)
    func faults(row: Faulty) throws {
        let dialect = try dialect(row.api)
        for (text, fault) in row.faults {
            #expect(throws: fault, "\(text)") { try dialect.reply(in: Array(text.utf8), to: request()) }
        }
    }

    @Test(
        "An error under a status of success keeps the status that its kind stands for",
        arguments: Faulty.errors
    )
    func reported(row: Faulty.Report) throws {
        let dialect = try dialect(row.api)
        let error = #expect(throws: ReplyFault.self) {
            try dialect.reply(in: Array(row.json.utf8), to: request())
        }
        guard case .reported(let report) = error else {
            Issue.record("found \(String(describing: error))")
            return
        }
        #expect(report.status == row.status)
        #expect(report.message == row.message)
    }

    @Test("Counts that cannot be true count as unknown", arguments: EndpointAPI.speaking)
    func oddCounts(api: EndpointAPI) throws {
        let row = try #require(SpokenReply.all.first { $0.api == api && $0.replies[0].usage != nil })
        for odd in ["-1", "1e18", "\"many\"", "1.5", "[]"] {
            var json = row.json
            for name in ["prompt_tokens", "input_tokens", "promptTokenCount"] {
                json = json.replacing("\"\(name)\":12", with: "\"\(name)\":\(odd)")
            }
            #expect(json != row.json)
            let reply = try dialect(api).reply(in: Array(json.utf8), to: row.request)
            #expect(reply.usage == nil, "\(odd)")
            #expect(reply.text == row.replies[0].text)
        }
    }

    @Test("Lists of models are read in each API's shape")
    func lists() throws {
        let google = #"{"models":[{"name":"models/gemini-x","displayName":"X"},{"name":"tunedModels/y"}]}"#
        let anthropic = #"{"data":[{"type":"model","id":"claude-x","display_name":"X"}],"has_more":false}"#
        let gemini = try #require(try dialect(.gemini).models(in: Array(google.utf8)))
        let claude = try #require(try dialect(.anthropic).models(in: Array(anthropic.utf8)))

        #expect(gemini.names == ["gemini-x", "tunedModels/y"])
        #expect(gemini.mayServe("gemini-x") && gemini.mayServe("models/gemini-x"))
        #expect(!gemini.mayServe("gemini-z"))
        #expect(claude.names == ["claude-x"])
    }
}

/// Bodies that are no replies.
struct Faulty: Sendable, CustomTestStringConvertible {
    let api: EndpointAPI
    let faults: [(String, ReplyFault)]

    var testDescription: String { api.rawValue }

    private static let everywhere: [(String, ReplyFault)] = [
        ("", .empty), ("<html>", .webPage), ("upstream error", .notJSON(offset: 0)),
        ("[]", .wrongShape("expected an object, found an array")), (#"{"a":"#, .truncated(bytes: 5)),
    ]

    static let all = [
        Faulty(
            api: .openaiCompletions,
            faults: everywhere + [
                ("{}", .wrongShape("`choices` is missing")), (#"{"choices":[]}"#, .noChoices),
                (
                    #"{"choices":[{"message":{"content":"x"}}]}"#,
                    .wrongShape("`choices[0].text` is no string")
                ),
            ]
        ),
        Faulty(
            api: .openaiResponses,
            faults: everywhere + [
                ("{}", .wrongShape("`output` is missing")),
                (#"{"output":{}}"#, .wrongShape("`output` is missing")),
                (#"{"output":[{}]}"#, .wrongShape("`output[0]` has no type")),
                (#"{"output":[3]}"#, .wrongShape("`output[0]` has no type")),
                (
                    #"{"output":[{"type":"message"}]}"#,
                    .wrongShape("`output[0].content` is null")
                ),
                (
                    #"{"output":[],"status":"in_progress"}"#,
                    .wrongShape("`status` says that the reply is not finished")
                ),
            ]
        ),
        Faulty(
            api: .anthropic,
            faults: everywhere + [
                ("{}", .wrongShape("`content` is missing")),
                (#"{"content":"hi"}"#, .wrongShape("`content` is missing")),
                (#"{"content":[{"type":"text"}]}"#, .wrongShape("`content[0].text` is no string")),
                (#"{"content":[{"text":"hi"}]}"#, .wrongShape("`content[0]` has no type")),
            ]
        ),
        Faulty(
            api: .gemini,
            faults: everywhere + [
                ("{}", .wrongShape("`candidates` is missing")), (#"{"candidates":[]}"#, .noChoices),
                (#"{"promptFeedback":{}}"#, .wrongShape("`candidates` is missing")),
                (
                    #"{"candidates":[{"content":{"parts":{}}}]}"#,
                    .wrongShape("`candidates[0].content.parts` is no array")
                ),
                (
                    #"{"candidates":[{"content":"hi"}]}"#,
                    .wrongShape("`candidates[0].content.parts` is no array")
                ),
            ]
        ),
    ]

    /// An error in a reply's place.
    struct Report: Sendable {
        let api: EndpointAPI
        let json: String
        let status: Int?
        let message: String
    }

    static let errors = [
        Report(
            api: .anthropic,
            json:
                #"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"r"}"#,
            status: 529,
            message: "Overloaded"
        ),
        Report(
            api: .openaiResponses,
            json: #"{"status":"failed","output":[],"error":{"code":"server_error","message":"Try later"}}"#,
            status: nil,
            message: "Try later"
        ),
        Report(
            api: .gemini,
            json: #"{"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}}"#,
            status: 503,
            message: "The model is overloaded."
        ),
    ]
}
