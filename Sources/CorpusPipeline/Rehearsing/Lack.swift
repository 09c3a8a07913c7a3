import CorpusKit
import CorpusLedger

/// A rehearsal met a reply or a result that is not on the ledger: what the unit would do next is not known.
struct Lack: Error, Sendable {
    let kind: RehearsalLack
    let key: ItemKey
    /// Who a reply would be bought for, and from whom; empty for a result.
    let asked: String

    /// What the unit's trace ends with.
    var entry: TraceEntry { TraceEntry(kind == .reply ? .call : .execution, key) }
}

/// Sells nothing: says what would have to be bought.
struct RehearsalEndpoint: ModelEndpoint {
    func complete(
        _ request: ModelRequest,
        for role: String,
        charged: @Sendable (Charge) async throws -> Void
    ) async throws -> EndpointReply {
        guard request.choices == 1 else {
            // So that whoever wants several asks for each of them by itself.
            throw WorkFailure("not-rehearsed", "a rehearsal looks for replies one by one")
        }
        let asked = RehearsalTally.Purchase.asked(role: role, model: request.model)
        throw Lack(kind: .reply, key: request.key, asked: asked)
    }
}

/// Runs nothing: knows what another sandbox would run programs with, and says which would have to be run.
struct RehearsalSandbox: Sandbox {
    let sandbox: any Sandbox

    var isolation: String { sandbox.isolation }
    var harness: String { sandbox.harness }

    func canRun(_ kind: TestSuite.Kind, in language: String) -> Bool { sandbox.canRun(kind, in: language) }

    func toolchain(for language: String) async throws -> String? {
        try await sandbox.toolchain(for: language)
    }

    func run(_ job: ExecutionJob) async throws -> ExecutionResult {
        let toolchain = try await toolchain(for: job.language, running: job.tests.kind)
        let key = job.key(toolchain: toolchain, harness: harness, isolation: isolation)
        throw Lack(kind: .result, key: key, asked: "")
    }
}

extension UnitRunner {
    /// What a rehearsal goes on with where it does not know what a unit comes to.
    ///
    /// Of drafts nothing can be said. What a verifier looks at is known: it is taken to end as such content ended there
    /// before, or to pass where it has not been there. So it comes to light whether what follows is on the ledger.
    func result(
        lacking lack: Lack,
        after trace: [TraceEntry],
        _ record: inout ItemRecord,
        _ item: FlowItem,
        node index: Int
    ) throws -> Result {
        let node = plan.nodes[index]
        if let target = plan.target?.node, plan.nodes[target].ancestors.contains(index) {
            exchange.meter.count { $0.lacks += 1 }
        }
        (record.state, record.reason, record.summary) = (.failed, lack.kind.reason, lack.asked)
        (record.detail, record.drafts, record.drops, record.evidence) = ([:], [], [], [])
        record.trace = trace + [lack.entry]
        var assumed = StoredItem(key: record.key, state: .failed, reason: record.reason)
        if node.verb == .verify {
            let precedent = try ledger.precedent(ofStage: node.name, content: item.draft.contentID)
            assumed = precedent ?? StoredItem(key: record.key, state: .passed)
            if precedent == nil {
                assumed.evidence = [Evidence(node.manifest.name, .pass, about: item.draft.contentID)]
            }
            // Who loads the item later must find what was assumed of it.
            (record.detail, record.evidence) = (assumed.detail, assumed.evidence)
            record.detail[RehearsalLack.precedentMark] = precedent.map { _ in true }
        }
        return Result(outcome: resumed(assumed, item, node: index), entries: [.item(record)])
    }
}
