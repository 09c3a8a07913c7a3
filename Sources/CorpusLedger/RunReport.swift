package import CorpusModel

/// What a run came to: every candidate in exactly one final state.
package struct RunReport: Sendable, Hashable {
    /// Candidates by their final state.
    ///
    /// `candidates` is the sum of all others.
    package struct Counts: Sendable, Hashable {
        package var exported = 0
        package var dropped: [String: Int] = [:]
        package var failed: [String: Int] = [:]
        /// On their way when the pass stopped; 0 in a finished run.
        package var open = 0

        package var candidates: Int {
            exported + open + dropped.values.reduce(0, +) + failed.values.reduce(0, +)
        }
    }

    /// One node of the graph.
    package struct Stage: Sendable, Hashable {
        package var name: String
        package var verb: String
        package var plugin: String
        /// Units of work, by how they ended.
        package var units: [String: Int] = [:]
        /// What generators and sources gave.
        package var drafts = 0
        package var reasons: [String: Int] = [:]
        package var calls = 0
        package var executions = 0
        package var tokens = 0
        package var cost: Int?
        package var seconds = 0.0
    }

    /// A source and the seeds that were read from it.
    package struct Source: Sendable, Hashable {
        package var name: String
        package var seeds: Int
        /// The digest of the seeds' content ids, sorted, each followed by a line feed.
        package var digest: Digest
    }

    /// What was paid, over all passes.
    package struct Spending: Sendable, Hashable {
        package var calls = 0
        /// Nil when the endpoint did not count the tokens of some call; so are the others.
        package var inputTokens: Int? = 0
        package var outputTokens: Int? = 0
        package var cachedTokens: Int? = 0
        package var executions = 0
        /// Replies that a cassette or a shared ledger brought; not in the numbers above.
        package var imported = 0
        /// Those of them that came from a shared ledger.
        package var shared = 0
        /// Billionths of a US dollar; nil when a price is unknown for some calls.
        package var cost: Int? = 0
        /// Attempts that may have been charged for and gave no reply, at their worst case; not in the numbers above.
        package var unanswered = Unanswered()
        package var models: [String: Int] = [:]
    }

    /// One candidate that was not exported, as an example of its reason.
    package struct Example: Sendable, Hashable {
        package var reason: String
        package var stage: String
        /// The id of the content that was worked on; nil for a row that could not be read.
        package var sample: String?
        package var summary: String
    }

    /// What was sent and not answered.
    package struct Unanswered: Sendable, Hashable {
        package var calls = 0
        package var tokens = 0
        /// Billionths of a US dollar; nil when no price is known.
        package var cost: Int? = 0

        package init(calls: Int = 0, tokens: Int = 0, cost: Int? = 0) {
            self.calls = calls
            self.tokens = tokens
            self.cost = cost
        }
    }

    package var name: String
    package var state: String
    package var product: String
    /// Which part of the seeds it is about: `2/3`; nil for all of them.
    package var shard: String?
    /// The shards that were merged into the run.
    package var mergedShards: [String] = []
    package var counts = Counts()
    package var pairs = 0
    package var seeds = 0
    package var stages: [Stage] = []
    package var spending = Spending()
    package var costs = Costs()
    /// Nil where the recipe has no `target:`.
    package var target: Target?
    package var files: [FileRecord] = []
    package var sources: [Source] = []
    /// The digest of the recipe's text.
    package var recipe = Digest(of: "")
    /// How many seeds stand behind exported rows under each licence; `unknown` where none is stated.
    package var licences: [String: Int] = [:]
}

extension RunReport {
    /// The report as one JSON document; `schema` rises when a field changes its meaning.
    package var json: JSONValue {
        func counts(_ values: [String: Int]) -> JSONValue { .object(values.mapValues(JSONValue.int)) }
        func number(_ value: Int?) -> JSONValue { value.map(JSONValue.int) ?? .null }
        return [
            "schema": 1, "name": .string(name), "state": .string(state), "product": .string(product),
            "shard": shard.map(JSONValue.string) ?? .null,
            "merged_shards": .array(mergedShards.map(JSONValue.string)),
            "counts": [
                "candidates": .int(self.counts.candidates), "exported": .int(self.counts.exported),
                "dropped": counts(self.counts.dropped), "failed": counts(self.counts.failed),
                "open": .int(self.counts.open),
            ],
            "recipe_sha256": .string(recipe.description),
            "sources": .array(
                sources.map {
                    [
                        "name": .string($0.name), "seeds": .int($0.seeds),
                        "sha256": .string($0.digest.description),
                    ]
                }
            ),
            "pairs": .int(pairs), "seeds": .int(seeds), "licences": counts(licences),
            "spending": [
                "calls": .int(spending.calls), "input_tokens": number(spending.inputTokens),
                "output_tokens": number(spending.outputTokens),
                "cached_tokens": number(spending.cachedTokens),
                "executions": .int(spending.executions), "imported": .int(spending.imported),
                "shared": .int(spending.shared),
                "usd": Self.dollars(spending.cost),
                "calls_by_model": counts(spending.models),
                "unanswered": spending.unanswered.json,
            ],
            "costs": costsJSON, "target": target?.json ?? .null,
            "stages": .array(
                stages.map { stage in
                    [
                        "name": .string(stage.name), "verb": .string(stage.verb),
                        "plugin": .string(stage.plugin),
                        "units": counts(stage.units), "drafts": .int(stage.drafts),
                        "reasons": counts(stage.reasons),
                        "calls": .int(stage.calls), "executions": .int(stage.executions),
                        "tokens": .int(stage.tokens), "usd": Self.dollars(stage.cost),
                        "model_seconds": .number(stage.seconds),
                    ]
                }
            ),
            "files": .array(
                files.map { file in
                    [
                        "export": .string(file.export), "path": .string(file.path),
                        "split": file.split.map(JSONValue.string) ?? .null, "rows": .int(file.rows),
                        "bytes": .int(file.bytes), "sha256": .string(file.digest),
                    ]
                }
            ),
        ]
    }
}
