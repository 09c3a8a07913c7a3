import CorpusEndpoint
import CorpusKit

extension EndpointClient {
    /// Gets a reply and forgets what was charged without one.
    func complete(_ request: ModelRequest) async throws -> EndpointReply {
        try await complete(request, for: request.model) { _ in }
    }
}
