import CorpusKit

/// The way to one model: places, breaker, retries and books around single exchanges.
final class ModelChannel: Sendable {
    /// What all channels of a client share.
    struct Surroundings: Sendable {
        let engine: HTTPEngine
        let budget: Budget
        let policy: RetryPolicy
        var sleep: @Sendable (Duration) async throws -> Void
        /// Seconds since 1970.
        let now: @Sendable () -> Double
    }

    let configuration: EndpointConfiguration
    let address: EndpointAddress
    let places: Places
    let counters = CallCounters()
    private let label: EndpointLabel
    private let dialect: any Dialect
    private let breaker: Breaker
    private let waits: RetryWaits
    private let shared: Surroundings

    init(_ configuration: EndpointConfiguration, _ address: EndpointAddress, _ shared: Surroundings) {
        self.configuration = configuration
        self.address = address
        let (label, waits) = (EndpointLabel(configuration, address), RetryWaits(shared.sleep))
        (self.label, self.waits) = (label, waits)
        var own = shared
        own.sleep = { try await waits.wait($0) }
        self.shared = own
        dialect = configuration.dialect(at: address)
        places = Places(configuration.width(at: address))
        breaker = Breaker(shared.policy, label) { waits.end($0) }
    }

    /// Gets a reply; see `ModelEndpoint`.
    func complete(
        _ request: ModelRequest,
        for role: String,
        charged: @Sendable (Charge) async throws -> Void
    ) async throws -> EndpointReply {
        try breaker.check()
        return try await places.withPlace { try await reply(to: request, for: role, charged) }
    }

    /// Ends the waits between attempts; exchanges in flight go on.
    func drain() { waits.end(CancellationError()) }

    /// The place is kept while waiting for another try: a troubled endpoint is then asked less.
    private func reply(
        to request: ModelRequest,
        for role: String,
        _ charged: @Sendable (Charge) async throws -> Void
    ) async throws -> EndpointReply {
        let body = try dialect.body(for: request)
        let worstCase = worstCase(body, request)
        var pacing: Pacing?
        var attempts = 0
        while true {
            try breaker.check()
            try Task.checkCancellation()
            try await shared.budget.reserve(worstCase)
            attempts += 1
            let (result, used) = await attempt(request, body, worstCase)
            let charge = Charge(
                tokens: used.tokens,
                cost: configuration.price == nil ? nil : used.nanoDollars
            )
            switch result {
            case .success(let reply):
                breaker.succeeded()
                return EndpointReply(
                    reply: reply,
                    attempts: attempts,
                    charge: charge,
                    endpoint: label.address
                )
            case .failure(let failure):
                if used != Amounts() { try await charged(charge) }
                // The run is stopping: the exchange was aborted, no failure of the endpoint's.
                guard let failure else { throw CancellationError() }
                // The key is a digest of the whole request: not worth its time before something fails.
                let key = request.key
                var next =
                    pacing ?? Pacing(shared.policy, maxAttempts: configuration.maxAttempts, request: key)
                let step = next.step(after: failure)
                pacing = next
                guard case .wait(let wait) = step else {
                    counters.update { $0.failures += 1 }
                    throw breaker.failed(key, await withModelList(failure), attempts: attempts)
                }
                counters.update { $0.retries[failure.code, default: 0] += 1 }
                try await shared.sleep(wait)
            }
        }
    }

    private enum Outcome {
        case success(ModelReply)
        /// Nil when the caller or the run was stopped.
        case failure(CallFailure?)
    }

    /// One exchange within a reservation, settled whatever happens; gives the outcome and what was booked.
    private func attempt(
        _ request: ModelRequest,
        _ body: [UInt8],
        _ worstCase: Amounts
    ) async -> (Outcome, used: Amounts) {
        counters.update {
            $0.sent += 1
            $0.inFlight += 1
        }
        let exchange = await shared.engine.send(httpRequest(dialect.url, body: body))
        let outcome = outcome(of: exchange, request)
        let used: Amounts
        switch outcome {
        case .success(let reply): used = reply.usage.map(amounts) ?? worstCase
        case .failure(let failure?): used = failure.mayBeCharged ? worstCase : Amounts()
        case .failure(nil):
            if case .failure(let transport) = exchange, transport.wasSent {
                used = worstCase
            } else {
                used = Amounts()
            }
        }
        shared.budget.settle(worstCase, used: used)
        counters.update { counts in
            counts.inFlight -= 1
            counts.cost += used.nanoDollars
            guard case .success(let reply) = outcome else { return }
            counts.replies += 1
            counts.usage.input += reply.usage?.input ?? 0
            counts.usage.cachedInput += reply.usage?.cachedInput ?? 0
            counts.usage.output += reply.usage?.output ?? 0
        }
        return (outcome, used)
    }

    private func outcome(of exchange: Result<HTTPReply, TransportFailure>, _ request: ModelRequest) -> Outcome
    {
        switch exchange {
        case .failure(let failure):
            return .failure(CallFailure(failure, from: label, limits: configuration.limits))
        case .success(let answer):
            guard (200..<300).contains(answer.status) else {
                return .failure(CallFailure(answer, from: label, request: request, now: shared.now()))
            }
            do {
                var reply = try dialect.reply(in: answer.body, to: request)
                reply.milliseconds = answer.duration.milliseconds
                return .success(reply)
            } catch {
                return .failure(CallFailure(error, from: label, request: request, now: shared.now()))
            }
        }
    }

    private func httpRequest(_ url: String, body: [UInt8]?) -> HTTPRequest {
        var headers = ["Accept: application/json", "User-Agent: corpusmith"]
        if body != nil {
            // An empty `Expect:` keeps large bodies from waiting for a `100 Continue` that few servers send.
            headers += ["Content-Type: application/json", "Expect:"]
        }
        headers += dialect.headers
        return HTTPRequest(
            url: url,
            body: body,
            headers: headers,
            limits: configuration.limits,
            bypassesProxies: address.isLoopback
        )
    }

    private func worstCase(_ body: [UInt8], _ request: ModelRequest) -> Amounts {
        let input = dialect.worstInputTokens(of: body, for: request)
        let output = min(max(0, request.sampling.maxTokens), 1_000_000_000)
        let cost = configuration.price?.worstCost(input: input, output: output) ?? 0
        return Amounts(nanoDollars: cost, tokens: input + output, calls: 1)
    }

    private func amounts(_ usage: TokenUsage) -> Amounts {
        Amounts(nanoDollars: configuration.price?.cost(of: usage) ?? 0, tokens: usage.total, calls: 1)
    }
}

extension ModelChannel {
    /// Asks the endpoint for its models; see ``EndpointClient/probe(_:)``.
    func probe() async throws -> EndpointProbe {
        let request = listRequest(within: .seconds(30))
        let key = ItemKey(deriving: ["probe", label.address, label.apiModel])
        var pacing = Pacing(shared.policy, maxAttempts: configuration.maxAttempts, request: key)
        var attempts = 0
        while true {
            try Task.checkCancellation()
            attempts += 1
            let failure: CallFailure
            let isFinal: Bool
            switch await shared.engine.send(request) {
            case .success(let answer):
                if let probe = probe(answer) { return probe }
                failure = CallFailure(answer, from: label, request: nil, now: shared.now())
                // A status of 403 may forbid the list alone; a key that is not known at all is known nowhere.
                isFinal = answer.status == 401 || failure.isLoading
            case .failure(let transport):
                guard let found = CallFailure(transport, from: label, limits: request.limits) else {
                    throw CancellationError()
                }
                guard transport.wasSent else { throw found.workFailure(attempts: attempts) }
                (failure, isFinal) = (found, true)
            }
            if case .wait(let wait) = pacing.step(after: failure) {
                try await shared.sleep(wait)
                continue
            }
            let error = failure.workFailure(attempts: attempts)
            if isFinal { throw error }
            return EndpointProbe(trouble: error)
        }
    }

    /// What a reply to the question for models says; nil when it is an error.
    private func probe(_ answer: HTTPReply) -> EndpointProbe? {
        // No list at all is common.
        if [404, 405, 501].contains(answer.status) { return EndpointProbe() }
        guard (200..<300).contains(answer.status) else { return nil }
        guard let list = dialect.models(in: answer.body) else {
            return EndpointProbe(
                trouble: WorkFailure(
                    .badReply,
                    "what answers at `\(label.address)` does not list models as the API `\(configuration.api.rawValue)` does",
                    hint: "check the address: something else may answer there"
                )
            )
        }
        return EndpointProbe(models: list.names, mayServe: list.mayServe(label.apiModel))
    }

    private func listRequest(within limit: Duration) -> HTTPRequest {
        var request = httpRequest(dialect.modelsURL, body: nil)
        request.limits.total = min(request.limits.total, limit)
        return request
    }

    /// Adds what the endpoint serves to the hint of an unknown model.
    private func withModelList(_ failure: CallFailure) async -> CallFailure {
        guard failure.code == .unknownModel,
            case .success(let answer) = await shared.engine.send(listRequest(within: .seconds(10))),
            answer.status == 200, let list = dialect.models(in: answer.body), !list.names.isEmpty
        else { return failure }
        var explained = failure
        explained.hint = "it serves \(EndpointProbe.inWords(list.names))"
        return explained
    }
}

extension EndpointConfiguration {
    var limits: HTTPRequest.Limits {
        HTTPRequest.Limits(
            connect: timeouts.connect,
            total: timeouts.total,
            idle: timeouts.idle,
            replyBytes: maxReplyBytes
        )
    }

    func width(at address: EndpointAddress) -> Int { concurrency ?? (address.isLoopback ? 8 : 16) }
}
