public import CorpusKit
import Foundation

/// Model calls over HTTP: one or more models that share a budget and their connections.
///
/// Each model has its own places, breaker and counts. Replies are bought once per call of ``complete(_:)``;
/// that a request is not asked again after its reply is on the ledger is the engine's business.
public final class EndpointClient: ModelEndpoint, Sendable {
    private let http: HTTPEngine
    private let budget: Budget
    private let channels: [String: ModelChannel]

    /// Creates a client and starts its thread; nothing is sent.
    ///
    /// - Parameters:
    ///   - configurations: The models, each with a name of its own.
    ///   - budget: What all calls together may take.
    ///   - policy: How patient the client is.
    ///   - clock: What waits between attempts.
    ///   - now: Seconds since 1970, to read a `Retry-After` that names a moment.
    /// - Throws: `WorkFailure` with `bad-address`, or with `bad-endpoint` when two models share a name, an
    ///   extra body field is reserved, or a cap on dollars meets a model without a price.
    package init(
        _ configurations: [EndpointConfiguration],
        budget: Budget,
        policy: RetryPolicy = RetryPolicy(),
        clock: some Clock<Duration> = ContinuousClock(),
        now: @escaping @Sendable () -> Double = { Date().timeIntervalSince1970 }
    ) throws {
        var addresses: [String: EndpointAddress] = [:]
        for configuration in configurations {
            let address = try EndpointAddress(configuration.baseURL, api: configuration.api)
            try configuration.check(at: address, caps: budget.caps)
            guard addresses.updateValue(address, forKey: configuration.name) == nil else {
                throw WorkFailure(
                    "bad-endpoint",
                    "two models are called `\(configuration.name)`",
                    stopsRun: true
                )
            }
        }
        // One more per model, so that a probe never waits behind calls.
        let connections = configurations.reduce(0) { sum, configuration in
            sum + 1 + (addresses[configuration.name].map(configuration.width) ?? 0)
        }
        http = HTTPEngine(connections: connections)
        let shared = ModelChannel.Surroundings(
            engine: http,
            budget: budget,
            policy: policy,
            sleep: { try await clock.sleep(for: $0) },
            now: now
        )
        var channels: [String: ModelChannel] = [:]
        for configuration in configurations {
            guard let address = addresses[configuration.name] else { continue }
            channels[configuration.name] = ModelChannel(configuration, address, shared)
        }
        self.channels = channels
        self.budget = budget
    }

    /// Gets a reply, retrying what is worth it, within the model's places and the budget.
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
        try await channel(request.model).complete(request, for: role, charged: charged)
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

    /// How things stand.
    public var snapshot: EndpointSnapshot {
        EndpointSnapshot(
            models: channels.mapValues { channel in
                var counts = channel.counters.current
                counts.waiting = channel.places.waiting
                return counts
            }
        )
    }

    /// Starts no further exchange and lets those in flight end.
    ///
    /// Calls that wait between two attempts, or for a share of the budget, end with `CancellationError` at once, and
    /// so does every call that would need an exchange from now on.
    public func drain() {
        budget.close()
        for channel in channels.values { channel.drain() }
    }

    /// Aborts what is under way and closes all connections; calls in flight end with `CancellationError`.
    public func shutdown() async { await http.shutdown() }

    private func channel(_ model: String) throws(WorkFailure) -> ModelChannel {
        guard let channel = channels[model] else {
            throw WorkFailure(.unknownModel, "no endpoint serves a model called `\(model)`", stopsRun: true)
        }
        return channel
    }
}

extension EndpointConfiguration {
    /// Refuses what would fail, or break a promise, only later.
    fileprivate func check(at address: EndpointAddress, caps: Caps) throws(WorkFailure) {
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
        guard maxAttempts > 0, concurrency ?? 1 > 0, maxReplyBytes > 0 else {
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
