import CorpusKit
import Synchronization

extension Lane {
    /// Sends a request without its schema after the endpoint refused it with one, under the same lease and reservation.
    ///
    /// When that helps, no schema is sent here any more: whoever asked reads the reply with care anyway. Refused
    /// requests cost nothing, so that one call is still charged at most once.
    ///
    /// - Parameters:
    ///   - outcome: What came of the request with its schema.
    ///   - parcel: How it was sent.
    ///   - request: The request.
    /// - Returns: What came of the second exchange; nil when there was none, or it was refused as well.
    func withoutSchema(
        after outcome: Outcome,
        _ parcel: Parcel,
        _ request: ModelRequest
    ) async -> (exchange: Result<HTTPReply, TransportFailure>, outcome: Outcome)? {
        guard case .failure(let failure?) = outcome, failure.isPlainRefusal, request.schema != nil,
            configuration.effectiveSchemaField != .unsent
        else { return nil }
        let plain = request.withoutSchema
        let role = parcel.need.role
        guard let parcel = try? self.parcel(plain, for: role, mayStream: parcel.isStreamed) else {
            return nil
        }
        let second = await send(parcel, plain)
        if case .failure(let again?) = second.outcome, again.isPlainRefusal { return nil }
        if case .success = second.outcome {
            let isNew = refusesSchemas.withLock { refuses in
                defer { refuses = true }
                return !refuses
            }
            if isNew {
                shared.tell(
                    "`\(label.address)` refuses JSON schemas as `\(configuration.effectiveSchemaField.rawValue)` "
                        + "and is sent none from now on; the model's key `schema:` names other ways, or `none`"
                )
            }
        }
        return second
    }
}

extension CallFailure {
    /// Whether the endpoint will not do what this one request asks.
    fileprivate var isPlainRefusal: Bool { code == .endpointRefused && !stopsRun }
}

extension ModelRequest {
    /// The same question, its form asked for in the words of the prompt alone.
    var withoutSchema: ModelRequest {
        var request = self
        request.schema = nil
        return request
    }
}
