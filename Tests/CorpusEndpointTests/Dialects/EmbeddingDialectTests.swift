import CorpusKit
import Foundation
import Testing

@testable import CorpusEndpoint

@Suite("Embeddings")
struct EmbeddingDialectTests {
    private let dialect: EmbeddingDialect

    init() throws {
        let configuration = EndpointConfiguration(
            name: "embedder",
            baseURL: "http://127.0.0.1:1/v1/embeddings?x=1",
            apiModel: "e-1",
            key: Secret(testKey),
            extraBody: ["user": "me"]
        )
        let address = try EndpointAddress("http://127.0.0.1:1/v1?x=1")
        dialect = EmbeddingDialect(configuration, address)
    }

    private func reply(_ json: String, texts: Int = 2, dimensions: Int? = nil) throws -> ModelReply {
        let request = ModelRequest(
            model: "embedder",
            texts: (0..<texts).map { "text \($0)" },
            extra: dimensions.map { ["dimensions": .int($0)] } ?? [:]
        )
        return try dialect.reply(in: Array(json.utf8), to: request)
    }

    /// Vectors as servers pack them.
    private func packed(_ vector: [Float]) -> String {
        Data(
            vector.flatMap { number in
                (0..<4).map { UInt8(truncatingIfNeeded: number.bitPattern >> (8 * $0)) }
            }
        )
        .base64EncodedString()
    }

    @Test("A request says what is to be embedded, by whom and how long")
    func body() throws {
        let request = ModelRequest(model: "embedder", texts: ["a", "é\n"], extra: ["dimensions": 8])
        let body = try dialect.body(for: request)

        #expect(
            String(decoding: body, as: UTF8.self)
                == #"{"dimensions":8,"encoding_format":"base64","input":["a","é\n"],"model":"e-1","user":"me"}"#
        )
        #expect(dialect.url == "http://127.0.0.1:1/v1/embeddings?x=1")
        #expect(dialect.headers == ["Authorization: Bearer \(testKey)"])
        #expect(dialect.worstInputTokens(of: body, for: request) >= 4 + 32)
        #expect(request.key != ModelRequest(model: "embedder", texts: ["a", "é\n"]).key)
    }

    @Test("Vectors come out in the order of the texts, whether packed or as numbers")
    func vectors() throws {
        let (one, two): ([Float], [Float]) = ([0.5, -1.25, 0], [1e-20, 3, -0.1])
        let numbers = """
            {"object":"list","data":[{"object":"embedding","index":1,"embedding":[1e-20,3,-0.1]},
            {"object":"embedding","index":0,"embedding":[0.5,-1.25,0]}],"usage":{"prompt_tokens":7,"total_tokens":7}}
            """
        let base64 = """
            {"data":[{"index":1,"embedding":"\(packed(two))"},{"index":0,"embedding":"\(packed(one))"}],
            "usage":{"prompt_tokens":7}}
            """
        var expected = ModelReply(text: "", usage: TokenUsage(input: 7))
        expected.vectors = [one, two]

        #expect(try reply(numbers) == expected)
        #expect(try reply(base64) == expected)
        #expect(try reply(base64, dimensions: 3) == expected)
        #expect(try reply(#"{"data":[{"embedding":[1]},{"embedding":[2]}]}"#).vectors == [[1], [2]])
    }

    @Test(
        "What is wrong with vectors is said exactly",
        arguments: [
            ("", .empty), ("[]", .wrongShape("expected an object, found an array")),
            ("{}", .wrongShape("`data` is missing")),
            (#"{"data":[]}"#, .wrongShape("expected 2 vectors, found 0")),
            (#"{"data":[{"embedding":[1]}]}"#, .wrongShape("expected 2 vectors, found 1")),
            (
                #"{"data":[{"index":0,"embedding":[1]},{"index":0,"embedding":[1]}]}"#,
                .wrongShape("`data[1].index` is out of range or not the only one")
            ),
            (
                #"{"data":[{"index":2,"embedding":[1]},{"index":0,"embedding":[1]}]}"#,
                .wrongShape("`data[0].index` is out of range or not the only one")
            ),
            (
                #"{"data":[{"embedding":[1]},{"embedding":[1,2]}]}"#,
                .wrongShape("expected vectors of 1 number, found one of 2")
            ),
            (#"{"data":[{},{}]}"#, .wrongShape("`data[0].embedding` is null")),
            (#"{"data":[{"embedding":[]},{}]}"#, .wrongShape("`data[0].embedding` holds no finite numbers")),
            (
                #"{"data":[{"embedding":[1,null]},{}]}"#,
                .wrongShape("`data[0].embedding` holds no finite numbers")
            ),
            (
                #"{"data":[{"embedding":[1e300]},{}]}"#,
                .wrongShape("`data[0].embedding` holds no finite numbers")
            ),
            (
                #"{"data":[{"embedding":"AAAA"},{}]}"#,
                .wrongShape("`data[0].embedding` holds no finite numbers")
            ),
            (
                #"{"data":[{"embedding":"no base64!"},{}]}"#,
                .wrongShape("`data[0].embedding` holds no finite numbers")
            ),
            (
                #"{"data":[{"embedding":"AADAfw=="},{}]}"#,
                .wrongShape("`data[0].embedding` holds no finite numbers")
            ),
        ] as [(String, ReplyFault)]
    )
    func faults(json: String, fault: ReplyFault) {
        #expect(throws: fault) { try reply(json) }
    }

    @Test("Other lengths than were asked for, and errors, are faults")
    func otherFaults() {
        let two = #"{"data":[{"embedding":[1]},{"embedding":[2]}]}"#
        #expect(throws: ReplyFault.wrongShape("expected vectors of 8 numbers, found one of 1")) {
            try reply(two, dimensions: 8)
        }
        let error = #expect(throws: ReplyFault.self) {
            try reply(#"{"error":{"code":501,"message":"no embeddings"}}"#)
        }
        guard case .reported(let report) = error else {
            Issue.record("found \(String(describing: error))")
            return
        }
        #expect(report.status == 501)
    }

    @Test("Every cut of a reply is a fault and never a crash or shorter vectors")
    func everyCut() {
        let whole = Array(#"{"data":[{"embedding":[0.5,1]},{"embedding":"AACAPwAAgD8="}]}"#.utf8)
        let request = ModelRequest(model: "embedder", texts: ["a", "b"])
        for length in 0..<whole.count {
            #expect(throws: ReplyFault.self) { try dialect.reply(in: Array(whole[..<length]), to: request) }
        }
        #expect(throws: Never.self) { try dialect.reply(in: whole, to: request) }
    }
}
