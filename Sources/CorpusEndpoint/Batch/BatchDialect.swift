import CorpusKit

/// How one batch API is asked and how it answers: pure translation, without network, clock or state.
protocol BatchDialect: Sendable {
    /// The most rows of a batch.
    var maxRows: Int { get }
    /// The most bytes of a batch.
    var maxBytes: Int { get }
    /// How much of the time that a batch's results are kept may be relied on.
    var daysOfResults: Int { get }

    /// What has to be uploaded before the batch is made; nil when nothing has.
    func upload(_ rows: [BatchLine], tag: String) -> BatchPost?
    /// The name of an uploaded file; nil when the body tells none.
    func file(in body: JSONValue) -> String?
    /// What makes the batch.
    func creation(_ rows: [BatchLine], file: String?, tag: String) -> BatchPost
    /// Where a batch stands.
    func url(of id: String) -> String
    /// Where batches are listed, newest first, beginning behind one of them.
    func listURL(after id: String?) -> String
    /// Reads a batch; nil when the body is none.
    func state(in body: JSONValue) -> BatchState?
    /// Whether a batch in the list can be the one that was remembered: surely, perhaps, or not at all.
    func likeness(of state: BatchState, to batch: BatchRecord) -> BatchLikeness
    /// Reads one line of the results; nil when it is none.
    func answer(in line: JSONValue) -> (key: String, answer: RowAnswer)?
}

/// One request on its way into a batch.
struct BatchLine: Sendable {
    /// The key, which comes back with the result.
    let key: String
    /// The body as a single call would have it.
    let body: [UInt8]
}

/// Something to be posted.
struct BatchPost: Sendable {
    let url: String
    let contentType: String
    let body: [UInt8]
}

/// Whether a batch is the one that is looked for.
enum BatchLikeness: Sendable {
    case same
    /// Its results will tell.
    case possible
    case other
}

/// A batch as its endpoint tells of it.
struct BatchState: Sendable, Hashable {
    enum Phase: Sendable, Hashable {
        case running
        /// Nothing more will happen to it; its results are at these addresses.
        case ended([String])
        /// It was refused as a whole.
        case refused([BatchFault])
        /// It ended so long ago that its results are gone.
        case gone
    }

    let id: String
    let phase: Phase
    /// Seconds since 1970.
    var createdAt: Double?
    /// All its rows, whatever became of them.
    var rows: Int?
    /// Our name for it.
    var tag: String?
    /// The file that it was made from.
    var file: String?
}

/// Why a batch was refused.
struct BatchFault: Sendable, Hashable {
    /// The row from 0; nil when it is the whole batch's.
    var row: Int?
    var report: ErrorReport
}

/// What became of a row.
enum RowAnswer: Sendable {
    /// The endpoint answered it as it would have answered a single call.
    case answered(status: Int, body: JSONValue)
    /// It was not worked on and costs nothing: expired, cancelled, or lost.
    case undone(String)
}

extension EndpointConfiguration {
    /// What speaks to the endpoint's batch API; nil when we know none.
    func batchDialect(at address: EndpointAddress) -> (any BatchDialect)? {
        switch api {
        case .openai, .openaiCompletions: OpenAIBatches(address, api)
        case .anthropic: AnthropicBatches(address)
        case .openaiResponses, .gemini, .openaiEmbeddings: nil
        }
    }
}

extension ErrorReport {
    /// Reads an error that stands for itself.
    init(batchError value: JSONValue?) {
        self =
            value.flatMap { ErrorReport(.object(["error": $0])) }
            ?? ErrorReport(message: "no reason is given", names: [], status: nil)
    }
}
