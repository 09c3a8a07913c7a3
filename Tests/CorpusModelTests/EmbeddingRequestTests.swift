import CorpusModel
import Testing

@Suite("Requests for vectors")
struct EmbeddingRequestTests {
    @Test("A request for vectors is read back with its key, which no other question has")
    func reading() {
        let request = ModelRequest(model: "e", texts: ["a", "b"], extra: ["dimensions": 2])
        var plain = request
        plain.extra = [:]

        #expect(ModelRequest(json: request.json) == request)
        #expect(ModelRequest(json: plain.json) == plain)
        #expect(Set([request.key, plain.key, ModelRequest(model: "e", texts: ["ab"]).key]).count == 3)
        #expect(ModelRequest(json: ["model": "e", "embed": ["a", 1]]) == nil)
    }

    @Test(
        "Vectors are kept bit by bit, in four bytes a number",
        arguments: [
            [[]], [[0, -0.0, .leastNonzeroMagnitude, .greatestFiniteMagnitude]], [[0.1], [-0.2]],
            [[Float](repeating: 0.3, count: 999)],
        ] as [[[Float]]]
    )
    func packing(vectors: [[Float]]) {
        var reply = ModelReply(text: "")
        reply.vectors = vectors
        let back = ModelReply(body: reply.body, finish: .stop, usage: nil, milliseconds: 0)

        #expect(back.vectors.map { $0.map(\.bitPattern) } == vectors.map { $0.map(\.bitPattern) })
        let bytes = reply.body["vectors"]?.elements?.reduce(0) { $0 + ($1.text?.utf8.count ?? 0) } ?? 0
        #expect(bytes <= vectors.reduce(0) { $0 + ($1.count * 4 + 2) / 3 * 4 } + 8)
        #expect(ModelReply(text: "a").body["vectors"] == nil)
    }
}
