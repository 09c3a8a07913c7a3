package import CorpusModel

/// Which rejects are wanted; what is empty or nil asks for nothing.
package struct RejectFilter: Sendable, Hashable {
    /// A label and a value that it must have.
    package struct Label: Sendable, Hashable {
        package var name: String
        /// A string's text, or the canonical JSON of anything else; of a list one element must be it.
        package var value: String

        package init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    package var reasons: Set<String> = []
    package var stages: Set<String> = []
    package var sources: Set<String> = []
    /// Failed ones alone, or dropped ones alone.
    package var isFailure: Bool?
    /// All of them must fit.
    package var labels: [Label] = []
    /// Stands in one of the candidate's texts, or in what was found wrong with it.
    package var text: String?

    package init() {}
}

/// Where a candidate ended that was not exported.
package struct RejectPlace: Sendable, Hashable {
    /// The item that says so: a unit that gave nothing, a drop inside one, or a verdict on a draft.
    package var key: ItemKey
    /// The draft that was judged, or that a generator worked on; nil for a row that could not be read.
    package var input: ItemKey?
    package var ordinal: Int
    package var part: Int
    package var stage: RunReport.Stage
    package var state: ItemState
    package var reason: String

    /// Whether it failed; it was dropped otherwise.
    package var isFailure: Bool { state == .failed }

    /// Whether it is the draft itself that was refused, and not what a generator wanted to make of it.
    var isJudged: Bool { !stage.isMaking }
}

/// A candidate that was not exported, and why.
package struct Reject: Sendable, Hashable {
    package var place: RejectPlace
    /// The id of its content, or of the content that a generator worked on; nil for a row that could not be read.
    package var id: String?
    /// One sentence for people.
    package var summary: String
    /// Matched spans, labels that were set, the rival; without the text of a drop.
    package var detail: [String: JSONValue]
    package var evidence: [Evidence]
    /// What it lost to: the id of a content, or a benchmark and its item.
    package var rival: String?
    package var origin: Origin
    package var licence: String?
    package var labels: [String: JSONValue]
    /// Calls of the units that made and judged it; those of one unit are shared by all that came of it.
    package var calls: Int
    /// Billionths of a US dollar for these calls; nil when a price is not known.
    package var cost: Int?
    /// Its texts, the one that says most about it first.
    package var texts: [Text]

    /// One text of a candidate.
    package struct Text: Sendable, Hashable {
        /// `messages[1]`, `code`; `dropped` for what a generator threw away, `reply` for what it could make nothing of.
        package var place: String
        package var text: String
    }
}

extension RunReport.Stage {
    /// Whether candidates come to be here.
    var isMaking: Bool { verb == "read" || verb == "generate" }
}

extension RejectFilter.Label {
    func fits(_ labels: [String: JSONValue]) -> Bool {
        guard let found = labels[name] else { return false }
        return ([found] + (found.elements ?? [])).contains { ($0.text ?? $0.canonical) == value }
    }
}
