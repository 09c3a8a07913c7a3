import CorpusKit
import Foundation

/// OpenAI's embeddings, and the many servers that speak them: pure translation, as ``Dialect`` is for replies.
struct EmbeddingDialect: Sendable {
    /// Where requests are posted.
    let url: String
    /// Header lines beside those that every request has; one of them may hold the key, so none appears in a message.
    let headers: [String]
    /// The endpoint's name for the model.
    private let apiModel: String
    /// Added to every body; null leaves a field out.
    private let extraBody: [String: JSONValue]

    init(_ configuration: EndpointConfiguration, _ address: EndpointAddress) {
        url = address.url("/embeddings")
        headers = configuration.bearer
        apiModel = configuration.apiModel
        extraBody = configuration.extraBody
    }

    /// The body as canonical JSON: equal requests have equal bytes.
    ///
    /// Base64 is a quarter of the size of numbers in writing; servers that do not know it send numbers all the same.
    func body(for request: EmbeddingRequest) -> [UInt8] {
        var body = RequestBody([
            "model": .string(apiModel), "input": .array(request.texts.map(JSONValue.string)),
            "encoding_format": "base64",
        ])
        body["dimensions"] = request.dimensions.map(JSONValue.int)
        body.add(extraBody)
        return body.bytes
    }

    /// The most tokens that a body can mean: a token is at least a byte, and each text gets marks around it.
    func worstInputTokens(of body: [UInt8], for request: EmbeddingRequest) -> Int {
        body.count + 16 * request.texts.count
    }

    /// The vectors that the body of a status 200 holds.
    ///
    /// - Parameters:
    ///   - body: The body.
    ///   - request: What was asked.
    /// - Returns: One vector for each text, in order.
    /// - Throws: What is wrong with the body, among it a vector too many, too few, or of another length.
    func reply(in body: [UInt8], to request: EmbeddingRequest) throws(ReplyFault) -> EmbeddingReply {
        let value = try JSONValue(replyBody: body)
        guard let entries = value["data"]?.elements else {
            try value.throwReportedError()
            throw .wrongShape("`data` is missing")
        }
        guard entries.count == request.texts.count else {
            throw .wrongShape("expected \(request.texts.count) vectors, found \(entries.count)")
        }
        var vectors = [[Float]?](repeating: nil, count: entries.count)
        for (position, entry) in entries.enumerated() {
            let index = entry["index"]?.whole ?? position
            guard vectors.indices.contains(index), vectors[index] == nil else {
                throw .wrongShape("`data[\(position)].index` is out of range or not the only one")
            }
            vectors[index] = try vector(entry["embedding"] ?? .null, at: position)
        }
        let whole = vectors.compactMap(\.self)
        let length = request.dimensions ?? whole.first?.count ?? 0
        if let other = whole.first(where: { $0.count != length }) {
            throw .wrongShape("expected vectors of \(length) numbers, found one of \(other.count)")
        }
        return EmbeddingReply(vectors: whole, usage: usage(value["usage"]))
    }

    private func vector(_ value: JSONValue, at index: Int) throws(ReplyFault) -> [Float] {
        let vector: [Float]
        switch value {
        case .array(let numbers):
            let floats = numbers.compactMap { $0.real.map { Float($0) } }
            vector = floats.count == numbers.count ? floats : []
        case .string(let text): vector = Self.floats(base64: text) ?? []
        default: throw .wrongShape("`data[\(index)].embedding` is \(value.kindName)")
        }
        guard !vector.isEmpty, vector.allSatisfy(\.isFinite) else {
            throw .wrongShape("`data[\(index)].embedding` holds no finite numbers")
        }
        return vector
    }

    /// Four bytes a number, the lowest first.
    private static func floats(base64 text: String) -> [Float]? {
        guard let bytes = Data(base64Encoded: text), bytes.count.isMultiple(of: 4) else { return nil }
        var floats: [Float] = []
        floats.reserveCapacity(bytes.count / 4)
        for start in stride(from: 0, to: bytes.count, by: 4) {
            let bits = (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[start + $1]) << UInt32(8 * $1) }
            floats.append(Float(bitPattern: bits))
        }
        return floats
    }

    private func usage(_ value: JSONValue?) -> TokenUsage? {
        (value?["prompt_tokens"] ?? value?["total_tokens"])?.tokenCount.map { TokenUsage(input: $0) }
    }
}
