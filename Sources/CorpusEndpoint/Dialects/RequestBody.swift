import CorpusKit

/// The members of a request's body on their way to bytes.
struct RequestBody {
    private var members: [String: JSONValue]

    init(_ members: [String: JSONValue]) { self.members = members }

    subscript(name: String) -> JSONValue? {
        get { members[name] }
        set { members[name] = newValue }
    }

    /// Adds further fields: an object joins the one that is there, anything else takes its place, null leaves it out.
    mutating func add(_ fields: [String: JSONValue]) { members = Self.joined(members, fields) }

    /// Canonical JSON: equal requests have equal bytes.
    var bytes: [UInt8] { CanonicalJSON(.object(members)).bytes }

    private static func joined(_ members: [String: JSONValue], _ fields: [String: JSONValue])
        -> [String: JSONValue]
    {
        var members = members
        for (name, value) in fields {
            switch (members[name], value) {
            case (_, .null): members[name] = .none
            case (.object(let old)?, .object(let new)): members[name] = .object(joined(old, new))
            default: members[name] = value
            }
        }
        return members
    }
}

extension ModelRequest {
    /// Refuses what an API has no words for, before anything is reserved or sent.
    ///
    /// - Parameters:
    ///   - isRefused: Whether the request holds it.
    ///   - message: What the API cannot do, as a sentence without its subject.
    ///   - api: The API.
    ///   - hint: What to do about it.
    /// - Throws: `WorkFailure` with `unsupported-request`; every further call of this kind would fail as well.
    func refuse(
        if isRefused: Bool,
        _ message: String,
        by api: EndpointAPI,
        hint: String? = nil
    ) throws(WorkFailure) {
        guard isRefused else { return }
        throw WorkFailure(
            .unsupportedRequest,
            "the API `\(api.rawValue)` \(message)",
            hint: hint,
            stopsRun: true
        )
    }

    /// Refuses a raw text where turns are needed.
    func needsTurns(for api: EndpointAPI) throws(WorkFailure) {
        try refuse(
            if: !texts.isEmpty,
            "gives no vectors",
            by: api,
            hint: "say `api: openai-embeddings` for a model that turns texts into vectors"
        )
        try refuse(
            if: prompt != nil,
            "takes turns and no raw prompt",
            by: api,
            hint: "say `api: openai-completions` for a model that continues raw text"
        )
    }

    /// Refuses several replies at once where there is one.
    func needsOneChoice(for api: EndpointAPI) throws(WorkFailure) {
        try refuse(if: choices > 1, "gives one reply at a time", by: api)
    }

    /// Refuses a grammar where none can be told.
    func needsNoGrammar(for api: EndpointAPI) throws(WorkFailure) {
        try refuse(
            if: grammar != nil,
            "takes no grammar",
            by: api,
            hint: "only vLLM's and llama.cpp's servers do, under `api: openai` or `openai-completions`"
        )
    }

    /// The most prompt tokens that the body of this request can mean.
    ///
    /// A token of a byte-level or byte-fallback tokenizer stands for at least one byte, and whatever reaches
    /// the prompt (turns, schema, template arguments) stands in the body, where escapes only make it longer.
    /// The constants pay for what a chat template adds: a default system turn, and marks around each turn.
    /// Definitions of tools come with instructions of several hundred tokens, and some templates print them with
    /// indents, so they are counted again. Ordinary text has three to four bytes a token, so this is some four
    /// times too high on purpose: the difference comes back when the call is settled.
    ///
    /// - Parameters:
    ///   - body: The body.
    ///   - hasTools: Whether the API puts instructions for tools into the prompt though the request has none.
    /// - Returns: The bound.
    func worstInputTokens(of body: [UInt8], hasTools: Bool = false) -> Int {
        let bound = body.count + 256 + 16 * messages.count
        guard hasTools || !tools.isEmpty else { return bound }
        return bound + 1024 + 4 * tools.reduce(0) { $0 + $1.json.canonical.utf8.count }
    }
}

extension ReasonCode {
    static let unsupportedRequest: ReasonCode = "unsupported-request"
}
