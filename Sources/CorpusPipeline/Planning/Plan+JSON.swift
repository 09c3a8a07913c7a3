import CorpusConfig
package import CorpusKit

extension Plan {
    /// The graph as JSON: what the ledger keeps so that a report needs no recipe, and what `plan --json` prints.
    package var json: JSONValue {
        [
            "name": .string(recipe.name), "random_seed": .int(recipe.randomSeed),
            "nodes": .array(
                nodes.map { node in
                    [
                        "name": .string(node.name), "verb": .string(node.verb.rawValue),
                        "plugin": .string(node.manifest.name), "version": .int(node.manifest.version),
                        "digest": .string(node.digest.description),
                        "from": .array(node.inputs.map { .string(label($0)) }),
                        "others": .array(node.others.map { .string(label($0)) }),
                        "models": .object(node.roles.mapValues { .string($0.identity) }),
                        "width": .int(node.width),
                    ]
                }
            ),
            "target": target?.json ?? .null,
        ]
    }

    /// An edge as a recipe writes it.
    package func label(_ edge: PlanEdge) -> String {
        nodes[edge.node].name + (edge.outcome == .passed ? "" : "." + edge.outcome.rawValue)
    }
}

extension PlannedTarget {
    /// The target as JSON: the stage, the number of samples, labels and cells.
    var json: JSONValue {
        [
            "at": .string(at), "accepted": .int(accepted), "labels": .array(labels.map(JSONValue.string)),
            "cells": .array(
                cells.map {
                    [
                        "name": .string($0.name), "values": .array($0.values.map(JSONValue.string)),
                        "quota": .int($0.quota),
                    ]
                }
            ),
        ]
    }
}

extension Estimate {
    /// The estimate as JSON; null where something is unknown.
    package var json: JSONValue {
        func number(_ value: Int?) -> JSONValue { value.map(JSONValue.int) ?? .null }
        func dollars(_ value: Int?) -> JSONValue { value.map { .number(Double($0) / 1e9) } ?? .null }
        return [
            "seeds": number(seeds), "calls": number(calls), "reply_tokens": number(replyTokens),
            "tokens": number(tokens), "usd": dollars(cost),
            "roles": .array(
                roles.map { role in
                    [
                        "role": .string(role.name), "calls": number(role.calls),
                        "reply_tokens": number(role.replyTokens), "tokens": number(role.tokens),
                        "usd": dollars(role.cost),
                    ]
                }
            ),
            "stages": .array(
                stages.map { stage in
                    [
                        "name": .string(stage.name), "verb": .string(stage.verb),
                        "plugin": .string(stage.plugin),
                        "inputs": number(stage.inputs), "calls": number(stage.calls),
                        "reply_tokens": number(stage.replyTokens), "tokens": number(stage.tokens),
                        "usd": dollars(stage.cost),
                    ]
                }
            ),
        ]
    }
}

extension CapExcess {
    /// The excess as JSON; `role` is null for a cap of the whole run.
    package var json: JSONValue {
        func amount(_ value: Int) -> JSONValue {
            cap == .dollars ? .number(Double(value) / 1e9) : .int(value)
        }
        return [
            "role": role.map(JSONValue.string) ?? .null, "cap": .string(cap.rawValue), "limit": amount(limit),
            "estimate": amount(estimate),
        ]
    }
}
