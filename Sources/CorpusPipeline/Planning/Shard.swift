package import CorpusConfig
package import CorpusKit

/// One of several parts of a run's seeds, worked on in a folder and with a ledger of its own.
package struct Shard: Sendable, Hashable, CustomStringConvertible {
    /// What a text for a shard should have been.
    package struct Fault: Error, Sendable, Hashable, CustomStringConvertible {
        package let description: String
    }

    /// The most parts that a run can be cut into.
    package static let most = 10_000

    /// Which part it is, from 1.
    package let index: Int
    /// How many parts there are.
    package let count: Int

    /// Reads `2/3`.
    ///
    /// - Throws: ``Fault`` for anything but a part and a number of parts.
    package init(parsing text: String) throws(Fault) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        let isNumbers =
            parts.count == 2
            && parts.allSatisfy { part in
                !part.isEmpty && part.utf8.allSatisfy { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
            }
        guard isNumbers, let index = Int(parts[0]), let count = Int(parts[1]) else {
            throw Fault(description: "`\(text)` is no shard: write `2/3` for the second of three")
        }
        guard 1...Self.most ~= count, 1...count ~= index else {
            let most = 1...Self.most ~= count ? count : Self.most
            throw Fault(
                description: 1...Self.most ~= count
                    ? "there is no shard `\(text)`: the first number must be from 1 to \(most)"
                    : "there is no shard `\(text)`: a run is cut into 1 to \(most) parts"
            )
        }
        (self.index, self.count) = (index, count)
    }

    /// `2/3`.
    package var description: String { "\(index)/\(count)" }

    /// What its folder is called.
    package var folder: String { "\(index)-of-\(count)" }

    /// Reads it from the plan that a shard's ledger holds; nil for that of a run.
    package init?(plan: JSONValue) {
        guard let index = plan["shard"]?["index"]?.whole, let count = plan["shard"]?["count"]?.whole,
            1...Self.most ~= count, 1...count ~= index
        else { return nil }
        (self.index, self.count) = (index, count)
    }

    package var json: JSONValue { ["index": .int(index), "count": .int(count)] }

    /// Whether something is among its part; exactly one of the shards takes it.
    ///
    /// - Parameter name: What tells a seed from all others: the same seed is dealt out alike whatever others there are.
    /// - Returns: Whether this shard works on it.
    func takes(_ name: [String]) -> Bool {
        let place = ItemKey(deriving: ["shard"] + name).words.high
        return place.multipliedFullWidth(by: UInt64(count)).high == UInt64(index - 1)
    }

    /// Its part of a cap: rounded down, so that all together stay below it, and at least 1.
    func part(ofCap cap: Int) -> Int { cap == 0 ? 0 : max(1, cap / count) }

    /// Its part of something that is wanted: rounded up, so that all together give it.
    package func part(ofWanted number: Int) -> Int { number / count + (number % count == 0 ? 0 : 1) }
}

extension Plan {
    /// The plan for a shard.
    ///
    /// What is counted over the whole run is divided here, and nowhere else: caps, the target, the estimate. Nodes and
    /// their digests stay, so that what a shard has done counts in the run.
    package func part(of shard: Shard) -> Plan {
        var recipe = recipe
        recipe.budget = recipe.budget?.part(of: shard)
        if let wanted = recipe.target?.accepted {
            recipe.target?.accepted = shard.part(ofWanted: wanted)
        }
        let target = recipe.target.flatMap { wanted in
            self.target.map {
                PlannedTarget(wanted, at: $0.at, stage: $0.stage, node: $0.node, settled: $0.settled)
            }
        }
        return Plan(
            recipe: recipe,
            nodes: nodes,
            models: models,
            target: target,
            estimate: estimate.part(of: shard)
        )
    }
}

extension Recipe.Budget {
    /// The time is that of a pass, which every shard has for itself.
    package func part(of shard: Shard) -> Recipe.Budget {
        var budget = self
        budget.nanoDollars = nanoDollars.map(shard.part(ofCap:))
        budget.tokens = tokens.map(shard.part(ofCap:))
        budget.calls = calls.map(shard.part(ofCap:))
        budget.perRole = perRole.mapValues { role in
            var role = role
            role.nanoDollars = role.nanoDollars.map(shard.part(ofCap:))
            role.tokens = role.tokens.map(shard.part(ofCap:))
            role.calls = role.calls.map(shard.part(ofCap:))
            return role
        }
        return budget
    }
}

extension Estimate {
    /// About how much of it falls to a shard: seeds are dealt out by chance.
    fileprivate func part(of shard: Shard) -> Estimate {
        func part(_ number: Int?) -> Int? { number.map(shard.part(ofWanted:)) }
        var estimate = self
        estimate.seeds = part(seeds)
        estimate.calls = part(calls)
        estimate.replyTokens = part(replyTokens)
        estimate.tokens = part(tokens)
        estimate.cost = part(cost)
        estimate.stages = stages.map { stage in
            var stage = stage
            stage.inputs = part(stage.inputs)
            stage.calls = part(stage.calls)
            stage.replyTokens = part(stage.replyTokens)
            stage.tokens = part(stage.tokens)
            stage.cost = part(stage.cost)
            return stage
        }
        estimate.roles = roles.map { role in
            var role = role
            role.calls = part(role.calls)
            role.replyTokens = part(role.replyTokens)
            role.tokens = part(role.tokens)
            role.cost = part(role.cost)
            return role
        }
        return estimate
    }
}
