import CorpusKit
import Foundation
import Synchronization

/// Seeds `task 0`, `task 1`, … and, where asked for, unreadable rows.
struct ToySource: SourcePlugin {
    struct Options: PluginOptions {
        var count = 6
        var broken = 0
        var refused = 0
        var licence = "MIT"
        var label = ""
        var line = 1
        /// How many kinds there are, in turn; 0 for none.
        var kinds = 0
    }

    static let manifest = Manifest(name: "toy", version: 1, summary: "numbered tasks")
    let options: Options

    init(options: Options, setup: PluginSetup) throws {
        guard options.count >= 0 else { throw BadOption("count", "cannot be negative") }
        self.options = options
    }

    func knownFields() throws -> Set<String>? { ["instruction", "n"] }
    func countEstimate() throws -> Int? { options.count }

    private func labels(_ n: Int) -> [String: JSONValue] {
        if options.kinds > 0 { return ["kind": .string("k\(n % options.kinds)")] }
        return options.label.isEmpty ? [:] : ["kind": .string(options.label)]
    }

    func rows() throws -> any AsyncSequence<SourceRow, any Error> {
        let seeds = (0..<options.count).map { n in
            SourceRow.seed(
                Seed(
                    id: String(n),
                    content: Content(
                        fields: ["instruction": .string("task \(n)"), "n": .int(n)],
                        labels: labels(n)
                    ),
                    origin: Origin(source: "toy", path: "toy", line: n + options.line),
                    licence: options.licence
                )
            )
        }
        let broken = (0..<options.broken).map { n in
            SourceRow.unreadable(
                UnreadableRow(
                    origin: Origin(source: "toy", path: "toy", line: 1000 + n),
                    reason: "unreadable-row",
                    message: "not JSON"
                )
            )
        }
        let refused = (0..<options.refused).map { n in
            SourceRow.refused(
                UnreadableRow(
                    origin: Origin(source: "toy", path: "toy", line: 2000 + n),
                    reason: "licence",
                    message: "not ours"
                )
            )
        }
        return Rows(rows: seeds + broken + refused)
    }

    struct Rows: AsyncSequence {
        typealias Failure = any Error
        let rows: [SourceRow]

        struct Iterator: AsyncIteratorProtocol {
            var rest: ArraySlice<SourceRow>
            mutating func next() async throws -> SourceRow? { rest.popFirst() }
        }

        func makeAsyncIterator() -> Iterator { Iterator(rest: rows[...]) }
    }
}

/// Asks the model once for each attempt; what it answers decides what becomes of the attempt.
struct ToySolve: GeneratorPlugin {
    struct Options: PluginOptions {
        var attempts = 4
        /// Asks, throws the reply away, asks again and gives up.
        var again = false
        /// Claims to write tasks.
        var tasks = false
    }

    static let manifest = Manifest(
        name: "toy-solve",
        version: 1,
        summary: "asks",
        needs: [.model],
        requires: ["instruction"],
        produces: ["code"]
    )
    static let selfChecks: [SelfCheck] = []
    let options: Options

    init(options: Options, setup: PluginSetup) throws { self.options = options }

    var attempts: Int { options.attempts }
    var givesAnswers: Bool { !options.tasks }
    var worstCaseCalls: [String: Int] { ["model": 1] }

    func drafts(from seed: Seed, in context: PluginContext) async throws -> [Draft] {
        let question = Message(.user, try seed.text("instruction"))
        let reply = try await context.reply(
            to: [question],
            settings: CallSettings(isSharedByAttempts: true)
        )
        if options.again {
            context.drop("low-quality", "not good enough", text: reply.text)
            _ = try await context.reply(to: [Message(.user, "again " + question.content)])
            throw Skip("off-target", "still not good enough")
        }
        switch reply.text.split(separator: " ").first {
        case "refused": throw Skip("refusal", "the model declined")
        case "half":
            context.drop("low-quality", "not good enough", text: reply.text)
            return [draft(seed, question, reply.text)]
        case "none":
            context.drop("low-quality", "not good enough", text: reply.text)
            return []
        default: return [draft(seed, question, reply.text)]
        }
    }

    private func draft(_ seed: Seed, _ question: Message, _ text: String) -> Draft {
        Draft(from: seed, messages: [question, Message(.assistant, text)], fields: ["code": .string(text)])
    }
}

/// Passes answers that end in an even digit.
struct ToyCheck: VerifierPlugin, Verifier {
    static let manifest = Manifest(name: "toy-check", version: 1, summary: "even answers", labels: ["even"])
    static let selfChecks: [SelfCheck] = []

    static func make(options: NoOptions, roles: Set<String>, setup: PluginSetup) throws -> VerifierKind {
        .single(ToyCheck())
    }

    func verdict(on draft: Sample, in context: PluginContext) async throws -> Verdict {
        let digit = draft.content.fields["code"]?.text?.last?.wholeNumberValue ?? 1
        return digit.isMultiple(of: 2)
            ? Verdict(.pass, score: 1, labels: ["even": true]) : Verdict(.fail("test-failed"), "odd")
    }
}

/// Passes everything that does not end in one digit, and sets a label, after letting others go first.
struct ToyLabel: VerifierPlugin, Verifier {
    struct Options: PluginOptions {
        var label = "label"
        var yields = 0
        var refuses = 9
    }

    static let manifest = Manifest(name: "toy-label", version: 1, summary: "labels")
    static let selfChecks: [SelfCheck] = []
    let options: Options

    static func make(options: Options, roles: Set<String>, setup: PluginSetup) throws -> VerifierKind {
        .single(ToyLabel(options: options))
    }

    func verdict(on draft: Sample, in context: PluginContext) async throws -> Verdict {
        for _ in 0..<options.yields { await Task.yield() }
        let digit = draft.content.fields["code"]?.text?.last?.wholeNumberValue
        guard digit != options.refuses else { return Verdict(.fail("test-failed"), "refused digit") }
        var labels: [String: JSONValue] = [options.label: true]
        if options.label != "label" { labels["last"] = .string(options.label) }
        return Verdict(.pass, score: 1, labels: labels)
    }
}

/// Sets the share of siblings that passed.
struct ToyRate: VerifierPlugin, GroupVerifier {
    struct Options: PluginOptions {
        var fault = ""
    }

    let fault: String

    static let manifest = Manifest(name: "toy-rate", version: 1, summary: "share of passes", labels: ["rate"])
    static let selfChecks: [SelfCheck] = []

    static func make(options: Options, roles: Set<String>, setup: PluginSetup) throws -> VerifierKind {
        .group(ToyRate(fault: options.fault))
    }

    func verdicts(on drafts: [Sample], siblings: [Sample], in context: PluginContext) async throws
        -> [Verdict]
    {
        switch fault {
        case "skip": throw Skip("off-target", "no rate for these")
        case "fail": throw WorkFailure("transport", "the connection broke")
        case "trap": throw ResourceProblem(name: "x", "unexpected")
        case "miscount": return []
        default: break
        }
        let rate = Double(drafts.count) / Double(drafts.count + siblings.count)
        return drafts.map { _ in Verdict(.pass, score: rate, labels: ["rate": .number(rate)]) }
    }
}

/// Keeps one of equal answers: the one with the smallest key.
struct ToyUnique: SelectorPlugin {
    static let manifest = Manifest(name: "toy-unique", version: 1, summary: "distinct answers")

    init(options: NoOptions, setup: PluginSetup) throws {}

    func makeIndex() -> any SelectionIndex { Index() }

    struct Index: SelectionIndex {
        var first: [String: ItemKey] = [:]
        var codes: [ItemKey: String] = [:]
        /// Of the present wave.
        var news: [String: ItemKey] = [:]

        mutating func observe(_ sample: Sample) throws {
            let code = sample.content.fields["code"]?.text ?? ""
            codes[sample.key] = code
            news[code] = min(news[code] ?? sample.key, sample.key)
        }

        mutating func seal() throws {
            first.merge(news) { old, _ in old }
            news = [:]
        }

        func selection(for key: ItemKey) -> Selection {
            let winner = codes[key].flatMap { first[$0] }
            return winner == key ? .keep : .drop("exact-duplicate", rival: winner?.description)
        }
    }
}

/// Pairs the first of each side.
struct ToyPairs: PairerPlugin {
    static let manifest = Manifest(name: "toy-pairs", version: 1, summary: "one pair a task")

    init(options: NoOptions, setup: PluginSetup) throws {}

    func pairs(chosen: [Sample], rejected: [Sample], random: RandomStream) throws -> [PreferencePair] {
        guard let good = chosen.first, let bad = rejected.first, let left = good.content.messages.last,
            let right = bad.content.messages.last
        else { return [] }
        return [
            PreferencePair(
                prompt: Array(good.content.messages.dropLast()),
                chosen: left,
                rejected: right,
                chosenKey: good.key,
                rejectedKey: bad.key
            )
        ]
    }
}

/// One line for each row, of everything a row says.
struct ToyWriter: ExporterPlugin {
    struct Options: PluginOptions {
        var pairs = false
        /// Refuses samples, and rejected sides, whose answers end in this digit.
        var refuses = -1
    }

    static let manifest = Manifest(name: "toy-write", version: 1, summary: "lines")
    let options: Options

    init(options: Options, setup: PluginSetup) throws { self.options = options }

    var takes: ExportTakes { options.pairs ? .pairs : .samples }
    var requiresAnswer: Bool { !options.pairs }

    func refusal(of sample: Sample) -> Skip? {
        guard sample.content.fields["code"]?.text?.last?.wholeNumberValue == options.refuses else {
            return nil
        }
        return Skip("blank-answer", "it says too little")
    }

    func refusal(of pair: PreferencePair, chosen: Sample, rejected: Sample) -> Skip? {
        pair.rejectedKey == rejected.key
            ? refusal(of: rejected) : Skip("other-side", "these are not its sides")
    }

    func write(_ rows: any AsyncSequence<ExportRow, any Error>, for job: ExportJob) async throws
        -> ExportReceipt
    {
        var texts: [String: (text: String, rows: Int)] = [:]
        for split in job.splits { texts[split] = ("", 0) }
        try await collect(rows, into: &texts)
        try FileManager.default.createDirectory(atPath: job.folder, withIntermediateDirectories: true)
        var files: [ExportReceipt.File] = []
        for split in job.splits {
            let (text, count) = texts[split] ?? ("", 0)
            let path = "\(job.name)-\(split).txt"
            try text.write(toFile: job.folder + "/" + path, atomically: true, encoding: .utf8)
            files.append(
                .init(path: path, split: split, rows: count, bytes: text.utf8.count, digest: Digest(of: text))
            )
        }
        return ExportReceipt(files: files, features: "")
    }

    private func collect(
        _ rows: some AsyncSequence<ExportRow, any Error>,
        into texts: inout [String: (text: String, rows: Int)]
    ) async throws {
        for try await row in rows {
            let line: String
            switch row.body {
            case .sample(let sample):
                line =
                    sample.id + " " + (sample.licence ?? "") + sample.content.json.canonical
                    + JSONValue.array(sample.evidence.map(\.json)).canonical
                    + JSONValue.array(sample.provenance.map(\.json)).canonical
            case .pair(let pair, let provenance): line = pair.id + provenance.json.canonical
            }
            texts[row.split, default: ("", 0)].text += line + "\n"
            texts[row.split, default: ("", 0)].rows += 1
        }
    }
}

/// Answers from the question and the repetition alone; yields a pseudo-random number of times first, so that replies
/// come in another order each time.
final class ToyEndpoint: ModelEndpoint {
    private struct State {
        var bought: [ItemKey: Int] = [:]
        var calls = 0
    }

    private let state = Mutex(State())
    private let shuffle: Int
    private let charge: Charge?
    private let fails: @Sendable (Int, ModelRequest) throws -> Void
    private let instead: @Sendable (ModelRequest) throws -> EndpointReply?

    /// Creates an endpoint.
    ///
    /// - Parameters:
    ///   - shuffle: Another order of replies for each value.
    ///   - charge: What a call that fails is charged at, if anything.
    ///   - fails: Throws what the call of a number is to fail with.
    ///   - instead: A reply, or an error, in place of the usual one.
    init(
        shuffle: Int = 0,
        charge: Charge? = nil,
        fails: @escaping @Sendable (Int, ModelRequest) throws -> Void = { _, _ in },
        instead: @escaping @Sendable (ModelRequest) throws -> EndpointReply? = { _ in nil }
    ) {
        self.instead = instead
        self.shuffle = shuffle
        self.charge = charge
        self.fails = fails
    }

    var calls: Int { state.withLock { $0.calls } }
    var boughtTwice: Int { state.withLock { $0.bought.values.count { $0 > 1 } } }

    func complete(
        _ request: ModelRequest,
        for role: String,
        charged: @Sendable (Charge) async throws -> Void
    ) async throws -> EndpointReply {
        let number = state.withLock { state in
            state.calls += 1
            return state.calls
        }
        var random = RandomStream(seed: shuffle, purpose: [request.key.description])
        for _ in 0..<random.below(20) { await Task.yield() }
        do {
            try fails(number, request)
        } catch {
            if let charge { try await charged(charge) }
            throw error
        }
        state.withLock { $0.bought[request.key, default: 0] += 1 }
        if let reply = try instead(request) { return reply }
        var words = RandomStream(
            seed: 9,
            purpose: [request.messages.last?.content ?? "", String(request.repetition)]
        )
        let first = ["fine", "fine", "fine", "half", "none", "refused"][words.below(6)]
        return EndpointReply(
            reply: ModelReply(text: "\(first) \(words.below(7))", usage: TokenUsage(input: 3, output: 2)),
            charge: Charge(tokens: 5),
            endpoint: "toy"
        )
    }
}

/// A model whose calls all wait for a place that they never get, until the run ends them.
final class QueueingEndpoint: ModelEndpoint {
    private struct State {
        var isDrained = false
        var callers: [CheckedContinuation<Void, Never>] = []
        var watchers: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    func complete(
        _ request: ModelRequest,
        for role: String,
        charged: @Sendable (Charge) async throws -> Void
    ) async throws -> EndpointReply {
        await withCheckedContinuation { (caller: CheckedContinuation<Void, Never>) in
            let moved = state.withLock { state in
                if state.isDrained { return [caller] }
                state.callers.append(caller)
                defer { state.watchers = [] }
                return state.watchers
            }
            for waiter in moved { waiter.resume() }
        }
        throw CancellationError()
    }

    /// Waits until somebody waits here.
    func hasCaller() async {
        await withCheckedContinuation { (watcher: CheckedContinuation<Void, Never>) in
            let isThere = state.withLock { state in
                if !state.callers.isEmpty || state.isDrained { return true }
                state.watchers.append(watcher)
                return false
            }
            if isThere { watcher.resume() }
        }
    }

    func drain() {
        let callers = state.withLock { state in
            state.isDrained = true
            defer { state.callers = [] }
            return state.callers
        }
        for caller in callers { caller.resume() }
    }
}
