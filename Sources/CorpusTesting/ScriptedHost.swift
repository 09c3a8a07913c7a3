public import CorpusKit
import Synchronization

/// A host that answers from a script and remembers what it was asked.
///
/// Stands in for the engine in tests: no model, no sandbox, no network. Replies are given call by call and the last
/// one repeats; so are the outcomes of executions.
public final class ScriptedHost: PluginHost, Sendable {
    /// One question to the model.
    public struct Call: Sendable, Hashable {
        /// The conversation; empty when ``prompt`` stands in its place.
        public let messages: [Message]
        /// The raw text that is to be continued.
        public let prompt: String?
        /// The role that was asked, or nil for the only one.
        public let role: String?
        /// What differed from the role's settings.
        public let settings: CallSettings
    }

    /// Something that was booked as not good enough.
    public struct Drop: Sendable, Hashable {
        /// Why.
        public let reason: ReasonCode
        /// One sentence for people.
        public let summary: String
        /// What was produced.
        public let text: String?
    }

    private struct Record {
        var calls: [Call] = []
        var jobs: [ExecutionJob] = []
        var drops: [Drop] = []
    }

    private let record = Mutex(Record())
    private let answer: @Sendable (Call, Int) throws -> ModelReply
    private let execute: @Sendable (ExecutionJob, Int) throws -> ExecutionResult
    private let require: @Sendable (TestSuite.Kind, String) throws -> Void

    /// Creates a host whose answers are computed.
    ///
    /// - Parameters:
    ///   - answer: Takes a call and how many came before it.
    ///   - execute: Takes a job and how many came before it; by default every test passes.
    ///   - require: Takes a kind of tests and a language; by default every machine can run them.
    public init(
        answer: @escaping @Sendable (Call, Int) throws -> ModelReply,
        execute: @escaping @Sendable (ExecutionJob, Int) throws -> ExecutionResult = { job, _ in
            ScriptedHost.result(.ok, of: job)
        },
        require: @escaping @Sendable (TestSuite.Kind, String) throws -> Void = { _, _ in }
    ) {
        self.require = require
        self.answer = answer
        self.execute = execute
    }

    /// Creates a host with canned replies and verdicts; the last of each repeats.
    ///
    /// - Parameters:
    ///   - replies: What the model says. Without any, a call fails with `no-reply`.
    ///   - executions: How executions end. Without any, all tests pass.
    public convenience init(replies: [ModelReply], executions: [ExecutionResult.Verdict] = []) {
        self.init(
            answer: { _, index in
                guard let reply = index < replies.count ? replies[index] : replies.last else {
                    throw WorkFailure("no-reply", "the script has no reply", hint: "give the host a reply")
                }
                return reply
            },
            execute: { job, index in
                let verdict = index < executions.count ? executions[index] : executions.last ?? .ok
                return Self.result(verdict, of: job)
            }
        )
    }

    /// Creates a host whose model says these texts and stops by itself after each.
    public convenience init(_ texts: String..., executions: [ExecutionResult.Verdict] = []) {
        self.init(replies: texts.map { ModelReply(text: $0) }, executions: executions)
    }

    /// What the model was asked, in order.
    public var calls: [Call] { record.withLock { $0.calls } }
    /// What was run, in order.
    public var jobs: [ExecutionJob] { record.withLock { $0.jobs } }
    /// What was booked as not good enough, in order.
    public var drops: [Drop] { record.withLock { $0.drops } }

    /// Lends this host to one unit of work.
    ///
    /// - Parameters:
    ///   - ordinal: The attempt's number, from 0.
    ///   - seed: Seeds the random stream: equal seeds give equal streams.
    /// - Returns: A context on top of this host.
    public func context(ordinal: Int = 0, seed: Int = 1) -> PluginContext {
        let random = RandomStream(seed: seed, purpose: ["scripted", String(ordinal)])
        return PluginContext(ordinal: ordinal, random: random, host: self)
    }

    /// Answers from the script.
    public func reply(to messages: [Message], role: String?, settings: CallSettings) async throws
        -> ModelReply
    {
        try answered(Call(messages: messages, prompt: nil, role: role, settings: settings))
    }

    /// Answers from the script.
    public func continuation(of prompt: String, role: String?, settings: CallSettings) async throws
        -> ModelReply
    {
        try answered(Call(messages: [], prompt: prompt, role: role, settings: settings))
    }

    /// Vectors of eight numbers that depend on the text alone: equal texts have equal ones.
    public func embeddings(of texts: [String], role: String?) async throws -> [[Float]] {
        try Task.checkCancellation()
        return texts.map { text in Digest(of: text).bytes.prefix(8).map { Float($0) / 256 } }
    }

    private func answered(_ call: Call) throws -> ModelReply {
        try Task.checkCancellation()
        let index = record.withLock { record in
            record.calls.append(call)
            return record.calls.count - 1
        }
        return try answer(call, index)
    }

    /// The role's name, or `scripted` for the only one.
    public func modelName(of role: String?) throws -> String { role ?? "scripted" }

    /// Answers as the script says.
    public func require(_ kind: TestSuite.Kind, in language: String) async throws {
        try require(kind, language)
    }

    /// Ends as the script says.
    public func run(_ job: ExecutionJob) async throws -> ExecutionResult {
        try Task.checkCancellation()
        let index = record.withLock { record in
            record.jobs.append(job)
            return record.jobs.count - 1
        }
        return try execute(job, index)
    }

    /// Remembers the drop.
    public func drop(_ reason: ReasonCode, _ summary: String, text: String?) {
        record.withLock { $0.drops.append(Drop(reason: reason, summary: summary, text: text)) }
    }

    /// A result in which every test passes, or the first one ends with the verdict and the others pass.
    ///
    /// A program that does not compile has no tests begun.
    public static func result(_ verdict: ExecutionResult.Verdict, of job: ExecutionJob) -> ExecutionResult {
        var tests = [ExecutionResult.Test](repeating: .init(.ok), count: job.tests.count)
        if verdict == .compileError {
            tests = []
        } else if verdict != .ok, !tests.isEmpty {
            tests[0] = .init(verdict, got: verdict == .wrongAnswer ? "null" : nil)
        }
        return ExecutionResult(
            verdict,
            tests: tests,
            total: job.tests.count,
            isolation: "none",
            diagnostics: verdict == .ok ? "" : "scripted \(verdict.rawValue)",
            toolchain: "scripted"
        )
    }
}
