import CorpusConfig
import CorpusEndpoint
import CorpusKit
import CorpusPipeline
import Foundation
import Synchronization

/// The run's way to its models, opened by the first call: a run that finds every reply on its ledger starts no model
/// server and connects to nobody.
///
/// An actor, because the first of many calls opens the door while the others wait for it.
actor EndpointDoor: ModelEndpoint {
    private enum State {
        case shut
        case opening([CheckedContinuation<EndpointClient, any Error>])
        case open(EndpointClient)
        case failed(any Error)
    }

    /// What is needed without waiting for the actor.
    private struct Hall: Sendable {
        /// The client, from before it is asked to do anything.
        var client: EndpointClient?
        var isDraining = false
        var isPaused = false
    }

    private let plan: Plan
    private let budget: Budget
    private let local: LocalModelGate
    private let batches: any BatchStore
    private let answered: Set<String>
    private let hall = Mutex(Hall())
    private var state = State.shut

    init(plan: Plan, budget: Budget, local: LocalModelGate, batches: any BatchStore, answered: Set<String>) {
        self.plan = plan
        self.budget = budget
        self.local = local
        self.batches = batches
        self.answered = answered
    }

    func complete(
        _ request: ModelRequest,
        for role: String,
        charged: @Sendable (Charge) async throws -> Void
    ) async throws -> EndpointReply {
        try await client().complete(request, for: role, charged: charged)
    }

    /// Starts no further exchange and lets those in flight end; everything else that waits, for another try or for the
    /// bundled model, ends with `CancellationError`.
    nonisolated func drain() {
        let client = hall.withLock { hall in
            hall.isDraining = true
            return hall.client
        }
        client?.drain()
        local.drain()
    }

    /// Lets no call begin for now, or lets them begin again; those in flight end.
    nonisolated func setPaused(_ isPaused: Bool) {
        // In one step with the opening, so that a client never keeps what was taken back meanwhile.
        hall.withLock { hall in
            hall.isPaused = isPaused
            hall.client?.setPaused(isPaused)
        }
    }

    /// How the calls stand; without models before the first one.
    nonisolated var snapshot: EndpointSnapshot {
        hall.withLock(\.client)?.snapshot ?? EndpointSnapshot(models: [:])
    }

    /// Closes what was opened; calls in flight end with `CancellationError`.
    func shut() async {
        if case .open(let client) = state { await client.shutdown() }
    }

    private func client() async throws -> EndpointClient {
        switch state {
        case .open(let client): return client
        case .failed(let error): throw error
        case .opening(let waiting):
            return try await withCheckedThrowingContinuation { state = .opening(waiting + [$0]) }
        case .shut: break
        }
        state = .opening([])
        let result: Result<EndpointClient, any Error>
        do {
            result = .success(try await open())
        } catch {
            result = .failure(error)
        }
        if case .opening(let waiting) = state { for waiter in waiting { waiter.resume(with: result) } }
        switch result {
        case .success(let client): state = .open(client)
        // A cancelled opening says nothing about the endpoint.
        case .failure(let error): state = error is CancellationError ? .shut : .failed(error)
        }
        return try result.get()
    }

    private func open() async throws -> EndpointClient {
        var routes: [ModelRoute] = []
        for model in plan.usedModels.values.sorted(by: { $0.identity < $1.identity }) {
            guard !routes.contains(where: { $0.name == model.identity }) else { continue }
            routes.append(try await route(to: model))
        }
        let client = try EndpointClient(
            routes: routes,
            budget: budget,
            tell: { Terminal.tell("note: \($0)") },
            batches: batches,
            answered: answered
        )
        let isDraining = hall.withLock { hall in
            hall.client = client
            if hall.isPaused { client.setPaused(true) }
            return hall.isDraining
        }
        do {
            if isDraining { throw CancellationError() }
            for route in routes { _ = try await client.probe(route.name) }
            try await client.takeUpBatches()
        } catch {
            await client.shutdown()
            if let failure = error as? WorkFailure {
                throw WorkFailure(failure.code, failure.description, hint: failure.hint, stopsRun: true)
            }
            throw error
        }
        return client
    }

    private func route(to model: PlannedModel) async throws -> ModelRoute {
        let spec = model.spec
        var route = ModelRoute(model.identity, endpoints: [], hedge: spec.hedge)
        route.batch = spec.batch.map { batch in
            BatchSettings(
                maxRows: batch.rows,
                quiet: .seconds(batch.quietSeconds),
                priceFactor: batch.priceFactor
            )
        }
        switch spec.place.value {
        case .local:
            var place = configuration(of: model, at: try await local.address(of: model))
            place.price = TokenPrice(input: 0, output: 0)
            place.concurrency = model.concurrency
            route.endpoints = [place]
        case .endpoints(let places):
            for given in places {
                var place = configuration(of: model, at: given.url)
                place.weight = given.weight
                place.concurrency = spec.concurrency
                place.price = given.price.map {
                    TokenPrice(
                        input: $0.inputNanoDollars,
                        cachedInput: $0.cachedInputNanoDollars,
                        cacheWrite: $0.cacheWriteNanoDollars,
                        output: $0.outputNanoDollars
                    )
                }
                place.keyVariable = given.keyVariable
                place.key = try given.keyVariable.map { try key(in: $0, for: spec.name) }
                route.endpoints.append(place)
            }
        }
        return route
    }

    private func key(in variable: String, for model: String) throws -> Secret {
        guard let text = Terminal.environment(variable), let secret = Secret(text) else {
            throw WorkFailure(
                "bad-key",
                "the environment variable `\(variable)` holds no key for model `\(model)`",
                hint: "export \(variable)=… in the shell that starts the run",
                stopsRun: true
            )
        }
        return secret
    }

    private func configuration(of model: PlannedModel, at address: String) -> EndpointConfiguration {
        EndpointConfiguration(
            name: model.identity,
            baseURL: address,
            apiModel: model.spec.model,
            api: model.spec.api,
            schemaField: model.spec.schemaField,
            rates: RateLimits(
                requests: model.spec.requestsPerMinute,
                inputTokens: model.spec.inputTokensPerMinute,
                outputTokens: model.spec.outputTokensPerMinute
            ),
            timeouts: EndpointTimeouts(
                total: .seconds(model.spec.timeouts.totalSeconds),
                firstToken: .seconds(model.spec.timeouts.firstTokenSeconds),
                idle: .seconds(model.spec.timeouts.idleSeconds)
            ),
            streamsFrom: model.spec.streaming.fewestTokens,
            maxReplyBytes: model.spec.replyMegabytes.map { $0 << 20 },
            sendsSeed: true,
            tokenLimitField: model.spec.tokenLimitField ?? .maxTokens
        )
    }
}

extension Plan {
    /// The names of the bundled models that stages use, each once.
    var bundledModels: [String] {
        let specs = usedModels.values.map(\.spec)
        let names = specs.compactMap { spec in
            if case .local = spec.place.value { spec.model } else { nil }
        }
        return Set(names).sorted()
    }

    /// Whether any stage has a role for a model of this identity, or for one that it stands in for.
    func uses(_ model: PlannedModel) -> Bool {
        usedModels.values.contains { $0.identity == model.identity }
    }
}
