import CorpusConfig
import CorpusKit
import CorpusLedger

extension UnitRunner {
    /// Lets a group verifier or a pairer work on everything that belongs to one task; elsewhere, sends on what has
    /// now arrived by all its ways.
    func group(_ task: ItemKey, main: [ItemKey], others: [ItemKey], node index: Int) async throws
        -> Result
    {
        let node = plan.nodes[index]
        let items = try main.map { try load($0, at: index) }
        let rivals = try others.map { try load($0, at: index) }
        switch node.kind {
        case .groupVerify(let verifier): return try await judge(items, rivals, task, verifier, node: index)
        case .pair(let pairer): return try await pair(items, rivals, task, pairer, node: index)
        default: return Result(outcome: Outcome(joined: items, state: .kept), entries: [])
        }
    }

    private func judge(
        _ items: [FlowItem],
        _ rivals: [FlowItem],
        _ task: ItemKey,
        _ verifier: any GroupVerifier,
        node index: Int
    ) async throws -> Result {
        let node = plan.nodes[index]
        let host = UnitHost(
            node: node,
            models: plan.models,
            exchange: exchange,
            ordinal: 0,
            attempts: 1,
            randomSeed: plan.recipe.randomSeed
        )
        let context = PluginContext(ordinal: 0, random: random(node, task), host: host)
        var records = items.map { record(of: $0, node: index) }
        do {
            let verdicts = try await verifier.verdicts(
                on: items.map(\.sample),
                siblings: rivals.map(\.sample),
                in: context
            )
            guard verdicts.count == items.count else {
                throw WorkFailure(
                    "plugin-error",
                    "`\(node.manifest.name)` gave \(counted(verdicts.count, "verdict")) on \(counted(items.count, "draft"))"
                )
            }
            for place in items.indices { apply(verdicts[place], to: &records[place], items[place], node) }
        } catch  where host.lack == nil {
            for place in items.indices { try records[place].end(with: error) }
        } catch {
            // Whatever a plug-in makes of a lack.
        }
        if let lack = host.lack {
            let results = try items.indices.map {
                try result(lacking: lack, after: host.trace, &records[$0], items[$0], node: index)
            }
            return Result(
                outcome: Outcome(passages: results.flatMap(\.outcome.passages), state: .passed),
                entries: results.flatMap(\.entries)
            )
        }
        for place in items.indices { records[place].trace = host.trace }
        let outcomes = zip(records, items).map { outcome(of: $0, $1, node: index) }
        return Result(
            outcome: Outcome(passages: outcomes.flatMap(\.passages), state: .passed),
            entries: records.map(LedgerEntry.item)
        )
    }

    private func pair(
        _ items: [FlowItem],
        _ rivals: [FlowItem],
        _ task: ItemKey,
        _ pairer: any Pairer,
        node index: Int
    ) async throws -> Result {
        let node = plan.nodes[index]
        let faults = items.map { Self.missingEvidence($0, at: node) }
        let chosen = zip(items, faults).filter { $1 == nil }.map(\.0)
        var records = items.map { record(of: $0, node: index) }
        var pairs: [PreferencePair] = []
        do {
            pairs = try pairer.pairs(
                chosen: chosen.map(\.sample),
                rejected: rivals.map(\.sample),
                random: random(node, task)
            )
            let refused = refusals(of: pairs, chosen, rivals, node: index)
            pairs = pairs.filter { refused[$0.id] == nil }
            let used = Set(pairs.map(\.chosenKey))
            for place in items.indices {
                if let fault = faults[place] {
                    try records[place].end(with: fault)
                } else if used.contains(items[place].key) {
                    records[place].state = .paired
                } else {
                    let reason = refused.sorted { $0.key < $1.key }.first {
                        $0.value.chosen == items[place].key
                    }
                    try records[place].end(
                        with: reason?.value.skip ?? Skip("unpaired", "no rival made a sound pair with it")
                    )
                }
            }
        } catch {
            for place in items.indices { try records[place].end(with: error) }
        }
        let group = items.first?.draft.group ?? rivals.first?.draft.group ?? task
        let rows = pairs.map { PairRecord(stage: stages[index], task: task, group: group, pair: $0) }
        exchange.meter.count { $0.pairs += rows.count }
        return Result(
            outcome: Outcome(state: .paired, ends: records.map(\.state)),
            entries: records.map(LedgerEntry.item) + [.pairs(rows)]
        )
    }

    /// The pairs that an export reading them cannot write, by id, each with its better side and the reason.
    private func refusals(
        of pairs: [PreferencePair],
        _ chosen: [FlowItem],
        _ rivals: [FlowItem],
        node index: Int
    ) -> [String: (chosen: ItemKey, skip: Skip)] {
        let samples = Dictionary((chosen + rivals).map { ($0.key, $0.sample) }) { first, _ in first }
        let exporters = plan.nodes.compactMap { node -> (any Exporter)? in
            guard case .write(let exporter, _) = node.kind, node.inputs.contains(where: { $0.node == index })
            else { return nil }
            return exporter
        }
        var refused: [String: (chosen: ItemKey, skip: Skip)] = [:]
        for pair in pairs {
            guard let good = samples[pair.chosenKey], let bad = samples[pair.rejectedKey],
                let skip = exporters.lazy.compactMap({ $0.refusal(of: pair, chosen: good, rejected: bad) })
                    .first
            else { continue }
            refused[pair.id] = (pair.chosenKey, skip)
        }
        return refused
    }

    private func random(_ node: PlanNode, _ task: ItemKey) -> RandomStream {
        RandomStream(
            seed: plan.recipe.randomSeed,
            purpose: [node.name, node.manifest.name, task.description]
        )
    }

    private func record(of item: FlowItem, node index: Int) -> ItemRecord {
        let digest = plan.nodes[index].digestText
        return ItemRecord(
            key: ItemKey(deriving: ["item", digest, item.key.description, "0"]),
            stage: stages[index],
            input: item.key,
            state: .failed
        )
    }

    func select(_ key: ItemKey, _ selection: Selection, node index: Int) throws -> Result {
        let node = plan.nodes[index]
        let item = try load(key, at: index)
        var record = record(of: item, node: index)
        apply(selection, to: &record, item, node)
        return Result(outcome: outcome(of: record, item, node: index), entries: [.item(record)])
    }

    func bookUnrouted(_ item: FlowItem, node index: Int) -> Result {
        let node = plan.nodes[index]
        let isRead = plan.nodes.contains { $0.inputs.contains { $0.node == index } }
        let record = ItemRecord(
            key: ItemKey(deriving: ["unrouted", node.digestText, item.key.description]),
            stage: stages[index],
            input: item.key,
            state: .dropped,
            reason: "unrouted",
            summary: isRead
                ? "`\(node.name)` passed it on, and no reader's `when:` takes it"
                : "`\(node.name)` passed it on, and it serves only as a sibling or a rejected side"
        )
        return Result(outcome: Outcome(state: .dropped, reason: "unrouted"), entries: [.item(record)])
    }

    /// An item as it was when it reached a barrier, from the ledger.
    private func load(_ key: ItemKey, at node: Int) throws -> FlowItem {
        try ItemLoader(plan: plan, stages: stages, ledger: ledger).item(key, at: node)
    }
}
