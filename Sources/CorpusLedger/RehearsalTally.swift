package import CorpusModel

/// What a rehearsal lacks when a unit ends in its middle, as the reason of that unit.
package enum RehearsalLack: String, Sendable, Hashable, CaseIterable {
    /// A reply that would be bought.
    case reply = "reply-to-buy"
    /// A result of a program that would be run.
    case result = "program-to-run"

    package var reason: ReasonCode { ReasonCode(rawValue) }

    /// In the detail of a unit that was taken to end as its content did before.
    package static let precedentMark = "as_before"
}

/// How sure it is that the next pass meets a unit as its rehearsal did.
package enum Sureness: Int, Sendable, Hashable, CaseIterable {
    /// Nothing that is not known yet has to do with it.
    case certain = 0
    /// It comes from a place where items wait for each other, and one of those is not known yet; or from a verifier whose
    /// verdict is not known yet, and was taken to be as it was before.
    case likely = 1
    /// It comes from such a verifier, which has not seen it before, and was taken to pass.
    case assumed = 2
}

/// What became of the units of a rehearsal; sums over stages are taken by whoever asks.
package struct RehearsalTally: Sendable, Hashable {
    /// A number for each degree of sureness.
    package struct Counts: Sendable, Hashable {
        private var values = [0, 0, 0]

        package init() {}

        package subscript(_ sureness: Sureness) -> Int {
            get { values[sureness.rawValue] }
            set { values[sureness.rawValue] = newValue }
        }

        package var sum: Int { values.reduce(0, +) }

        package static func + (left: Counts, right: Counts) -> Counts {
            var result = Counts()
            for place in result.values.indices {
                result.values[place] = left.values[place] + right.values[place]
            }
            return result
        }
    }

    /// Replies or results that are on the ledger, each counted once.
    package struct Uses: Sendable, Hashable {
        package var replies = Counts()
        package var executions = Counts()
    }

    /// Who a reply would be bought for, and from whom.
    package struct Purchase: Sendable, Hashable {
        package var role: String
        /// The model's identity.
        package var model: String
        package var replies = Counts()
    }

    /// What became of the units of one stage.
    package struct Stage: Sendable, Hashable {
        /// Nothing is to be done again: what came of them is on the ledger.
        package var reused = Counts()
        /// The stage has worked on the same content before.
        package var redone = Counts()
        package var new = Counts()
        /// Those of all these that a filter or selector let go on.
        package var kept = 0
        /// Those of them that ended in their middle, for want of a reply or a result.
        package var lacking = Counts()
        /// Those of these that nothing is like on the ledger: of what comes of them the rehearsal has no idea.
        package var unforeseen = Counts()
        /// How many replies each of these had used by then, and the one that it lacked, if it was one; added up.
        package var knownReplies = Counts()
        /// The replies and results that these had used, and those that they lacked, each counted once.
        package var known = Uses()
        /// Those that are not certain although what they come from is: the stage itself waits for something unknown.
        package var unsettled = 0
        package var uses = Uses()
        /// What lacks first here, each reply counted once.
        package var purchases: [Purchase] = []
        package var executionsToRun = Counts()
    }

    /// In the order of the stages that were asked about.
    package var stages: [Stage]
    /// Each counted once, although several stages may use it.
    package var uses = Uses()

    package init(stages: [Stage]) { self.stages = stages }
}

/// What must be known of a stage's place in the graph to tell how sure its units are; stages by their numbers.
package struct RehearsedStage: Sendable, Hashable {
    /// A place where items wait for each other.
    package struct Gate: Sendable, Hashable {
        /// Whether all items wait for all others, and not only those of one group.
        package var isWhole: Bool
        /// The stages that items come from.
        package var above: [Int]

        package init(isWhole: Bool, above: [Int]) {
            self.isWhole = isWhole
            self.above = above
        }
    }

    package var number: Int
    package var name: String
    /// The verifiers above it.
    package var verifiers: [Int]
    /// The gates above it.
    package var gates: [Gate]
    /// What it is itself, if it is one.
    package var gate: Gate?

    package init(number: Int, name: String, verifiers: [Int], gates: [Gate], gate: Gate?) {
        self.number = number
        self.name = name
        self.verifiers = verifiers
        self.gates = gates
        self.gate = gate
    }
}
