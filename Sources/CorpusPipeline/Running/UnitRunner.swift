import CorpusConfig
import CorpusKit
import CorpusLedger

/// Does one unit of work: looks whether it was done before, lends what it needs, classifies what it throws, and makes
/// the result durable before anybody sees it.
struct UnitRunner: Sendable {
    enum End: Sendable {
        /// The work, and what was done with what came of it at once; at least one step.
        case done([Step])
        case stop(RunStop)
    }

    /// Work and what came of it.
    struct Step: Sendable {
        var work: Work
        var outcome: Outcome
    }

    /// What came of work, and what makes it durable.
    struct Result {
        var outcome: Outcome
        var entries: [LedgerEntry]
    }

    let plan: Plan
    let stages: [Int]
    let ledger: Ledger
    let exchange: Exchange
    /// Whether the ledger was empty when the pass began, so that nothing need be looked up.
    let isFresh: Bool
    /// Where what a node passes on goes at once, by node; see ``Plan/successors``.
    let successors: [Int?]
    /// Which cells of the target are full; nil without strata.
    let fullCells: FullCells?
    /// Why not even work that calls nobody may go on, if so.
    let mustEnd: @Sendable () -> RunStop?
    /// Whether a node has stopped to follow at once.
    let isDetached: @Sendable (Int) -> Bool

    /// Does some work, one piece after the other, and makes all that came of it durable together.
    func perform(_ works: [Work]) async -> [End] {
        var ends: [End] = []
        var entries: [LedgerEntry] = []
        for work in works {
            if !ends.isEmpty, let stop = mustEnd() {
                ends.append(.stop(stop))
                continue
            }
            do {
                let (steps, own) = try await follow(work)
                ends.append(.done(steps))
                entries += own
            } catch {
                ends.append(.stop(Self.stop(error)))
            }
        }
        do {
            if !entries.isEmpty { try await ledger.commit(entries) }
            return ends
        } catch {
            let stop = Self.stop(error)
            return ends.map { end in
                if case .done = end { return .stop(stop) }
                return end
            }
        }
    }

    private static func stop(_ error: any Error) -> RunStop {
        switch error {
        case let error as Halted: error.stop
        case let error as BudgetExhausted: .budget(error.description)
        case let error as LedgerProblem: .ledger(error)
        case let error as WorkFailure: .failure(error)
        case is CancellationError: .interrupted
        default: .failure(WorkFailure("internal-error", "\(error)", stopsRun: true))
        }
    }

    /// Does a piece of work, and what can be done at once with what came of it.
    private func follow(_ work: Work) async throws -> (steps: [Step], entries: [LedgerEntry]) {
        var result = try await result(of: work)
        var steps = [Step(work: work, outcome: result.outcome)]
        var entries = result.entries
        while let next = next(after: steps[steps.count - 1]) {
            result = try await self.result(of: next)
            steps.append(Step(work: next, outcome: result.outcome))
            entries += result.entries
        }
        return (steps, entries)
    }

    private func next(after step: Step) -> Work? {
        guard let node = successors[step.work.node], !isDetached(node), step.outcome.passages.count == 1,
            let passage = step.outcome.passages.first, passage.state.goesOn,
            passage.item.matches(plan.nodes[node])
        else { return nil }
        return .unit(node: node, passage.item, ordinal: 0)
    }

    private func result(of work: Work) async throws -> Result {
        switch work {
        case .row(let node, let row, let name): book(row, name: name, node: node)
        case .unit(let node, let item, let ordinal): try await unit(item, ordinal, node: node)
        case .group(let node, let task, let main, let others):
            try await group(task, main: main, others: others, node: node)
        case .selection(let node, let key, _, let selection): try select(key, selection, node: node)
        case .unrouted(let node, let item): bookUnrouted(item, node: node)
        }
    }

    // MARK: - Sources

    private func book(_ row: SourceRow, name: SeedName?, node: Int) -> Result {
        let digest = plan.nodes[node].digestText
        switch row {
        case .seed(let seed):
            guard let name else { preconditionFailure("the feed names every seed") }
            let key = ItemKey(deriving: ["seed", digest] + name.identity + [String(name.occurrence)])
            let draft = ItemKey(deriving: ["draft", key.description, "0"])
            var origin = seed.origin
            origin.source = plan.nodes[node].name
            let record = DraftRecord(
                key: draft,
                parent: nil,
                content: seed.content,
                note: nil,
                task: draft,
                group: draft,
                origin: origin,
                licence: seed.licence,
                contentID: name.contentID
            )
            // Booked anew in each pass: the row may have moved to another line.
            return Result(
                outcome: Outcome(
                    passages: [.init(item: FlowItem(draft: record, row: name.row), state: .expanded)],
                    state: .expanded
                ),
                entries: [
                    .item(
                        ItemRecord(
                            key: key,
                            stage: stages[node],
                            input: nil,
                            ordinal: name.row,
                            state: .expanded,
                            drafts: [record]
                        )
                    )
                ]
            )
        case .unreadable(let row): return book(row, as: .failed, "unreadable", node: node)
        case .refused(let row): return book(row, as: .dropped, "refused", node: node)
        }
    }

    private func book(
        _ row: UnreadableRow,
        as state: ItemState,
        _ kind: String,
        node: Int
    ) -> Result {
        let place = row.origin.description
        let record = ItemRecord(
            key: ItemKey(deriving: [kind, plan.nodes[node].digestText, place]),
            stage: stages[node],
            input: nil,
            state: state,
            reason: row.reason,
            summary: "\(place): \(row.message)"
        )
        return Result(outcome: Outcome(state: state, reason: row.reason), entries: [.item(record)])
    }

    // MARK: - Units

    private func unit(_ item: FlowItem, _ ordinal: Int, node index: Int) async throws -> Result {
        let node = plan.nodes[index]
        let key = ItemKey(deriving: ["item", node.digestText, item.key.description, String(ordinal)])
        if let (reason, summary, detail) = isOfNoUse(item, at: index) {
            // Not the unit's own key: what was done of it stays, and it may be of use again when the target changes.
            let parts = ["spared", node.digestText, item.key.description, String(ordinal)]
            let record = ItemRecord(
                key: ItemKey(deriving: parts),
                stage: stages[index],
                input: item.key,
                ordinal: ordinal,
                state: .dropped,
                reason: reason,
                summary: summary,
                detail: detail
            )
            return Result(outcome: outcome(of: record, item, node: index), entries: [.item(record)])
        }
        if let stored = try stored(key) {
            try checkLabels(
                stored.detail,
                stored.drafts.lazy.map(\.content.labels),
                item,
                node
            )
            exchange.meter.count { $0.reusedItems += 1 }
            return Result(
                outcome: resumed(stored, item, node: index),
                entries: [.visit(key, drops: stored.drops)]
            )
        }
        let host = UnitHost(
            node: node,
            models: plan.models,
            exchange: exchange,
            ordinal: max(0, ordinal),
            attempts: node.attempts,
            randomSeed: plan.recipe.randomSeed
        )
        // Not the item's key: a threshold changed upstream must not change what is asked here.
        let context = PluginContext(
            ordinal: max(0, ordinal),
            random: RandomStream(
                seed: plan.recipe.randomSeed,
                purpose: [node.name, node.manifest.name, item.draft.contentID, String(ordinal)]
            ),
            host: host
        )
        var record = ItemRecord(
            key: key,
            stage: stages[index],
            input: item.key,
            ordinal: ordinal,
            state: .failed
        )
        do {
            try await fill(&record, item, node: node, in: context)
        } catch  where host.lack == nil {
            try record.end(with: error)
            // Beside drops that are booked one by one, the unit's own end is one more of them.
            if record.state == .dropped, !host.drops.isEmpty, let reason = record.reason {
                host.drop(reason, record.summary, text: nil)
            }
        } catch {
            // Whatever a plug-in makes of a lack.
        }
        if let lack = host.lack {
            return try result(lacking: lack, after: host.trace, &record, item, node: index)
        }
        try checkLabels(record.detail, record.drafts.lazy.map(\.content.labels), item, node)
        record.trace = host.trace
        record.drops = host.drops
        record.note(fallbacks: host.fallbacks)
        if record.state == .expanded, record.drafts.isEmpty {
            let last = record.drops.last
            record.state = .dropped
            record.reason = last?.reason ?? "no-draft"
            record.summary = last?.summary ?? "the unit gave no draft"
        }
        return Result(outcome: outcome(of: record, item, node: index), entries: [.item(record)])
    }

    private func stored(_ key: ItemKey) throws -> StoredItem? {
        guard !isFresh, let stored = try ledger.item(key), stored.state != .failed,
            stored.reason.map({ !Self.sparing.contains($0) }) ?? true
        else { return nil }
        return stored
    }

    private func fill(
        _ record: inout ItemRecord,
        _ item: FlowItem,
        node: PlanNode,
        in context: PluginContext
    ) async throws {
        switch node.kind {
        case .generate(let generator):
            let drafts = try await generator.drafts(from: item.seed, in: context)
            record.state = .expanded
            record.drafts = drafts.enumerated().map { child($1, at: $0, of: item, unit: record.key) }
        case .verify(let verifier):
            apply(try await verifier.verdict(on: item.sample, in: context), to: &record, item, node)
        case .filter(let filter): apply(try filter.selection(of: item.sample), to: &record, item, node)
        case .write(let exporter, _):
            if let skip = Self.missingEvidence(item, at: node) ?? exporter.refusal(of: item.sample) {
                throw skip
            }
            record.state = .exported
        case .source, .groupVerify, .select, .pair:
            preconditionFailure("`\(node.name)` does not work item by item")
        }
    }

    /// Why an item may not stand in an export: a check on its way has no valid evidence of its present content.
    static func missingEvidence(_ item: FlowItem, at node: PlanNode) -> Skip? {
        let missing = node.checks.filter { check in
            !item.evidence.contains {
                $0.check == check && $0.outcome == .pass && $0.subject == item.draft.contentID
            }
        }
        // What comes by several ways may have been refused on one of them.
        if let refused = item.evidence.first(where: {
            $0.outcome == .fail && $0.subject == item.draft.contentID
        }) {
            return Skip("missing-evidence", "`\(refused.check)` refused it")
        }
        guard !missing.isEmpty else { return nil }
        return Skip(
            "missing-evidence",
            "no valid evidence of \(missing.sorted().map { "`\($0)`" }.joined(separator: ", "))"
        )
    }

    private func child(_ draft: Draft, at position: Int, of item: FlowItem, unit: ItemKey) -> DraftRecord {
        let key = ItemKey(deriving: ["draft", unit.description, String(position)])
        return DraftRecord(
            key: key,
            parent: item.key,
            content: draft.content,
            note: draft.note,
            task: draft.content.isAnswered ? item.draft.task : key,
            group: item.draft.group,
            origin: item.draft.origin,
            licence: item.draft.licence
        )
    }

    func apply(_ verdict: Verdict, to record: inout ItemRecord, _ item: FlowItem, _ node: PlanNode) {
        let outcome: Evidence.Outcome
        switch verdict.outcome {
        case .pass: (record.state, outcome) = (.passed, .pass)
        case .fail: (record.state, outcome) = (.fail, .fail)
        case .unsure: (record.state, outcome) = (.unsure, .unsure)
        }
        record.reason = verdict.reason
        record.summary = verdict.summary
        if !verdict.labels.isEmpty { record.detail["labels"] = .object(verdict.labels) }
        record.evidence = [
            Evidence(
                node.manifest.name,
                outcome,
                about: item.draft.contentID,
                score: verdict.score,
                detail: verdict.detail
            )
        ]
    }

    func apply(
        _ selection: Selection,
        to record: inout ItemRecord,
        _ item: FlowItem,
        _ node: PlanNode
    ) {
        switch selection {
        case .keep(let detail, _) where node.isTarget:
            // It was chosen, not checked: that is no evidence.
            record.state = .kept
            record.detail = detail
        case .keep(let detail, let labels):
            record.state = .kept
            if !labels.isEmpty { record.detail["labels"] = .object(labels) }
            record.evidence = [
                Evidence(node.manifest.name, .pass, about: item.draft.contentID, detail: detail)
            ]
        case .drop(let reason, let detail, let rival):
            record.state = .dropped
            record.reason = reason
            record.detail = detail
            if let rival { record.detail["rival"] = .string(rival) }
            record.summary = record.detail.sorted { $0.key < $1.key }
                .compactMap { name, value in value.text.map { "\(name) \($0.prefix(60))" } }
                .joined(separator: ", ")
            guard !node.isTarget else { return }
            record.evidence = [
                Evidence(node.manifest.name, .fail, about: item.draft.contentID, detail: record.detail)
            ]
        }
    }
}
