import CorpusConfig
import CorpusKit
import CorpusLedger

extension UnitRunner {
    func group(_ task: ItemKey, main: [ItemKey], others: [ItemKey], node index: Int) async throws
        -> Outcome
    {
        let node = plan.nodes[index]
        let items = try main.map(load)
        let rivals = try others.map(load)
        let random = RandomStream(
            seed: plan.recipe.randomSeed,
            purpose: [node.name, node.manifest.name, task.description]
        )
        func key(_ item: FlowItem) -> ItemKey {
            ItemKey(deriving: ["item", node.digest.description, item.key.description, "0"])
        }
        switch node.kind {
        case .groupVerify(let verifier):
            let host = UnitHost(
                node: node,
                exchange: exchange,
                ordinal: 0,
                attempts: 1,
                randomSeed: plan.recipe.randomSeed
            )
            let context = PluginContext(ordinal: 0, random: random, host: host)
            let verdicts = try await verifier.verdicts(
                on: items.map(\.sample),
                siblings: rivals.map(\.sample),
                in: context
            )
            precondition(
                verdicts.count == items.count,
                "`\(node.manifest.name)` must answer once for each draft"
            )
            var records: [ItemRecord] = []
            for (item, verdict) in zip(items, verdicts) {
                var record = ItemRecord(key: key(item), stage: stages[index], input: item.key, state: .failed)
                apply(verdict, to: &record, item, node)
                record.trace = host.trace
                records.append(record)
            }
            try await ledger.commit(records.map(LedgerEntry.item))
            let outcomes = zip(records, items).map { outcome(of: $0, $1, node: index) }
            return Outcome(passages: outcomes.flatMap(\.passages), state: .passed)
        case .pair(let pairer):
            let pairs = try pairer.pairs(
                chosen: items.map(\.sample),
                rejected: rivals.map(\.sample),
                random: random
            )
            let used = Set(pairs.map(\.chosenKey))
            let family = items.first?.draft.group ?? rivals.first?.draft.group ?? task
            let records = items.map { item in
                let isUsed = used.contains(item.key)
                return ItemRecord(
                    key: key(item),
                    stage: stages[index],
                    input: item.key,
                    state: isUsed ? .paired : .dropped,
                    reason: isUsed ? nil : "unpaired",
                    summary: isUsed ? "" : "no rival made a sound pair with it"
                )
            }
            let rows = pairs.map { PairRecord(stage: stages[index], task: task, group: family, pair: $0) }
            try await ledger.commit(records.map(LedgerEntry.item) + [.pairs(rows)])
            exchange.meter.count { $0.pairs += rows.count }
            return Outcome(state: .paired)
        default: preconditionFailure("`\(node.name)` does not wait for groups")
        }
    }

    func select(_ key: ItemKey, _ selection: Selection, node index: Int) async throws -> Outcome {
        let node = plan.nodes[index]
        let item = try load(key)
        var record = ItemRecord(
            key: ItemKey(deriving: ["item", node.digest.description, key.description, "0"]),
            stage: stages[index],
            input: key,
            state: .failed
        )
        apply(selection, to: &record, item, node)
        try await ledger.commit([.item(record)])
        return outcome(of: record, item, node: index)
    }

    func bookUnrouted(_ item: FlowItem, node index: Int) async throws -> Outcome {
        let node = plan.nodes[index]
        let record = ItemRecord(
            key: ItemKey(deriving: ["unrouted", node.digest.description, item.key.description]),
            stage: stages[index],
            input: item.key,
            state: .dropped,
            reason: "unrouted",
            summary: "`\(node.name)` passed it on, and no reader's `when:` takes it"
        )
        try await ledger.commit([.item(record)])
        return Outcome(state: .dropped, reason: "unrouted")
    }

    /// An item as it was when it reached a barrier, from the ledger.
    private func load(_ key: ItemKey) throws -> FlowItem {
        try ItemLoader(plan: plan, stages: stages, ledger: ledger).item(key)
    }
}
