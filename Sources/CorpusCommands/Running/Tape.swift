import CorpusKit
import CorpusLedger

/// Where a run's replies come from and go to, beside its ledger.
struct Tape: Sendable {
    /// Whether nothing may be called.
    var isReplay = false
    /// A folder with replies to begin with.
    var cassette: String?
    /// A folder that all replies are written to in the end.
    var record: String?

    /// The cassette to begin with, read to its end once, so that nothing starts with half of one.
    ///
    /// - Throws: ``CassetteProblem``.
    func checkedCassette() async throws -> Cassette? {
        guard let folder = cassette else { return nil }
        let cassette = try Cassette(in: folder)
        try await cassette.read { _ in }
        return cassette
    }
}

/// Answers nothing: in a replay, what the ledger does not have cannot be had.
struct ReplayEndpoint: ModelEndpoint {
    /// The code of units that need a reply which is not there.
    static let code: ReasonCode = "not-recorded"

    func complete(
        _ request: ModelRequest,
        for role: String,
        charged: @Sendable (Charge) async throws -> Void
    ) async throws -> EndpointReply {
        throw WorkFailure(
            Self.code,
            "a reply of `\(role)` is needed that is not recorded, and a replay calls nobody"
        )
    }
}
