package import CorpusKit
package import CorpusLedger

/// What the engine is lent: the doors to the world, and how to tell the time.
package struct RunServices: Sendable {
    package var endpoint: any ModelEndpoint
    /// Nil when the recipe needs none.
    package var sandbox: (any Sandbox)?
    /// Seconds since 1970.
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
    private let executions = SingleFlight<ExecutionResult>()
    let meter: Meter
    /// Why nothing more may be bought or run, if so.
    private let halt: @Sendable () -> RunStop?

    init(
        ledger: Ledger,
        services: RunServices,
        meter: Meter,
        halt: @escaping @Sendable () -> RunStop?
    ) {
        self.halt = halt
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
    /// - Returns: The reply, which is on the ledger by then.
    /// - Throws: What the endpoint throws, ``LedgerProblem``, or ``Halted`` when the pass must end.
    package func reply(
        to request: ModelRequest,
        for buyer: Buyer,
        keepsRefusal: Bool = false
    ) async throws -> ModelReply {
        let text = request.canonical
        let key = text.key
        return try await calls.value(for: key) {
            if let known = try ledger.call(key) {
                meter.count { $0.reusedCalls += 1 }
                return known
            }
            // A unit of many calls stops between two of them: those it has got are not bought again.
            if let stop = halt() { throw Halted(stop: stop) }
            let bought: EndpointReply
            do {
                bought = try await services.endpoint.complete(request, for: buyer.role) { charge in
                    try await ledger.commit([
                        .charge(
                            ChargeRecord(
                                call: key,
                                model: request.model,
                                tokens: charge.tokens,
                                cost: charge.cost,
                                buyer: buyer
                            )
                        )
                    ])
                    meter.count { $0.cost += charge.cost ?? 0 }
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
            try await ledger.commit([
                .call(
                    CallRecord(
                        key: key,
                        model: request.model,
                        endpoint: bought.endpoint,
                        request: text,
                        reply: bought.reply,
                        attempts: bought.attempts,
                        booked: bought.charge.tokens,
                        cost: bought.charge.cost,
                        buyer: buyer
                    )
                )
            ])
            meter.count { meter in
                meter.calls += min(1, bought.attempts)
                meter.retries += max(0, bought.attempts - 1)
                meter.tokens += bought.reply.usage?.total ?? 0
                meter.cost += bought.charge.cost ?? 0
            }
            return bought.reply
        }
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
