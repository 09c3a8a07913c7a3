import CorpusKit

/// Exchanges about batches: uploads, creations, looks and results.
struct BatchCalls: Sendable {
    let lane: Lane
    let breaker: Breaker
    let waits: RetryWaits

    /// An exchange that brought no success.
    struct Failed: Error, Sendable {
        var failure: CallFailure
        /// Nil when no status came at all.
        let status: Int?
        /// Whether the endpoint may have done what it was asked for.
        let isUncertain: Bool
    }

    /// One exchange.
    ///
    /// - Throws: `Failed`; `CancellationError` when the run was stopped.
    func exchange(_ request: HTTPRequest) async throws -> HTTPReply {
        let (label, now) = (lane.label, lane.shared.now())
        switch await lane.shared.engine.send(request) {
        case .success(let answer) where (200..<300).contains(answer.status): return answer
        case .success(let answer):
            var failure = CallFailure(answer, from: label, request: nil, now: now)
            if [404, 405, 501].contains(answer.status), failure.code == .badAddress {
                failure = CallFailure(
                    .never,
                    .badAddress,
                    "the endpoint `\(label.address)` does not answer as a batch API does (status \(answer.status))",
                    hint: "leave `batch:` out for this model",
                    stopsRun: true
                )
            }
            throw Failed(failure: failure, status: answer.status, isUncertain: answer.status >= 500)
        case .failure(let transport):
            guard let failure = CallFailure(transport, from: label, limits: request.limits) else {
                throw CancellationError()
            }
            throw Failed(failure: failure, status: nil, isUncertain: transport.wasSent)
        }
    }

    /// Posts something, once.
    func post(_ post: BatchPost) async throws -> HTTPReply {
        var request = lane.httpRequest(post.url, body: nil)
        request.body = post.body
        request.headers += ["Content-Type: \(post.contentType)", "Expect:"]
        request.limits.total = max(request.limits.total, .seconds(600))
        request.isSentOnce = true
        return try await exchange(request)
    }

    /// Asks for something small, and again while that may help.
    func get(_ url: String) async throws -> HTTPReply {
        try await again(url) { try await exchange(lane.question(url, within: .seconds(60))) }
    }

    /// Asks for the results of a batch, and again while that may help.
    ///
    /// - Parameters:
    ///   - url: Where they are.
    ///   - each: Told each line as it comes; after a broken exchange all lines come again.
    /// - Throws: `Failed`; `CancellationError` when the run was stopped.
    func results(_ url: String, each: @escaping @Sendable ([UInt8]) -> Void) async throws {
        var request = lane.httpRequest(url, body: nil)
        request.limits.total = max(request.limits.total, .seconds(600))
        request.limits.replyBytes = max(request.limits.replyBytes, Self.resultBytes)
        let longest = lane.configuration.limits.replyBytes
        _ = try await again(url) { [request] in
            let lines = BodyLines(limitBytes: longest, each: each)
            var own = request
            own.reader = lines
            let reply = try await exchange(own)
            lines.finish()
            return reply
        }
    }

    /// The largest file of results that is read.
    private static let resultBytes = 1 << 30

    /// Does what may be done twice until it succeeds or further tries are no use.
    func again(_ name: String, _ work: () async throws -> HTTPReply) async throws -> HTTPReply {
        let key = ItemKey(deriving: ["batch", lane.label.address, name])
        var pacing = Pacing(lane.shared.policy, maxAttempts: lane.configuration.maxAttempts, request: key)
        while true {
            do {
                return try await work()
            } catch let failed as Failed {
                guard case .wait(let wait) = pacing.step(after: failed.failure) else { throw failed }
                try await waits.wait(wait)
            }
        }
    }

    /// Stops everything: nothing about batches can be asked any more.
    ///
    /// Batches that are under way stay where they are.
    func stop(_ failure: CallFailure) -> WorkFailure {
        var stop = failure
        if case .again = stop.kind {
            stop.code = .endpointDown
            stop.hint = "give the same command again later: batches that are under way are taken up again"
        }
        (stop.kind, stop.stopsRun) = (.never, true)
        return breaker.failed(ItemKey(deriving: ["batch", lane.label.address]), stop, attempts: 1)
    }
}

extension Lane {
    /// What a row's result is, read as a single reply is.
    ///
    /// - Parameters:
    ///   - status: The status that a single call would have had.
    ///   - body: The parsed body.
    ///   - request: The question.
    /// - Returns: The reply, or why there is none.
    func read(_ status: Int, _ body: JSONValue, to request: ModelRequest) -> Result<ModelReply, CallFailure> {
        guard (200..<300).contains(status) else {
            let report = ErrorReport(body)
            var failure = CallFailure(status, report, [:], from: label, request: request, now: shared.now())
            // A row without a reply is not charged for.
            failure.mayBeCharged = false
            return .failure(failure)
        }
        do {
            guard case .object = body else {
                throw ReplyFault.wrongShape("expected an object, found \(body.kindName)")
            }
            guard let reply = try dialect.replies(in: body, to: request).first else {
                throw ReplyFault.noChoices
            }
            return .success(reply)
        } catch let fault as ReplyFault {
            return .failure(CallFailure(fault, from: label, request: request, now: shared.now()))
        } catch {
            preconditionFailure("a dialect throws nothing but faults")
        }
    }
}
