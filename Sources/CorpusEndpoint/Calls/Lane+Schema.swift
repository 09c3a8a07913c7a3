import CorpusKit
import Synchronization

extension Lane {
    /// Sends a request without its schema after the endpoint refused it with one, under the same lease and reservation.
    ///
    /// When that has helped several times in a row, the schema is not sent here any more, see ``RefusedSchemas``: whoever
    /// asked reads the reply with care anyway. Refused requests cost nothing, so that one call is still charged at most
    /// once.
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
            let news = request.schema.map { schema in schemas.withLock { $0.refused(schema) } } ?? nil
            let way = "as `\(configuration.effectiveSchemaField.rawValue)`"
            let remedy = "the model's key `schema:` names other ways, or `none`"
            switch news {
            case .one:
                shared.tell(
                    "`\(label.address)` refuses a JSON schema \(way) and is sent it no more; \(remedy)"
                )
            case .all:
                shared.tell(
                    "`\(label.address)` refuses JSON schemas \(way) and is sent none from now on; \(remedy)"
                )
            case nil: break
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
