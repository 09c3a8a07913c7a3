package import CorpusKit
package import CorpusLedger
import Synchronization

/// What the engine is lent: the doors to the world, and how to tell the time.
package struct RunServices: Sendable {
    package var endpoint: any ModelEndpoint
    /// Nil when the recipe needs none.
    package var sandbox: (any Sandbox)?
    /// Seconds of a clock that is never set: what a pass may take is measured by it.
    package var now: @Sendable () -> Double
    /// Ends every wait that is no exchange in flight; called, perhaps more than once, when the pass must end.
    package var drain: @Sendable () -> Void
    /// Waits so many seconds; ends early when its task is cancelled.
    package var sleep: @Sendable (Double) async -> Void

    package init(
        endpoint: any ModelEndpoint,
        sandbox: (any Sandbox)?,
        now: @escaping @Sendable () -> Double,
        drain: @escaping @Sendable () -> Void = {},
        sleep: @escaping @Sendable (Double) async -> Void = { try? await Task.sleep(for: .seconds($0)) }
    ) {
        self.sleep = sleep
        self.endpoint = endpoint
        self.sandbox = sandbox
        self.now = now
        self.drain = drain
    }
}

/// A unit met the end of the pass in its middle.
struct Halted: Error {
    let stop: RunStop
}

/// Buys each reply once and runs each job once: looks into the ledger first, writes to it before anybody sees the
/// result.
package final class Exchange: Sendable {
    /// What stands on the ledger for content that was refused without a reply.
    static let refusal = ModelReply(text: "", finish: .filtered)

    private let ledger: Ledger
    private let services: RunServices
    private let calls = SingleFlight<ModelReply>()
    private let gatherings = SingleFlight<Void>()
    /// What is better asked for one by one.
    private let alone = Mutex(SingleAskers())
    private let executions = SingleFlight<ExecutionResult>()
    let meter: Meter
    /// Why nothing more may be bought or run, if so.
    private let halt: @Sendable () -> RunStop?
    /// Waits while nothing new may be bought.
    private let hold: @Sendable () async throws -> Void

    init(
        ledger: Ledger,
        services: RunServices,
        meter: Meter,
        halt: @escaping @Sendable () -> RunStop?,
        hold: @escaping @Sendable () async throws -> Void = {}
    ) {
        self.halt = halt
        self.hold = hold
        self.ledger = ledger
        self.services = services
        self.meter = meter
    }

    /// Buys replies outside a pass, for benchmarks.
    package convenience init(ledger: Ledger, endpoint: any ModelEndpoint) {
        let services = RunServices(endpoint: endpoint, sandbox: nil, now: { 0 })
        self.init(ledger: ledger, services: services, meter: Meter(), halt: { nil })
    }

    /// The reply to a request, from the ledger or bought now.
    ///
    /// - Parameters:
    ///   - request: The question.
    ///   - buyer: For whom.
    ///   - keepsRefusal: Whether a refusal of the content is kept as a reply without text, so that a later pass knows of
    ///     it and goes on to whoever is asked instead; else it is thrown.
    ///   - siblings: The repetitions of the question, this one among them, that are asked as well and whose replies may
    ///     come together.
    /// - Returns: The reply, which is on the ledger by then.
    /// - Throws: What the endpoint throws, ``LedgerProblem``, or ``Halted`` when the pass must end.
    package func reply(
        to request: ModelRequest,
        for buyer: Buyer,
        keepsRefusal: Bool = false,
        amongRepetitions siblings: Range<Int> = 0..<0
    ) async throws -> ModelReply {
        let text = request.canonical
        let key = text.key
        if siblings.count > 1, try ledger.call(key) == nil, try await ledger.borrow(key, for: buyer) == nil {
            try await gather(request, siblings, for: buyer)
        }
        return try await calls.value(for: key) {
            if let known = try ledger.bought(key) {
                if known.lacksStage, let stage = buyer.stage {
                    try await ledger.commit([.claim(key, stage: stage)])
                }
                meter.count { $0.reusedCalls += 1 }
                return known.reply
            }
            if let borrowed = try await ledger.borrow(key, for: buyer) {
                meter.count { $0.reusedCalls += 1 }
                return borrowed
            }
            // A unit of many calls stops between two of them: those it has got are not bought again.
            try await hold()
            if let stop = halt() { throw Halted(stop: stop) }
            let bought: EndpointReply
            do {
                bought = try await services.endpoint.complete(request, for: buyer.role) { charge in
                    try await book(charge, of: request.model, [key], for: buyer)
                }
            } catch let failure as WorkFailure where keepsRefusal && failure.code == "content-refused" {
                // What it may have cost is among the charges.
                bought = EndpointReply(
                    reply: Self.refusal,
                    attempts: 0,
                    charge: Charge(tokens: 0, cost: 0),
                    endpoint: ""
                )
            }
            try await keep([(text, bought.reply, bought.charge)], of: request.model, bought, for: buyer)
            return bought.reply
        }
    }

    /// Buys the replies to several repetitions of a question with one request, those that are not on the ledger yet.
    ///
    /// All of them are made durable in one transaction. Whoever comes meanwhile waits for it and then looks into the
    /// ledger; what is not there then is bought singly, as it also is from an endpoint that gives one reply at a time,
    /// when the budget has room for some of them only, and after any failure that further calls need not meet.
    private func gather(_ request: ModelRequest, _ repetitions: Range<Int>, for buyer: Buyer) async throws {
        var first = request
        first.repetition = repetitions.lowerBound
        let group = first.key
        guard !alone.withLock({ $0.holds(group, of: request.model) }) else { return }
        do {
            try await gatherings.value(for: group) {
                try await buyTogether(request, repetitions, group, for: buyer)
            }
        } catch is CancellationError where !Task.isCancelled {
            // The end of whoever bought; not ours.
        }
    }

    private func buyTogether(
        _ request: ModelRequest,
        _ repetitions: Range<Int>,
        _ group: ItemKey,
        for buyer: Buyer
    ) async throws {
        let model = request.model
        var request = request
        let texts = repetitions.map { repetition in
            request.repetition = repetition
            return request.canonical
        }
        // Nobody else may buy one of them meanwhile, and what somebody else is buying is not ours.
        let taken = calls.begin(texts.map(\.key))
        var replies: [ItemKey: ModelReply] = [:]
        defer { for key in taken { calls.end(key, with: replies[key]) } }
        let missing = try await lacking(of: texts.filter { taken.contains($0.key) }, for: buyer)
        guard missing.count > 1 else { return }
        try await hold()
        if let stop = halt() { throw Halted(stop: stop) }
        request.choices = missing.count
        let bought: EndpointReply
        do {
            bought = try await services.endpoint.complete(request, for: buyer.role) { charge in
                try await book(charge, of: model, missing.map(\.key), for: buyer)
            }
        } catch is BudgetExhausted {
            return alone.withLock { $0.insert(group) }
        } catch let failure as WorkFailure where !failure.stopsRun {
            return alone.withLock {
                $0.insert(group, of: model, isRefused: failure.code == "endpoint-refused")
            }
        }
        let all = [(bought.reply, bought.charge)] + bought.others.map { ($0.reply, $0.charge) }
        if all.count < missing.count { alone.withLock { $0.insert(model) } }
        let rows = zip(missing, all).map { ($0, $1.0, $1.1) }
        try await keep(rows, of: model, bought, for: buyer)
        for (text, reply, _) in rows { replies[text.key] = reply }
    }

    /// The requests whose replies are neither on the ledger nor shared by another run.
    private func lacking(of requests: [CanonicalJSON], for buyer: Buyer) async throws -> [CanonicalJSON] {
        var lacking: [CanonicalJSON] = []
        for request in requests where try ledger.call(request.key) == nil {
            if try await ledger.borrow(request.key, for: buyer) == nil { lacking.append(request) }
        }
        return lacking
    }

    /// Makes replies of one exchange durable.
    private func keep(
        _ rows: [(request: CanonicalJSON, reply: ModelReply, charge: Charge)],
        of model: String,
        _ bought: EndpointReply,
        for buyer: Buyer
    ) async throws {
        let records = rows.enumerated().map { index, row in
            LedgerEntry.call(
                CallRecord(
                    key: row.request.key,
                    model: model,
                    endpoint: bought.endpoint,
                    request: row.request,
                    reply: row.reply,
                    // Repeating the request counts once, with the first.
                    attempts: index == 0 ? bought.attempts : 1,
                    booked: row.charge.tokens,
                    cost: row.charge.cost,
                    buyer: buyer
                )
            )
        }
        try await ledger.commit(records)
        meter.count { meter in
            meter.calls += bought.attempts == 0 ? 0 : rows.count
            meter.retries += max(0, bought.attempts - 1)
            for row in rows {
                meter.tokens += row.reply.usage?.total ?? 0
                meter.cost += row.charge.cost ?? 0
            }
        }
    }

    /// Makes an attempt without a reply durable, for each of the calls that it was for.
    private func book(_ charge: Charge, of model: String, _ keys: [ItemKey], for buyer: Buyer) async throws {
        let count = keys.count
        let records = keys.enumerated().map { index, key in
            func part(of whole: Int) -> Int { whole / count + (index < whole % count ? 1 : 0) }
            return LedgerEntry.charge(
                ChargeRecord(
                    call: key,
                    model: model,
                    tokens: part(of: charge.tokens),
                    cost: charge.cost.map(part),
                    buyer: buyer
                )
            )
        }
        try await ledger.commit(records)
        meter.count { $0.cost += charge.cost ?? 0 }
    }

    /// See ``PluginContext/require(_:in:)``.
    func require(_ kind: TestSuite.Kind, in language: String) async throws {
        _ = try await services.sandbox?.toolchain(for: language, running: kind)
    }

    func run(_ job: ExecutionJob) async throws -> (key: ItemKey, result: ExecutionResult) {
        guard let sandbox = services.sandbox else {
            throw WorkFailure("sandbox-error", "this run has no sandbox", stopsRun: true)
        }
        let toolchain = try await sandbox.toolchain(for: job.language, running: job.tests.kind)
        let key = job.key(toolchain: toolchain, harness: sandbox.harness, isolation: sandbox.isolation)
        let result = try await executions.value(for: key) {
            if let known = try ledger.execution(key) {
                meter.count { $0.reusedExecutions += 1 }
                return known
            }
            if let borrowed = try await ledger.borrowExecution(key) {
                meter.count { $0.reusedExecutions += 1 }
                return borrowed
            }
            // After the time is up no call starts; what was paid for is still tested.
            if let stop = halt(), !stop.isDeadline { throw Halted(stop: stop) }
            let result = try await sandbox.run(job)
            try await ledger.commit([.execution(ExecutionRecord(key: key, job: job.json, result: result))])
            meter.count { $0.executions += 1 }
            return result
        }
        return (key, result)
    }
}

/// What is not asked for together any more: whole models, and groups of attempts for which that did not work.
struct SingleAskers: Sendable {
    /// A refusal may be about one prompt; so many in a row are about the number of replies.
    private static let patience = 3
    /// Beyond these, groups are tried once more.
    private static let mostGroups = 65_536

    private var models: Set<String> = []
    private var groups: Set<ItemKey> = []
    private var refusals: [String: Int] = [:]

    func holds(_ group: ItemKey, of model: String) -> Bool {
        models.contains(model) || groups.contains(group)
    }

    mutating func insert(_ model: String) { models.insert(model) }

    mutating func insert(_ group: ItemKey) {
        if groups.count < Self.mostGroups { groups.insert(group) }
    }

    /// Remembers a group that failed.
    mutating func insert(_ group: ItemKey, of model: String, isRefused: Bool) {
        insert(group)
        refusals[model] = isRefused ? refusals[model, default: 0] + 1 : 0
        if refusals[model, default: 0] >= Self.patience { insert(model) }
    }
}
