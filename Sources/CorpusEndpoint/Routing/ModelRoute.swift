/// One model of a run and the endpoints that serve it.
public struct ModelRoute: Sendable, Hashable {
    /// Who the model is to the run: `ModelRequest.model`.
    public var name: String
    /// Where it is served, at least one; their ``EndpointConfiguration/name`` is the model's.
    public var endpoints: [EndpointConfiguration]
    /// The share of calls, the slowest ones, that are asked a second time elsewhere, from 0 to 0.2; 0 for none.
    public var hedge: Double
    /// How requests are put together for the batch API of the only endpoint; nil asks them one by one.
    public var batch: BatchSettings?

    /// Creates a route.
    public init(
        _ name: String,
        endpoints: [EndpointConfiguration],
        hedge: Double = 0,
        batch: BatchSettings? = nil
    ) {
        self.batch = batch
        self.name = name
        self.endpoints = endpoints
        self.hedge = hedge
    }
}
