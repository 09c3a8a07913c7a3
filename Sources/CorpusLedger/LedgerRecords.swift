package import CorpusModel

/// How a unit of work ended.
package enum ItemState: Int, Sendable, Hashable, CaseIterable {
    /// A source's row became a seed, or a generator's unit gave at least one draft.
    case expanded = 0
    /// A verifier believed the draft.
    case passed = 1
    /// A verifier refused it.
    case fail = 2
    /// A verifier could not decide.
    case unsure = 3
    /// Dropped: by a filter, a selector, or a generator's own checks.
    case dropped = 4
    /// The world failed: no reply, no sandbox, an error in a plug-in. Tried again in the next pass.
    case failed = 5
    /// A filter or selector let it go on.
    case kept = 6
    /// It stands in an export, or in a pair that does.
    case exported = 7
    /// It was laid beside its siblings; what came of it is in the pairs.
    case paired = 8

    /// Whether the report counts it as dropped.
    package var isDrop: Bool { self == .fail || self == .unsure || self == .dropped }
}

/// What kind of thing an item used.
package enum TraceKind: Int, Sendable, Hashable {
    case call = 0
    case execution = 1
}

/// One call or execution that an item used, in the order of use.
package struct TraceEntry: Sendable, Hashable {
    package var kind: TraceKind
    package var key: ItemKey

    package init(_ kind: TraceKind, _ key: ItemKey) {
        self.kind = kind
        self.key = key
    }
}

/// Something that flows: a seed, a draft, later a sample.
package struct DraftRecord: Sendable, Hashable {
    /// Derived from the unit that made it and its position there.
    package var key: ItemKey
    /// The draft it was made from; nil for a seed.
    package var parent: ItemKey?
    package let content: Content
    /// The content's id.
    package let contentID: String
    package var note: String?
    /// The nearest task above, or itself.
    package var task: ItemKey
    /// The root of its group.
    package var group: ItemKey
    package var origin: Origin
    package var licence: String?

    package init(
        key: ItemKey,
        parent: ItemKey?,
        content: Content,
        note: String?,
        task: ItemKey,
        group: ItemKey,
        origin: Origin,
        licence: String?,
        contentID: String? = nil
    ) {
        self.key = key
        self.parent = parent
        self.content = content
        self.contentID = contentID ?? content.id
        self.note = note
        self.task = task
        self.group = group
        self.origin = origin
        self.licence = licence
    }
}

/// Something a generator produced and did not find good enough.
package struct DropRecord: Sendable, Hashable {
    package var reason: ReasonCode
    package var summary: String
    package var text: String?

    package init(reason: ReasonCode, summary: String, text: String?) {
        self.reason = reason
        self.summary = summary
        self.text = text
    }
}

/// One finished unit of work at one stage, with everything that must become durable together with it.
package struct ItemRecord: Sendable, Hashable {
    /// Derived from the stage's digest, the input's key and the ordinal.
    package var key: ItemKey
    /// The stage's number in the ledger.
    package var stage: Int
    /// The draft that was worked on; nil at a source.
    package var input: ItemKey?
    package var ordinal: Int
    package var state: ItemState
    package var reason: ReasonCode?
    /// One sentence for people.
    package var summary: String
    /// The labels it set, the rival it lost to, matched spans.
    package var detail: [String: JSONValue]
    package var drafts: [DraftRecord]
    package var drops: [DropRecord]
    package var evidence: [Evidence]
    package var trace: [TraceEntry]

    package init(
        key: ItemKey,
        stage: Int,
        input: ItemKey?,
        ordinal: Int = 0,
        state: ItemState,
        reason: ReasonCode? = nil,
        summary: String = "",
        detail: [String: JSONValue] = [:],
        drafts: [DraftRecord] = [],
        drops: [DropRecord] = [],
        evidence: [Evidence] = [],
        trace: [TraceEntry] = []
    ) {
        self.key = key
        self.stage = stage
        self.input = input
        self.ordinal = ordinal
        self.state = state
        self.reason = reason
        self.summary = summary
        self.detail = detail
        self.drafts = drafts
        self.drops = drops
        self.evidence = evidence
        self.trace = trace
    }
}

/// Who a call is bought for: what its cost is counted under.
package struct Buyer: Sendable, Hashable {
    /// The name of the model in the recipe.
    package var role: String
    /// The name of the stage; nil when it is not known.
    package var stage: String?

    package init(role: String, stage: String?) {
        self.role = role
        self.stage = stage
    }
}

/// A bought reply.
package struct CallRecord: Sendable, Hashable {
    package var key: ItemKey
    package var model: String
    package var endpoint: String
    package var request: CanonicalJSON
    package var reply: ModelReply
    /// How often the request was sent before the reply came; 0 for a reply that a cassette brought.
    package var attempts: Int
    /// Tokens that the budget was charged for it; the worst case where the endpoint did not count.
    package var booked: Int
    /// Billionths of a US dollar; nil when no price is known.
    package var cost: Int?
    package var buyer: Buyer

    package init(
        key: ItemKey,
        model: String,
        endpoint: String,
        request: CanonicalJSON,
        reply: ModelReply,
        attempts: Int,
        booked: Int,
        cost: Int?,
        buyer: Buyer
    ) {
        self.key = key
        self.model = model
        self.endpoint = endpoint
        self.request = request
        self.reply = reply
        self.attempts = attempts
        self.booked = booked
        self.cost = cost
        self.buyer = buyer
    }
}

/// An attempt at a call that the budget was charged for although it gave no reply.
package struct ChargeRecord: Sendable, Hashable {
    /// The call's key; the call itself may never have been answered.
    package var call: ItemKey
    package var model: String
    /// Tokens, at their worst case.
    package var tokens: Int
    /// Billionths of a US dollar; nil when no price is known.
    package var cost: Int?
    package var buyer: Buyer

    package init(call: ItemKey, model: String, tokens: Int, cost: Int?, buyer: Buyer) {
        self.call = call
        self.model = model
        self.tokens = tokens
        self.cost = cost
        self.buyer = buyer
    }
}

/// A program that was run.
package struct ExecutionRecord: Sendable, Hashable {
    package var key: ItemKey
    package var job: JSONValue
    package var result: ExecutionResult

    package init(key: ItemKey, job: JSONValue, result: ExecutionResult) {
        self.key = key
        self.job = job
        self.result = result
    }
}

/// A preference pair and the stage that made it.
package struct PairRecord: Sendable, Hashable {
    package var stage: Int
    package var task: ItemKey
    package var pair: PreferencePair
    package var group: ItemKey

    package init(stage: Int, task: ItemKey, group: ItemKey, pair: PreferencePair) {
        self.stage = stage
        self.task = task
        self.group = group
        self.pair = pair
    }
}

/// A file that an export wrote.
package struct FileRecord: Sendable, Hashable {
    package var export: String
    package var path: String
    package var split: String?
    package var rows: Int
    package var bytes: Int
    package var digest: String

    package init(export: String, path: String, split: String?, rows: Int, bytes: Int, digest: String) {
        self.export = export
        self.path = path
        self.split = split
        self.rows = rows
        self.bytes = bytes
        self.digest = digest
    }
}

/// A stage as a plan describes it.
package struct StageRecord: Sendable, Hashable {
    package var digest: Digest
    package var name: String
    package var verb: String
    package var plugin: String
    package var version: Int

    package init(digest: Digest, name: String, verb: String, plugin: String, version: Int) {
        self.digest = digest
        self.name = name
        self.verb = verb
        self.plugin = plugin
        self.version = version
    }
}

/// Something to make durable; in a box, since entries change hands often on their way.
package indirect enum LedgerEntry: Sendable, Hashable {
    case item(ItemRecord)
    case call(CallRecord)
    /// The bodies of a call that were dropped, and are brought back.
    case restored(CallRecord)
    /// A reply that a batch brought was for a stage.
    case claim(ItemKey, stage: String)
    case charge(ChargeRecord)
    case execution(ExecutionRecord)
    case pairs([PairRecord])
    case file(FileRecord)
    /// An item of an earlier pass that this pass meets again, with the number of drops inside it.
    case visit(ItemKey, drops: Int)
    /// A batch that is about to be sent.
    case batch(OpenBatch)
    /// The endpoint's names for a batch and its file.
    case batchNames(tag: String, file: String?, id: String?)
    /// A batch that is of no interest any more.
    case batchEnd(tag: String)
    /// The most that a role's calls in flight may come to; within a pass it only rises.
    case mark(role: String, most: Spent)
}

/// Requests that were handed to an endpoint's batch API, or are about to be.
package struct OpenBatch: Sendable, Hashable {
    /// One request: the question, and the name of the model in the recipe.
    package struct Row: Sendable, Hashable {
        package var request: JSONValue
        package var role: String

        package init(request: JSONValue, role: String) {
            self.request = request
            self.role = role
        }
    }

    /// Our own name for it.
    package var tag: String
    package var model: String
    package var endpoint: String
    package var api: String
    /// Seconds since 1970.
    package var madeAt: Double
    package var rows: [Row]
    /// The endpoint's names for the file and the batch, as far as they are known.
    package var file: String?
    package var id: String?

    package init(
        tag: String,
        model: String,
        endpoint: String,
        api: String,
        madeAt: Double,
        rows: [Row],
        file: String?,
        id: String?
    ) {
        self.tag = tag
        self.model = model
        self.endpoint = endpoint
        self.api = api
        self.madeAt = madeAt
        self.rows = rows
        self.file = file
        self.id = id
    }
}
