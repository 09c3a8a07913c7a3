import CorpusKit

/// OpenAI's embeddings, and the many servers that speak them.
struct EmbeddingDialect: Dialect {
    let url: String
    let modelsURL: String
    let headers: [String]
    /// The endpoint's name for the model.
    private let apiModel: String
    /// Added to every body; null leaves a field out.
    private let extraBody: [String: JSONValue]

    init(_ configuration: EndpointConfiguration, _ address: EndpointAddress) {
        url = address.url("/embeddings")
        modelsURL = address.url("/models")
        headers = configuration.bearer
        apiModel = configuration.apiModel
        extraBody = configuration.extraBody
    }

    /// The body as canonical JSON: equal requests have equal bytes; no reply comes in pieces.
    ///
    /// Base64 is a quarter of the size of numbers in writing; servers that do not know it send numbers all the same.
    func body(for request: ModelRequest, streamed: Bool) throws(WorkFailure) -> [UInt8] {
        try request.needsOneChoice(for: .openaiEmbeddings)
        try request.refuse(
            if: request.texts.isEmpty || !request.messages.isEmpty || request.prompt != nil,
            "turns texts into vectors and answers nothing",
            by: .openaiEmbeddings,
            hint: "say `api: openai`, or leave `api:` out, for a model that is asked in turns"
        )
        var body = RequestBody([
            "model": .string(apiModel), "input": .array(request.texts.map(JSONValue.string)),
            "encoding_format": "base64",
        ])
        body.add(extraBody)
        body.add(request.extra)
        return body.bytes
    }

    /// The most tokens that a body can mean: a token is at least a byte, and each text gets marks around it.
    func worstInputTokens(of body: [UInt8], for request: ModelRequest) -> Int {
        body.count + 16 * request.texts.count
    }

    /// One reply with a vector for each text, in order.
    ///
    /// - Parameters:
    ///   - value: The parsed body.
    ///   - request: What was asked.
    /// - Returns: The reply.
    /// - Throws: What is wrong with the body, among it a vector too many, too few, or of another length.
    func replies(in value: JSONValue, to request: ModelRequest) throws(ReplyFault) -> [ModelReply] {
        guard let entries = value["data"]?.elements else {
            try value.throwReportedError()
            throw .wrongShape("`data` is missing")
        }
        guard entries.count == request.texts.count else {
            throw .wrongShape("expected \(counted(request.texts.count, "vector")), found \(entries.count)")
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
        let length = request.extra["dimensions"]?.whole ?? whole.first?.count ?? 0
        if let other = whole.first(where: { $0.count != length }) {
            throw .wrongShape("expected vectors of \(counted(length, "number")), found one of \(other.count)")
        }
        var reply = ModelReply(text: "", usage: usage(value["usage"]))
        reply.vectors = whole
        return [reply]
    }

    func stream() -> any ReplyStream { Unstreamed() }

    /// For an API whose replies never come in pieces.
    private struct Unstreamed: ReplyStream {
        var isComplete: Bool { false }
        mutating func take(_ event: ServerEvent) throws(ReplyFault) {}
        func body() -> JSONValue? { nil }
    }

    private func vector(_ value: JSONValue, at index: Int) throws(ReplyFault) -> [Float] {
        let vector: [Float]
        switch value {
        case .array(let numbers):
            let floats = numbers.compactMap { $0.real.map { Float($0) } }
            vector = floats.count == numbers.count ? floats : []
        case .string(let text): vector = [Float](packed: text) ?? []
        default: throw .wrongShape("`data[\(index)].embedding` is \(value.kindName)")
        }
        guard !vector.isEmpty, vector.allSatisfy(\.isFinite) else {
            throw .wrongShape("`data[\(index)].embedding` holds no finite numbers")
        }
        return vector
    }

    private func usage(_ value: JSONValue?) -> TokenUsage? {
        (value?["prompt_tokens"] ?? value?["total_tokens"])?.tokenCount.map { TokenUsage(input: $0) }
    }
}
