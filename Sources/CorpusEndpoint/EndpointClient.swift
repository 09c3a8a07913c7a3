public import CorpusKit
import Foundation

/// Model calls over HTTP: one or more models that share a budget and their connections.
///
/// Each model has its own places, breaker and counts. Replies are bought once per call of ``complete(_:)``;
/// that a request is not asked again after its reply is on the ledger is the engine's business.
public final class EndpointClient: ModelEndpoint, Sendable {
    private let http: HTTPEngine
    private let budget: Budget
    let channels: [String: ModelChannel]

    /// Creates a client of models with one endpoint each and starts its thread; nothing is sent.
    ///
    /// - Parameters:
    ///   - configurations: The models, each with a name of its own.
    ///   - budget: What all calls together may take.
    ///   - policy: How patient the client is.
    ///   - clock: What waits between attempts.
    ///   - now: Seconds since 1970, to read a `Retry-After` that names a moment.
    ///   - tell: Told once of each change for the worse or the better, in a sentence.
    /// - Throws: As ``init(routes:budget:policy:clock:now:tell:batches:)``.
    package convenience init(
        _ configurations: [EndpointConfiguration],
        budget: Budget,
        policy: RetryPolicy = RetryPolicy(),
        clock: some Clock<Duration> = ContinuousClock(),
        now: @escaping @Sendable () -> Double = { Date().timeIntervalSince1970 },
        tell: @escaping @Sendable (String) -> Void = { _ in }
    ) throws {
        try self.init(
            routes: configurations.map { ModelRoute($0.name, endpoints: [$0]) },
            budget: budget,
            policy: policy,
            clock: clock,
            now: now,
            tell: tell
        )
    }

    /// Creates a client and starts its thread; nothing is sent.
    ///
    /// - Parameters:
    ///   - routes: The models, each with a name of its own.
    ///   - budget: What all calls together may take.
    ///   - policy: How patient the client is.
    ///   - clock: What waits between attempts.
    ///   - now: Seconds since 1970, to read a `Retry-After` that names a moment.
    ///   - tell: Told once of each change for the worse or the better, in a sentence.
    ///   - batches: What remembers batches, where models are asked in batches.
    ///   - answered: The models that are known to have answered before.
    /// - Throws: `WorkFailure` with `bad-address`, or with `bad-endpoint` when two models share a name, a model has no
    ///   endpoint, an extra body field is reserved, or a cap on dollars meets a model without
    ///   a price.
    package init(
        routes: [ModelRoute],
        budget: Budget,
        policy: RetryPolicy = RetryPolicy(),
        clock: some Clock<Duration> = ContinuousClock(),
        now: @escaping @Sendable () -> Double = { Date().timeIntervalSince1970 },
        tell: @escaping @Sendable (String) -> Void = { _ in },
        batches: any BatchStore = MemoryBatchStore(),
        answered: Set<String> = []
    ) throws {
        var addresses: [String: [EndpointAddress]] = [:]
        for route in routes {
            let own = try route.addresses(caps: budget.caps)
            guard addresses.updateValue(own, forKey: route.name) == nil else {
                throw WorkFailure("bad-endpoint", "two models are called `\(route.name)`", stopsRun: true)
            }
        }
        // Two more per endpoint, so that questions about it never wait behind calls.
        let connections = routes.flatMap(\.endpoints).reduce(0) { $0 + 2 + $1.width }
        http = HTTPEngine(connections: connections)
        let start = clock.now
        let shared = Lane.Surroundings(
            engine: http,
            budget: budget,
            policy: policy,
            sleep: { try await clock.sleep(for: $0) },
            elapsed: { start.duration(to: clock.now) / .seconds(1) },
            now: now,
            tell: tell
        )
        channels = Dictionary(
            uniqueKeysWithValues: routes.map { route in
                (
                    route.name,
                    ModelChannel(
                        route,
                        addresses[route.name] ?? [],
                        shared,
                        batches: batches,
                        hasAnswered: answered.contains(route.name)
                    )
                )
            }
        )
        self.budget = budget
    }

    /// Gets a reply, retrying what is worth it, within the model's limits and the budget.
    ///
    /// Cancelling the caller aborts the exchange; what was sent by then is booked at its worst case.
    ///
    /// - Parameters:
    ///   - request: The question.
    ///   - role: The recipe's name for the use that is made of the model.
    ///   - charged: Told of each attempt that the endpoint may charge for although it gave no reply.
    /// - Returns: The reply and what it was booked at.
    /// - Throws: `WorkFailure` when no reply can be had, with `stopsRun` set when no further call could;
    ///   `BudgetExhausted` when the worst case of the call does not fit the budget; `CancellationError`; what
    ///   `charged` throws.
    public func complete(
        _ request: ModelRequest,
        for role: String,
        charged: @Sendable (Charge) async throws -> Void
    ) async throws -> EndpointReply {
        let reserved = EndpointConfiguration.reservedFields
        if !request.extra.isEmpty, let field = request.extra.keys.sorted().first(where: reserved.contains) {
            throw WorkFailure(
                .unsupportedRequest,
                "the further fields of a request must not set `\(field)`",
                stopsRun: true
            )
        }
        return try await channel(request.model).complete(request, for: role, charged: charged)
    }

    /// Asks a model's endpoint, without charge, for the models that it serves.
    ///
    /// What may pass is tried again as calls are. The list is a hint and no more: an endpoint may keep none, forbid
    /// it, or list other names than it takes, and only a call shows whether calls work.
    ///
    /// - Throws: `WorkFailure` when no call could work either: `transport`, `timeout`, `bad-certificate`,
    ///   `bad-address` when nobody is reached, `bad-key` for a status of 401, `endpoint-loading`;
    ///   `CancellationError`.
    public func probe(_ model: String) async throws -> EndpointProbe {
        try await channel(model).probe()
    }

    /// Takes up the batches that earlier clients with the same store left under way.
    ///
    /// Their replies go to the store as they come, whether anybody asks for them or not.
    ///
    /// - Throws: `WorkFailure` when an endpoint cannot tell what it has; what the store throws; `CancellationError`.
    public func takeUpBatches() async throws {
        for channel in channels.values { try await channel.batch?.attach() }
    }

    /// How things stand.
    public var snapshot: EndpointSnapshot {
        var snapshot = EndpointSnapshot(models: channels.mapValues(\.counters.current))
        for (name, channel) in channels.sorted(by: { $0.key < $1.key }) {
            for lane in channel.lanes {
                var counts = lane.counters.current
                let leased: Int
                (counts.limit, leased, counts.waiting) = lane.desk.standing
                counts.leased = max(leased, counts.inFlight)
                counts.waiting += channel.batch?.rows.inLine ?? 0
                snapshot.models[name]? += counts
                snapshot.lanes.append(
                    .init(
                        model: name,
                        endpoint: lane.label.address,
                        counts: counts,
                        isPriced: lane.configuration.price != nil
                    )
                )
            }
        }
        return snapshot
    }

    /// Starts no further exchange and lets those in flight end.
    ///
    /// Calls that wait between two attempts, or for a share of the budget, end with `CancellationError` at once, and
    /// so does every call that would need an exchange from now on.
    public func drain() {
        budget.close()
        for channel in channels.values { channel.drain() }
    }

    /// Lets no call begin for now, and no repetition of one, or lets them begin again.
    ///
    /// Calls that wait for their turn wait on; those in flight end, and so do batches under way.
    package func setPaused(_ isPaused: Bool) {
        for channel in channels.values { channel.setPaused(isPaused) }
    }

    /// Aborts what is under way and closes all connections; calls in flight end with `CancellationError`.
    public func shutdown() async {
        for channel in channels.values { channel.stopWatching() }
        await http.shutdown()
        for channel in channels.values { await channel.batch?.stop() }
    }

    private func channel(_ model: String) throws(WorkFailure) -> ModelChannel {
        guard let channel = channels[model] else {
            throw WorkFailure(.unknownModel, "no endpoint serves a model called `\(model)`", stopsRun: true)
        }
        return channel
    }
}

extension ModelRoute {
    /// The checked addresses of all endpoints.
    fileprivate func addresses(caps: Caps) throws -> [EndpointAddress] {
        guard !endpoints.isEmpty, (0...0.2).contains(hedge) else {
            throw WorkFailure("bad-endpoint", "model `\(name)` needs an endpoint", stopsRun: true)
        }
        if let batch {
            guard endpoints.count == 1, hedge == 0, batch.maxRows > 0, batch.maxBytes > 0,
                (0...1).contains(batch.priceFactor), endpoints[0].api.hasBatches
            else {
                throw WorkFailure(
                    "bad-endpoint",
                    "model `\(name)` cannot be asked in batches",
                    hint: "batches need one endpoint whose API has them, and take no `hedge`",
                    stopsRun: true
                )
            }
        }
        return try endpoints.map { endpoint in
            try endpoint.check(caps: caps)
            return try EndpointAddress(endpoint.baseURL, api: endpoint.api)
        }
    }
}

extension EndpointConfiguration {
    /// Refuses what would fail, or break a promise, only later.
    fileprivate func check(caps: Caps) throws(WorkFailure) {
        if let field = extraBody.keys.sorted().first(where: Self.reservedFields.contains) {
            throw WorkFailure(
                "bad-endpoint",
                "the extra body of model `\(name)` must not set `\(field)`",
                stopsRun: true
            )
        }
        guard api.schemaFields.contains(effectiveSchemaField) else {
            throw WorkFailure(
                "bad-endpoint",
                "the API `\(api.rawValue)` of model `\(name)` takes no schema as `\(effectiveSchemaField.rawValue)`",
                stopsRun: true
            )
        }
        guard maxAttempts > 0, concurrency ?? 1 > 0, maxReplyBytes ?? 1 > 0, weight > 0 else {
            throw WorkFailure(
                "bad-endpoint",
                "the limits of model `\(name)` must be at least 1",
                stopsRun: true
            )
        }
        if caps.nanoDollars != nil, price == nil {
            throw WorkFailure(
                "bad-endpoint",
                "model `\(name)` has no price, so a budget in dollars cannot be kept",
                hint: "add its `price:`, with 0 for an endpoint that costs nothing",
                stopsRun: true
            )
        }
    }
}
