package import CorpusDiagnostics
package import CorpusModel

/// A recipe as its author wrote it: read, typed and ranged, but not yet held against the plug-ins.
package struct Recipe: Sendable {
    /// Something with the place where it stands.
    package struct Located<Value: Sendable>: Sendable {
        package let value: Value
        package let location: Diagnostic.Location
    }

    /// The path as the user gave it.
    package var file: String
    /// The whole text, kept as evidence in the ledger.
    package var text: String
    package var name: String
    package var randomSeed: Int
    package var models: [Model]
    package var budget: Budget?
    package var target: Target?
    package var sandbox: SandboxWish
    /// The file that runs of a campaign share, from the recipe's folder.
    package var ledger: Located<String>?
    package var sources: [Source]
    package var stages: [Stage]
    package var exports: [Export]
    /// Where the keys at the top stand.
    package var places: [String: Diagnostic.Location]
    package var gaps: Gaps

    /// What of the file could not be read: nothing follows from its absence.
    package struct Gaps: Sendable, Hashable {
        /// Keys at the top whose entries are not all known.
        package var sections: Set<String> = []
        /// Entries with a fault, by the key at the top; some of them are missing from the recipe.
        package var entries: [String: Set<String>] = [:]

        /// Whether an entry has a fault.
        package func contains(_ name: String, in section: String) -> Bool {
            entries[section]?.contains(name) == true
        }

        /// Whether an entry may be there although the recipe lacks it.
        package func mayHold(_ name: String, in section: String) -> Bool {
            sections.contains(section) || contains(name, in: section)
        }
    }

    /// One entry of `models:`.
    package struct Model: Sendable {
        /// Where its replies come from.
        package enum Place: Sendable, Hashable {
            /// A bundled model that the run starts and stops.
            case local(String)
            /// Servers that are there, one or more.
            case endpoints([Endpoint])

            /// The servers; none for a bundled model.
            package var endpoints: [Endpoint] {
                guard case .endpoints(let endpoints) = self else { return [] }
                return endpoints
            }

            /// The highest price of each kind over all servers, nothing for a bundled model; nil when one is unknown.
            package var worstPrice: Price? {
                let prices = endpoints.map(\.price)
                guard !prices.contains(nil) else { return nil }
                func worst(_ kind: KeyPath<Price, Int>) -> Int {
                    prices.compactMap { $0?[keyPath: kind] }.max() ?? 0
                }
                return Price(
                    inputNanoDollars: worst(\.inputNanoDollars),
                    cachedInputNanoDollars: worst(\.cachedInputNanoDollars),
                    cacheWriteNanoDollars: worst(\.cacheWriteNanoDollars),
                    outputNanoDollars: worst(\.outputNanoDollars)
                )
            }
        }

        /// One of the servers of a model.
        package struct Endpoint: Sendable, Hashable {
            package var url: String
            package var keyVariable: String?
            package var price: Price?
            /// Its share of the calls, beside those of the others.
            package var weight: Double
        }

        package var name: String
        package var location: Diagnostic.Location
        package var place: Located<Place>
        /// In which words its endpoint is asked.
        package var api: EndpointAPI
        /// How its endpoint is told a JSON schema; nil leaves it to the API.
        package var schemaField: SchemaField?
        /// How its endpoint is told the most tokens of a reply; nil leaves it to the API.
        package var tokenLimitField: TokenLimitField?
        /// The name that the endpoint knows the model by.
        package var model: String
        /// What the ledger knows the model by, where that is not its name at the endpoint.
        package var identity: String?
        /// How many calls may be in flight at each endpoint; nil lets the product find it.
        package var concurrency: Int?
        /// The most requests, prompt tokens and reply tokens a minute at each endpoint.
        package var requestsPerMinute: Int?
        package var inputTokensPerMinute: Int?
        package var outputTokensPerMinute: Int?
        /// The largest reply in mebibytes; nil leaves it to what is asked for.
        package var replyMegabytes: Int?
        /// The share of the slowest calls that is asked a second time.
        package var hedge: Double
        /// The model that is asked when this one refuses the content.
        package var fallback: Located<String>?
        /// How requests go through the endpoint's batch API; nil asks them one by one.
        package var batch: Batch?
        /// How many attempts at one question a request asks for at most.
        package var samplesPerCall: Int
        package var temperature: Double?
        package var topP: Double?
        package var maxTokens: Int
        package var stop: [String]
        /// Whether a seed is sent with each request; nil: for bundled models only.
        package var sendsSeed: Bool?
        /// How long calls may take.
        package var timeouts: Timeouts
        /// Which replies are asked for in pieces.
        package var streaming: Streaming
        /// Fields added to every request body.
        package var extra: [String: JSONValue]
        /// Those of them that may make a call dearer than ``Endpoint/price`` says.
        package var repricing: [Located<String>]
        package var outputTerms: String?
        package var licence: String?
    }

    /// `batch:` of a model.
    package struct Batch: Sendable, Hashable {
        /// The most requests of a batch.
        package var rows: Int
        /// Seconds without a further request after which a batch is sent as it is.
        package var quietSeconds: Int
        /// What a token costs, as a part of the model's price.
        package var priceFactor: Double

        package init(rows: Int = 10_000, quietSeconds: Int = 30, priceFactor: Double = 0.5) {
            self.rows = rows
            self.quietSeconds = quietSeconds
            self.priceFactor = priceFactor
        }
    }

    /// US dollars per million tokens, in billionths of a dollar.
    package struct Price: Sendable, Hashable {
        package var inputNanoDollars: Int
        package var cachedInputNanoDollars: Int
        /// For tokens of the prompt that the endpoint puts into its cache.
        package var cacheWriteNanoDollars: Int
        package var outputNanoDollars: Int
    }

    /// `timeouts:` of a model, in seconds.
    package struct Timeouts: Sendable, Hashable {
        /// Until a reply that comes in pieces begins.
        package var firstTokenSeconds = 120
        /// Between two pieces of a reply.
        package var idleSeconds = 60
        /// Until a call is given up.
        package var totalSeconds = 600
    }

    /// `stream:` of a model.
    package enum Streaming: Sendable, Hashable {
        case never, always
        /// Those that may be long.
        case longReplies

        /// From so many tokens on a reply may take minutes, and the work that pieces make is little beside it.
        private static let long = 4096

        /// The fewest tokens that a reply must be allowed to be asked for in pieces; nil when none is.
        package var fewestTokens: Int? {
            switch self {
            case .never: nil
            case .always: 0
            case .longReplies: Self.long
            }
        }
    }

    /// `budget:`; a run needs at least one cap on what it spends.
    package struct Budget: Sendable, Hashable {
        package var nanoDollars: Int?
        package var tokens: Int?
        package var calls: Int?
        package var wallSeconds: Int?
        /// Caps of single roles, by the name of the model.
        package var perRole: [String: RoleBudget]
    }

    /// One entry of `per_role:`; within the run's caps.
    package struct RoleBudget: Sendable, Hashable {
        package var nanoDollars: Int?
        package var tokens: Int?
        package var calls: Int?
        /// How long it may have calls in flight, counted once however many there are.
        package var wallSeconds: Int?
        /// Where its cap in dollars stands, or its name.
        package var location: Diagnostic.Location
    }

    /// `target:`: how many samples a run is to give.
    package struct Target: Sendable {
        /// A label and what part of the samples is to have each of its values.
        package struct Stratum: Sendable, Hashable {
            package var label: String
            /// Values as text, in the recipe's order; shares are over 0 and add up to 1.
            package var shares: [Share]
            package var location: Diagnostic.Location
        }

        package struct Share: Sendable, Hashable {
            package var value: String
            package var share: Double
        }

        package var accepted: Int
        /// The stage that samples must have passed to count; nil means what the exports read.
        package var at: Located<String>?
        package var strata: [Stratum]
        package var location: Diagnostic.Location
    }

    /// `sandbox:`.
    package struct SandboxWish: Sendable, Hashable {
        /// The weakest level that will do: `full`, `oneshot` or `landlock`.
        package var minimum: String
        package var location: Diagnostic.Location?
    }

    /// One entry of `sources:`.
    package struct Source: Sendable {
        package var name: String
        package var location: Diagnostic.Location
        package var plugin: Located<String>
        /// Everything beside `read:`.
        package var options: ConfigNode
    }

    /// What of another stage flows into this one.
    package struct Input: Sendable, Hashable {
        /// Which outcomes are taken.
        package enum Outcome: String, Sendable, Hashable, CaseIterable {
            /// What the stage passed on.
            case passed
            case fail, unsure, dropped
            /// Whatever ended there or went on.
            case all
        }

        package var stage: String
        package var outcome: Outcome
        package var location: Diagnostic.Location
    }

    /// One entry of `stages:`.
    package struct Stage: Sendable {
        package var name: String
        package var location: Diagnostic.Location
        package var verb: Located<Verb>
        package var plugin: Located<String>
        /// `from:`, or `chosen:` of a pairing.
        package var inputs: [Input]
        /// `siblings:` of a group verifier, or `rejected:` of a pairing.
        package var others: [Input]
        /// Role to model; the empty role is the stage's only one (`model:`).
        package var roles: [String: Located<String>]
        package var condition: Condition?
        package var options: ConfigNode
        /// How many units of this stage may be in work at once; nil lets the product choose.
        package var width: Int?
    }

    /// What a stage does.
    package enum Verb: String, Sendable, Hashable, CaseIterable {
        case generate, verify, filter, select, pair
    }

    /// `when:`, a plain mapping: the names of sources, and values of labels.
    package struct Condition: Sendable, Hashable {
        package var sources: [String]
        package var labels: [String: [JSONValue]]
        package var location: Diagnostic.Location
    }

    /// One entry of `exports:`.
    package struct Export: Sendable {
        package var name: String
        package var location: Diagnostic.Location
        package var plugin: Located<String>
        package var inputs: [Input]
        /// Name and share, in the recipe's order; shares add up to 1.
        package var splits: [Split]
        package var options: ConfigNode
    }

    /// A part of an export.
    package struct Split: Sendable, Hashable {
        package var name: String
        package var share: Double
    }
}
