import CorpusKit
import CorpusLedger
import Foundation

/// What a merge came to.
struct MergeAccount {
    let run: String
    /// The plan as JSON by which the run will be done.
    let plan: JSONValue
    let shards: [(ledger: ShardLedger, take: LedgerMerge.Take)]
    /// Of the run's last pass, which is the merge's unless nothing was new.
    let report: RunReport
    let isNew: Bool
    /// How the run goes on; nil when only its folder is known.
    let command: String?

    /// Shards that are not here, unless those of another number are all here.
    var missing: [String] {
        let byCount = Dictionary(grouping: shards.map(\.ledger), by: \.count)
        let missing = byCount.mapValues { there in
            let count = there[0].count
            return Set(1...count).subtracting(there.map(\.index)).sorted().map { "\($0)/\(count)" }
        }
        guard !missing.values.contains(where: \.isEmpty) else { return [] }
        return missing.sorted { $0.key < $1.key }.flatMap(\.value)
    }

    /// Stages whose work a shard did by another recipe, so that the run cannot use it.
    private func changed(in shard: ShardLedger) -> [String] {
        let verbs: Set<String> = ["read", "generate", "verify", "filter"]
        let known = Set((shard.plan["nodes"]?.elements ?? []).compactMap { $0["digest"]?.text })
        return (plan["nodes"]?.elements ?? []).compactMap { node in
            guard verbs.contains(node["verb"]?.text ?? ""), let digest = node["digest"]?.text,
                !known.contains(digest)
            else { return nil }
            return node["name"]?.text
        }
    }

    // MARK: - Words

    var json: JSONValue {
        [
            "schema": 1, "name": .string(report.name), "run": .string(run),
            "shards": .array(
                shards.map { shard, take in
                    [
                        "shard": .string(shard.label), "state": .string(shard.state),
                        "folder": .string((shard.path as NSString).deletingLastPathComponent),
                        "is_done": .bool(shard.isDone), "calls": .int(take.calls),
                        "bought_twice": .int(take.boughtTwice), "executions": .int(take.executions),
                        "units": .int(take.units), "refused_seeds": .int(take.refusedSeeds),
                        "changed_stages": .array(changed(in: shard).map(JSONValue.string)),
                    ]
                }
            ),
            "missing": .array(missing.map(JSONValue.string)), "counts": report.json["counts"] ?? .null,
        ]
    }

    var lines: [String] {
        guard isNew else {
            return ["\(report.name): nothing new, \(counted(shards.count, "shard")) merged before"]
        }
        var table = TextTable(right: [2, 3, 4, 5, 6])
        table.add("shard", "state", "replies", "bought twice", "executions", "units", "seeds left out")
        for (shard, take) in shards {
            table.add(
                shard.label,
                shard.state == "running" ? "killed" : shard.state,
                Amount.count(take.calls),
                take.boughtTwice > 0 ? Amount.count(take.boughtTwice) : "",
                Amount.count(take.executions),
                Amount.count(take.units),
                take.refusedSeeds > 0 ? Amount.count(take.refusedSeeds) : ""
            )
        }
        let counts = report.counts
        return ["\(report.name): merged into \(run)", ""] + table.lines + [
            "",
            "\(Amount.count(counts.candidates, "candidate")): \(Amount.count(counts.exported)) ready for export, "
                + "\(Amount.count(counts.dropped.values.reduce(0, +))) dropped, "
                + "\(Amount.count(counts.failed.values.reduce(0, +))) failed, \(Amount.count(counts.open)) open",
        ]
    }

    /// What the run will have to do itself.
    var notes: [String] {
        var notes: [String] = []
        let missing = missing
        if !missing.isEmpty {
            notes.append(
                "\(missing.count == 1 ? "shard" : "shards") \(missing.joined(separator: ", ")) \(missing.count == 1 ? "is" : "are") "
                    + "not here: the run works on what is theirs itself"
            )
        }
        for (shard, take) in shards {
            if !shard.isDone {
                let state = shard.state == "running" ? "it was killed" : "it ended with `\(shard.state)`"
                notes.append("shard \(shard.label) has not done its part (\(state)): the run does the rest")
            }
            let changed = changed(in: shard)
            if !changed.isEmpty {
                notes.append(
                    "shard \(shard.label) was run with another recipe: the run does "
                        + "\(changed.map { "`\($0)`" }.joined(separator: ", ")) itself, with those replies that are to the same requests"
                )
            }
            if take.refusedSeeds > 0 {
                notes.append(
                    "\(counted(take.refusedSeeds, "seed")) of shard \(shard.label) got other replies than those that are here: the run does "
                        + "their work itself"
                )
            }
        }
        if let command, isNew || report.state == LedgerMerge.done { notes.append("what is left: \(command)") }
        return notes
    }
}
