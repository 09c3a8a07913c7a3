import CorpusKit

extension Lane {
    /// Asks the endpoint for its models; see ``EndpointClient/probe(_:)``.
    func probe() async throws -> EndpointProbe {
        let request = question(dialect.modelsURL, within: .seconds(30))
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
                guard transport.wasSent else {
                    // It may come up later, and then the looks begin.
                    watch()
                    throw found.workFailure(attempts: attempts)
                }
                (failure, isFinal) = (found, true)
            }
            if case .wait(let wait) = pacing.step(after: failure) {
                try await shared.sleep(wait)
                continue
            }
            let error = failure.workFailure(attempts: attempts)
            if failure.isLoading || failure.code == .timeout { watch() }
            if isFinal { throw error }
            return EndpointProbe(trouble: error)
        }
    }

    /// Whether anybody answers there, whatever the answer.
    func isReachable() async -> Bool {
        switch await shared.engine.send(question(dialect.modelsURL, within: .seconds(5))) {
        // A server without a list of models may say so with any status.
        case .success(let answer): ![502, 503, 504].contains(answer.status)
        case .failure: false
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

    /// Adds what the endpoint serves to the hint of an unknown model.
    func withModelList(_ failure: CallFailure) async -> CallFailure {
        guard failure.code == .unknownModel,
            case .success(let answer) = await shared.engine.send(
                question(dialect.modelsURL, within: .seconds(10))
            ),
            answer.status == 200, let list = dialect.models(in: answer.body), !list.names.isEmpty
        else { return failure }
        var explained = failure
        explained.hint = "it serves \(EndpointProbe.inWords(list.names))"
        return explained
    }
}
