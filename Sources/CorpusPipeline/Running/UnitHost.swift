import CorpusConfig
import CorpusKit
import CorpusLedger
import Synchronization

/// Stands behind the context of one unit of work: fills in the role's settings, tells repeated questions apart, and
/// remembers what was used and what was dropped.
final class UnitHost: PluginHost {
    private struct State {
        var repetitions: [ItemKey: Int] = [:]
        var trace: [TraceEntry] = []
        var drops: [DropRecord] = []
        var fallbacks: Set<String> = []
        var lack: Lack?
    }

    private let node: PlanNode
    private let models: [String: PlannedModel]
    private let exchange: Exchange
    private let ordinal: Int
    private let attempts: Int
    private let randomSeed: Int
    private let state = Mutex(State())

    /// Creates a host for one unit of a node; `models` are those of the plan, by their names in the recipe.
    init(
        node: PlanNode,
        models: [String: PlannedModel],
        exchange: Exchange,
        ordinal: Int,
        attempts: Int,
        randomSeed: Int
    ) {
        self.node = node
        self.models = models
        self.exchange = exchange
        self.ordinal = ordinal
        self.attempts = attempts
        self.randomSeed = randomSeed
    }

    var trace: [TraceEntry] { state.withLock { $0.trace } }
    var drops: [DropRecord] { state.withLock { $0.drops } }
    /// What a rehearsal lacked here first.
    ///
    /// Whatever the plug-in made of that, the unit's true course is not known.
    var lack: Lack? { state.withLock { $0.lack } }
    /// Identities of the models that answered what others had refused, sorted.
    var fallbacks: [String] { state.withLock { $0.fallbacks.sorted() } }

    func reply(to messages: [Message], role: String?, settings: CallSettings) async throws -> ModelReply {
        try await noting { try await reply(to: messages, prompt: nil, role: role, settings) }
    }

    func continuation(of prompt: String, role: String?, settings: CallSettings) async throws -> ModelReply {
        try await noting { try await reply(to: [], prompt: prompt, role: role, settings) }
    }

    /// Gets something from the ledger or the world; after the first that a rehearsal lacks there is nothing more to get.
    private func noting<Value>(_ get: () async throws -> Value) async throws -> Value {
        if let lack { throw lack }
        do {
            return try await get()
        } catch let lack as Lack {
            state.withLock { if $0.lack == nil { $0.lack = lack } }
            throw lack
        }
    }

    private func reply(
        to messages: [Message],
        prompt: String?,
        role: String?,
        _ settings: CallSettings
    ) async throws -> ModelReply {
        try Task.checkCancellation()
        let model = try model(of: role)
        let fallback = model.spec.fallback.flatMap { models[$0.value] }
        // What a role is refused it pays for elsewhere as well.
        let buyer = Buyer(role: model.spec.name, stage: node.name)
        let reply = try await ask(model, messages, prompt, settings, buyer, keepsRefusal: fallback != nil)
        guard let fallback, reply.finish == .filtered else { return reply }
        _ = state.withLock { $0.fallbacks.insert(fallback.identity) }
        // The others may not have been refused, and then nobody asks for theirs.
        var single = settings
        single.isSharedByAttempts = false
        return try await ask(fallback, messages, prompt, single, buyer, keepsRefusal: false)
    }

    /// One question to one model; the reply is on the ledger when it comes back.
    private func ask(
        _ model: PlannedModel,
        _ messages: [Message],
        _ prompt: String?,
        _ settings: CallSettings,
        _ buyer: Buyer,
        keepsRefusal: Bool
    ) async throws -> ModelReply {
        var request = ModelRequest(
            model: model.identity,
            messages: messages,
            sampling: Sampling(
                temperature: settings.temperature ?? model.spec.temperature,
                topP: model.spec.topP,
                maxTokens: settings.maxTokens ?? model.spec.maxTokens,
                stop: settings.stop + model.spec.stop,
                logprobs: settings.logprobs
            ),
            extra: model.spec.extra.merging(settings.extra) { $1 },
            schema: settings.schema,
            tools: settings.tools,
            toolChoice: settings.toolChoice
        )
        request.prompt = prompt
        request.grammar = settings.grammar
        // Attempts of one seed ask the same question; each of them, and each repetition within, is a reply of its own.
        let asked = request.key
        let times = state.withLock { state in
            let times = state.repetitions[asked, default: 0]
            state.repetitions[asked] = times + 1
            return times
        }
        request.repetition = ordinal + times * attempts
        if model.sendsSeed {
            var random = RandomStream(seed: randomSeed, purpose: ["sampling", request.key.description])
            request.sampling.seed = random.below(1 << 31)
        }
        let key = request.key
        let siblings = settings.isSharedByAttempts && times == 0 ? siblings(model.spec.samplesPerCall) : 0..<0
        let reply = try await exchange.reply(
            to: request,
            for: buyer,
            keepsRefusal: keepsRefusal,
            amongRepetitions: siblings
        )
        if !keepsRefusal, reply == Exchange.refusal {
            // Kept while the recipe had a fallback.
            throw WorkFailure(
                "content-refused",
                "the content filter of `\(model.identity)` refused the request"
            )
        }
        state.withLock { $0.trace.append(TraceEntry(.call, key)) }
        return reply
    }

    /// The attempts, this one among them, whose replies may come together.
    private func siblings(_ most: Int) -> Range<Int> {
        guard most > 1 else { return 0..<0 }
        let first = ordinal / most * most
        return first..<min(first + most, attempts)
    }

    func embeddings(of texts: [String], role: String?) async throws -> [[Float]] {
        try await noting { try await vectors(of: texts, role: role) }
    }

    private func vectors(of texts: [String], role: String?) async throws -> [[Float]] {
        try Task.checkCancellation()
        let model = try model(of: role)
        guard !texts.isEmpty else { return [] }
        guard texts.allSatisfy({ !$0.allSatisfy(\.isWhitespace) }) else {
            throw WorkFailure("plugin-error", "`\(node.manifest.name)` asked for the vector of a blank text")
        }
        // The same texts have the same vectors, so that there is nothing to tell repetitions apart for.
        let request = ModelRequest(model: model.identity, texts: texts, extra: model.spec.extra)
        let key = request.key
        let buyer = Buyer(role: model.spec.name, stage: node.name)
        let reply = try await exchange.reply(to: request, for: buyer, keepsRefusal: false)
        guard reply.vectors.count == texts.count else {
            throw WorkFailure("bad-reply", "the reply on the ledger has not one vector for each text")
        }
        state.withLock { $0.trace.append(TraceEntry(.call, key)) }
        return reply.vectors
    }

    func modelName(of role: String?) throws -> String { try model(of: role).identity }

    private func model(of role: String?) throws -> PlannedModel {
        let name = role ?? node.manifest.roles.first ?? ""
        guard let model = node.roles[name] else {
            throw WorkFailure(
                "plugin-error",
                "`\(node.manifest.name)` asked for a role `\(name)` that the recipe does not fill"
            )
        }
        return model
    }

    func require(_ kind: TestSuite.Kind, in language: String) async throws {
        try await exchange.require(kind, in: language)
    }

    func run(_ job: ExecutionJob) async throws -> ExecutionResult {
        try Task.checkCancellation()
        let (key, result) = try await noting { try await exchange.run(job) }
        state.withLock { $0.trace.append(TraceEntry(.execution, key)) }
        return result
    }

    func drop(_ reason: ReasonCode, _ summary: String, text: String?) {
        state.withLock { $0.drops.append(DropRecord(reason: reason, summary: summary, text: text)) }
    }
}
