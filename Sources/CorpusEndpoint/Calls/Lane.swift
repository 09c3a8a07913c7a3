import CorpusKit
import Synchronization

/// The way to one model at one endpoint: its leases, its health, its words, and single exchanges with it.
final class Lane: Sendable {
    /// What all lanes of a client share.
    struct Surroundings: Sendable {
        let engine: HTTPEngine
        let budget: Budget
        let policy: RetryPolicy
        var sleep: @Sendable (Duration) async throws -> Void
        /// Seconds of a clock that never goes back.
        let elapsed: @Sendable () -> Double
        /// Seconds since 1970.
        let now: @Sendable () -> Double
        /// Told once of each change for the worse or the better, in a sentence.
        let tell: @Sendable (String) -> Void
    }

    enum Outcome: Sendable {
        /// The first reply, whose usage is that of all, and the others.
        case success(ModelReply, others: [ModelReply])
        /// Nil when the caller or the run was stopped.
        case failure(CallFailure?)
    }

    let configuration: EndpointConfiguration
    let address: EndpointAddress
    let label: EndpointLabel
    let desk: LeaseDesk
    let health = LaneHealth()
    let counters = CallCounters()
    let watching = Mutex(QueueWatch())
    let dialect: any Dialect
    /// The schemas that are not sent any more.
    let schemas = Mutex(RefusedSchemas())
    let shared: Surroundings

    init(_ configuration: EndpointConfiguration, _ address: EndpointAddress, _ shared: Surroundings) {
        self.configuration = configuration
        self.address = address
        self.shared = shared
        label = EndpointLabel(configuration, address)
        dialect = configuration.dialect(at: address)
        desk = LeaseDesk(
            configuration.mode,
            rates: configuration.rates,
            now: shared.elapsed,
            sleep: shared.sleep
        )
    }

    /// What a call needs here.
    struct Parcel: Sendable {
        let body: [UInt8]
        /// Whether the request's schema stands in no body.
        var omitsSchema = false
        /// Whether the body asks for a reply in pieces.
        var isStreamed = false
        let worstCase: Amounts
        var need: LeaseNeed
    }

    /// Writes a request in the endpoint's words and says what it may take.
    ///
    /// - Parameters:
    ///   - request: The question.
    ///   - role: Who asks.
    ///   - mayStream: Whether the reply may come in pieces, where the configuration says so.
    /// - Returns: What is sent, with its worst case.
    /// - Throws: `WorkFailure` with `unsupported-request` when the API has no words for the question.
    func parcel(
        _ request: ModelRequest,
        for role: String,
        mayStream: Bool = true
    ) throws(WorkFailure) -> Parcel {
        let isStreamed =
            mayStream && request.texts.isEmpty && request.choices == 1
            && configuration.streamsFrom.map { request.sampling.maxTokens >= $0 } ?? false
        let omitsSchema = request.schema.map { schema in schemas.withLock { $0.omits(schema) } } ?? false
        let asked = omitsSchema ? request.withoutSchema : request
        let body = try dialect.body(for: asked, streamed: isStreamed)
        // Those who pass a request on for each choice count its prompt as often.
        let input = request.choices * dialect.worstInputTokens(of: body, for: request)
        let output = request.choices * min(max(0, request.sampling.maxTokens), 1_000_000_000)
        let cost = configuration.price?.worstCost(input: input, output: output) ?? 0
        return Parcel(
            body: body,
            omitsSchema: omitsSchema,
            isStreamed: isStreamed,
            worstCase: Amounts(nanoDollars: cost, tokens: input + output, calls: request.choices),
            // Rates are put right afterwards, so a likely figure serves them better than a safe one.
            need: LeaseNeed(role: role, input: max(1, body.count / 4), output: output)
        )
    }

    /// What came of an exchange; its lease is still held.
    struct Exchanged: Sendable {
        let lane: Lane
        let lease: Lease
        let outcome: Outcome
        /// What was booked.
        let used: Amounts
        fileprivate let notice: RateNotice?

        var reply: ModelReply? { if case .success(let reply, _) = outcome { reply } else { nil } }
        /// What it says about the endpoint.
        var health: LaneHealth.End {
            switch outcome {
            case .success: .alive
            case .failure(let failure): failure?.health ?? .unknown
            }
        }

        /// Gives the lease back, so that another call may start.
        func release() {
            lane.desk.end(lease, Lane.end(outcome), usage: reply?.usage, notice: notice)
        }
    }

    /// Ends a call that is not sent after all.
    func withdraw(_ parcel: Parcel, _ lease: Lease) -> Exchanged {
        shared.budget.settle(parcel.worstCase, used: Amounts(), for: parcel.need.role, isRemembered: true)
        return Exchanged(lane: self, lease: lease, outcome: .failure(nil), used: Amounts(), notice: nil)
    }

    /// One exchange under a lease and a reservation; the reservation is settled whatever happens.
    func exchange(_ parcel: Parcel, _ request: ModelRequest, under lease: Lease) async -> Exchanged {
        counters.update {
            $0.sent += 1
            $0.inFlight += 1
        }
        let asked = parcel.omitsSchema ? request.withoutSchema : request
        var (exchange, outcome) = await send(parcel, asked)
        if let second = await withoutSchema(after: outcome, parcel, asked) {
            (exchange, outcome) = second
        } else if case .success = outcome, let schema = asked.schema {
            schemas.withLock { $0.accepted(schema) }
        }
        let used: Amounts
        switch outcome {
        case .success(let reply, let others):
            used = reply.usage.map { amounts($0, calls: 1 + others.count) } ?? parcel.worstCase
        case .failure(let failure?): used = failure.mayBeCharged ? parcel.worstCase : Amounts()
        case .failure(nil):
            if case .failure(let transport) = exchange, transport.wasSent {
                used = parcel.worstCase
            } else {
                used = Amounts()
            }
        }
        shared.budget.settle(parcel.worstCase, used: used, for: parcel.need.role, isRemembered: true)
        var notice: RateNotice?
        if case .success(let answer) = exchange, !answer.headers.isEmpty {
            notice = RateNotice(answer.headers, now: shared.now())
        }
        counters.update { counts in
            counts.inFlight -= 1
            counts.cost += used.nanoDollars
            if case .failure(let failure?) = outcome { counts.errors[failure.code, default: 0] += 1 }
            guard case .success(let reply, let others) = outcome else { return }
            counts.replies += 1 + others.count
            counts.latency.note(Double(reply.milliseconds) / 1000)
            counts.usage.input += reply.usage?.input ?? 0
            counts.usage.cachedInput += reply.usage?.cachedInput ?? 0
            counts.usage.output += reply.usage?.output ?? 0
        }
        if case .success = outcome { watchAgain() }
        return Exchanged(lane: self, lease: lease, outcome: outcome, used: used, notice: notice)
    }

    /// What an outcome says about the load.
    private static func end(_ outcome: Outcome) -> AdaptiveLimit.End {
        switch outcome {
        case .success: .served
        case .failure(let failure?) where failure.isRefusal: .refused
        case .failure(let failure?) where failure.showsOverload: .late
        case .failure: .other
        }
    }

    /// Sends what a request became and reads what comes back.
    func send(
        _ parcel: Parcel,
        _ request: ModelRequest
    ) async -> (exchange: Result<HTTPReply, TransportFailure>, outcome: Outcome) {
        let (sent, reader) = httpRequest(parcel, request)
        let exchange = await shared.engine.send(sent)
        return (exchange, outcome(of: exchange, request, reader, sent.limits))
    }

    private func outcome(
        of exchange: Result<HTTPReply, TransportFailure>,
        _ request: ModelRequest,
        _ reader: StreamedReply?,
        _ limits: HTTPRequest.Limits
    ) -> Outcome {
        switch exchange {
        case .failure(let failure):
            return .failure(CallFailure(failure, from: label, limits: limits))
        case .success(let answer):
            guard (200..<300).contains(answer.status) else {
                return .failure(CallFailure(answer, from: label, request: request, now: shared.now()))
            }
            do throws(ReplyFault) {
                var replies =
                    if let reader {
                        [try reader.reply()]
                    } else {
                        try dialect.replies(in: answer.body, to: request)
                    }
                for index in replies.indices { replies[index].milliseconds = answer.duration.milliseconds }
                guard let first = replies.first else { throw ReplyFault.noChoices }
                // More than were asked for are nobody's.
                return .success(first, others: Array(replies.dropFirst().prefix(request.choices - 1)))
            } catch {
                let fault = error.asPage(answer.isWebPage)
                return .failure(CallFailure(fault, from: label, request: request, now: shared.now()))
            }
        }
    }

    func amounts(_ usage: TokenUsage, calls: Int = 1) -> Amounts {
        Amounts(nanoDollars: configuration.price?.cost(of: usage) ?? 0, tokens: usage.total, calls: calls)
    }

    /// Whether prices are known, so that a charge can be told in money.
    func charge(_ used: Amounts) -> Charge {
        Charge(tokens: used.tokens, cost: configuration.price == nil ? nil : used.nanoDollars)
    }

    /// What is sent for a call, and what reads its reply when that is to come in pieces.
    private func httpRequest(_ parcel: Parcel, _ request: ModelRequest) -> (HTTPRequest, StreamedReply?) {
        var sent = httpRequest(
            parcel.isStreamed ? dialect.streamURL : dialect.url,
            body: parcel.body,
            accepts: parcel.isStreamed ? "text/event-stream, application/json" : "application/json"
        )
        if configuration.maxReplyBytes == nil {
            sent.limits.replyBytes = min(sent.limits.replyBytes, parcel.longestReply(to: request))
        }
        guard parcel.isStreamed else { return (sent, nil) }
        sent.limits.beginning = configuration.timeouts.firstToken
        let reader = StreamedReply(dialect, request, limitBytes: sent.limits.replyBytes)
        sent.reader = reader
        return (sent, reader)
    }

    func httpRequest(_ url: String, body: [UInt8]?, accepts: String = "application/json") -> HTTPRequest {
        var headers = ["Accept: \(accepts)", "User-Agent: corpusmith"]
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

    /// A request for something small, with a limit of its own.
    func question(_ url: String, within limit: Duration) -> HTTPRequest {
        var request = httpRequest(url, body: nil)
        request.limits.total = min(request.limits.total, limit)
        return request
    }
}

extension Lane.Parcel {
    /// The most bytes that a reply to what was asked can sensibly have.
    ///
    /// A token is some four bytes, and rarely a dozen when a server escapes what is not ASCII; likelihoods come with
    /// each alternative's text, bytes and number, and a piece of a stream with an object of its own. Some servers
    /// repeat the request, in a stream several times.
    func longestReply(to request: ModelRequest) -> Int {
        let alternatives = request.sampling.logprobs.map { $0 + 1 } ?? 0
        let perToken = (isStreamed ? 1024 : 64) + 384 * alternatives
        let echoed = (isStreamed ? 16 : 4) * body.count
        let (tokens, overflows) = max(0, request.sampling.maxTokens).multipliedReportingOverflow(
            by: perToken * request.choices
        )
        // A vector may have some ten thousand numbers, of up to two dozen digits each.
        let vectors = request.texts.count << 19
        return overflows ? .max : (1 << 20) + min(tokens, 1 << 40) + echoed + vectors
    }
}

extension EndpointConfiguration {
    var limits: HTTPRequest.Limits {
        HTTPRequest.Limits(
            connect: timeouts.connect,
            total: timeouts.total,
            idle: timeouts.idle,
            replyBytes: maxReplyBytes ?? 64 << 20
        )
    }

    /// How the number of places is found.
    var mode: AdaptiveLimit.Mode {
        concurrency.map(AdaptiveLimit.Mode.given) ?? .auto(ceiling: Self.autoCeiling)
    }

    /// The most connections that calls may take.
    var width: Int { concurrency ?? Self.autoCeiling }

    /// How many calls the product lets one endpoint have when it finds the number itself.
    package static let autoCeiling = 256
}

extension CallFailure {
    /// Whether the endpoint turned the call away because there is too much to do.
    var isRefusal: Bool { code == .rateLimited || code == .overloaded }
}
