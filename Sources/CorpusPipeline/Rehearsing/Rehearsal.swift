package import CorpusKit
package import CorpusLedger

/// Runs a plan on a copy of the run's ledger, buying and running nothing, to find out what the next pass will do.
///
/// It is the same computation as a pass, up to the first thing that is not on the ledger: a unit that lacks a reply ends
/// there, and with a target the sources are read to the end of the wave in which the first one does. What such units would
/// go on to do is estimated by ``Forecaster``.
package struct Rehearsal: Sendable {
    private let plan: Plan
    private let ledger: Ledger
    private let sandbox: (any Sandbox)?
    private let shard: Shard?

    /// Prepares a rehearsal.
    ///
    /// - Parameters:
    ///   - plan: The plan.
    ///   - ledger: A copy of the run's ledger, made by ``Ledger/rehearse(path:in:name:recipe:plan:product:now:)``.
    ///   - sandbox: What programs would be run in; asked for its toolchains only.
    ///   - shard: The part of the seeds that would be worked on; nil for all of them.
    package init(plan: Plan, ledger: Ledger, sandbox: (any Sandbox)?, shard: Shard? = nil) {
        self.shard = shard
        self.plan = plan
        self.ledger = ledger
        self.sandbox = sandbox
    }

    /// Rehearses a pass.
    ///
    /// - Parameter progress: Called after each unit, from one task.
    /// - Returns: What the next pass will do.
    /// - Throws: What would stop the pass: ``LedgerProblem``, ``WorkFailure``.
    package func run(progress: (Figures) -> Void = { _ in }) async throws -> Forecast {
        let services = RunServices(
            endpoint: RehearsalEndpoint(),
            sandbox: sandbox.map(RehearsalSandbox.init),
            // No time passes.
            now: { 0 }
        )
        let engine = Engine(
            plan: plan,
            ledger: ledger,
            services: services,
            control: RunControl(),
            shard: shard
        )
        switch try await engine.run(progress: progress).stop {
        case .ledger(let problem): throw problem
        case .failure(let failure): throw failure
        case .budget, .wall, .interrupted, .drained, .skipped: throw CancellationError()
        case nil: break
        }
        return try forecast()
    }

    private func forecast() throws -> Forecast {
        let numbers = try ledger.number(plan.nodes.map(\.stageRecord))
        let tally = try ledger.tally(of: plan.nodes.indices.map { stage($0, numbers) })
        var histories: [StageHistory?] = Array(repeating: nil, count: plan.nodes.count)
        var tokens: [TokenHistory] = []
        if tally.stages.contains(where: { $0.lacking.sum > 0 }) {
            histories = try plan.nodes.map { try ledger.history(ofStage: $0.name, plugin: $0.manifest.name) }
            tokens = try ledger.tokenHistory()
        }
        let (total, perRole, _) = try ledger.spent()
        return Forecaster(plan: plan, tally: tally, histories: histories, tokens: tokens)
            .forecast(after: total, perRole, isUnfinished: try ledger.isUnfinished())
    }

    private func stage(_ index: Int, _ numbers: [Int]) -> RehearsedStage {
        func gate(_ index: Int) -> RehearsedStage.Gate? {
            let node = plan.nodes[index]
            guard node.kind.isSelect || node.kind.isGroup || node.joins else { return nil }
            return RehearsedStage.Gate(
                isWhole: node.kind.isSelect,
                above: node.ancestors.sorted().map { numbers[$0] }
            )
        }
        let node = plan.nodes[index]
        let above = node.ancestors.sorted()
        return RehearsedStage(
            number: numbers[index],
            name: node.name,
            verifiers: above.filter { plan.nodes[$0].verb == .verify }.map { numbers[$0] },
            gates: above.compactMap(gate),
            gate: gate(index)
        )
    }
}
