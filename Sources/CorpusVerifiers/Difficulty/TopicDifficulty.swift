import CorpusKit

/// Asks a model how difficult a task is among those of its topic, and refuses the easiest.
///
/// One call names one to six topics, from an open set that is brought to one spelling; the first is the task's main one.
/// One to three more score the task within that topic from 1 to 10, beside anchor tasks of known level, which are of the
/// first topic that has some; the score is their mean. A reply that cannot be read is sent back once with what is wrong
/// about it.
///
/// - Fields: `instruction`, or the first turn of the user.
/// - Labels: `topic` (`binary-search`), `topics` (all of them), `llm_score` (1 to 10).
/// - Evidence detail: `topics` (each with the model's `reason`), `anchors` (whose topic's, or `general`), `scores`,
///   `reason` (the model's, of the first score).
///
/// After the scores by topic of the Seed-Coder report; what is different is in `docs/decisions/0015-methods-in-part.md`.
struct TopicDifficulty: VerifierPlugin, Verifier {
    struct Options: PluginOptions {
        var calls = 3
        var minScore = 3.0
        var maxTopics = Topics.most
        var anchors = "Seeds/topic-anchors.jsonl"

        static let meanings = [
            "calls": "How many times the difficulty is asked for, 1 to 3; the mean counts.",
            "min_score": "The least score to keep, 1 to 10; below it a task is `too-easy`.",
            "max_topics": "How many topics are asked for at most, 1 to 6.",
            "anchors": "The tasks of known level: JSON Lines.",
        ]

        private enum CodingKeys: String, CodingKey {
            case calls, anchors
            case minScore = "min_score"
            case maxTopics = "max_topics"
        }
    }

    static let manifest = Manifest(
        name: "topic-difficulty",
        version: 2,
        summary: "Scores how difficult a task is among those of its topic, by a model",
        needs: [.model],
        labels: ["llm_score", "topic", "topics"],
        reasons: ["too-easy", "format-broken", "missing-field"]
    )

    private let calls: Int
    private let minScore: Double
    private let maxTopics: Int
    private let anchors: TopicAnchors
    private let topicPrompt: PromptTemplate
    private let scorePrompt: PromptTemplate

    static func make(options: Options, roles: Set<String>, setup: PluginSetup) throws -> VerifierKind {
        .single(try TopicDifficulty(options: options, setup: setup))
    }

    init(options: Options, setup: PluginSetup) throws {
        guard (1...3).contains(options.calls) else {
            throw BadOption("calls", "must be between 1 and 3, not \(options.calls)")
        }
        guard (1...10).contains(options.minScore) else {
            throw BadOption("min_score", "must be between 1 and 10, not \(options.minScore)")
        }
        guard (1...Topics.most).contains(options.maxTopics) else {
            throw BadOption("max_topics", "must be between 1 and \(Topics.most), not \(options.maxTopics)")
        }
        calls = options.calls
        minScore = options.minScore
        maxTopics = options.maxTopics
        anchors = try TopicAnchors(setup.file(options.anchors))
        topicPrompt = try setup.prompt("topic", variables: ["instruction", "most"])
        scorePrompt = try setup.prompt(
            "score",
            variables: ["instruction", "topic", "easy", "medium", "hard"]
        )
    }

    /// Every question may have to be asked twice.
    var worstCaseCalls: [String: Int] { ["model": 2 * (1 + calls)] }

    func verdict(on draft: Sample, in context: PluginContext) async throws -> Verdict {
        let task = JSONValue.string(try draft.content.task())
        let topicQuestion = try topicPrompt.rendered(with: ["instruction": task, "most": .int(maxTopics)])
        let named = try await context.reply(
            to: [Message(.user, topicQuestion)],
            settings: CallSettings(temperature: 0, schema: Topics.schema(most: maxTopics)),
            rule: "reply with one JSON object that holds `topics`, each with a `topic` of one to four words",
            read: Topics.init
        )
        guard let named, let topic = named.topics.first else {
            return Verdict(.unsure("format-broken"), "the topic could not be read, after a second try")
        }
        let row = anchors.row(for: named.topics)
        let scoreQuestion = try scorePrompt.rendered(with: [
            "instruction": task, "topic": .string(topic.words), "easy": .string(row?.easy ?? ""),
            "medium": .string(row?.medium ?? ""), "hard": .string(row?.hard ?? ""),
        ])
        // Asked several times the role's own temperature is kept: at 0 the replies would be one reply.
        let settings = CallSettings(temperature: calls == 1 ? 0 : nil, schema: Score.schema)
        var scores: [Score] = []
        for _ in 0..<calls {
            let score = try await context.reply(
                to: [Message(.user, scoreQuestion)],
                settings: settings,
                rule:
                    "reply with one JSON object that holds `score`, a whole number from 1 to 10, and `reason`",
                read: Score.init
            )
            guard let score else {
                return Verdict(
                    .unsure("format-broken"),
                    "the score could not be read, after a second try",
                    labels: Self.labels(named)
                )
            }
            scores.append(score)
        }
        return verdict(named, scores, anchors: row?.topic ?? "general")
    }

    private func verdict(_ named: Topics, _ scores: [Score], anchors: String) -> Verdict {
        let mean = Double(scores.reduce(0) { $0 + $1.value }) / Double(scores.count)
        let topics = named.topics.map { topic -> JSONValue in
            ["topic": .string(topic.label), "reason": .string(named.reasons[topic.label] ?? "")]
        }
        return Verdict(
            mean < minScore ? .fail("too-easy") : .pass,
            "difficulty \(mean) of 10 in `\(named.topics[0].label)`",
            score: mean,
            detail: [
                "topics": .array(topics), "anchors": .string(anchors),
                "scores": .array(scores.map { .int($0.value) }),
                "reason": .string(scores.first?.reason ?? ""),
            ],
            labels: Self.labels(named).merging(["llm_score": .number(mean)]) { $1 }
        )
    }

    private static func labels(_ named: Topics) -> [String: JSONValue] {
        let labels = named.topics.map { JSONValue.string($0.label) }
        return ["topic": labels[0], "topics": .array(labels)]
    }
}

extension TopicDifficulty {
    static let selfChecks = [
        SelfCheck(
            "a task of middling difficulty passes",
            seed: merge,
            replies: ["Intervals", #"{"score": 5, "reason": "needs sorting"}"#],
            expects: .accepts("calendar")
        ),
        SelfCheck(
            "a trivial task is refused",
            seed: merge,
            replies: ["Intervals", #"{"score": 2, "reason": "one loop"}"#],
            expects: .refuses("too-easy")
        ),
        SelfCheck(
            "a judge that does not answer decides nothing",
            seed: merge,
            replies: ["Intervals", "rather hard"],
            expects: .refuses("format-broken")
        ),
    ]

    private static let merge = Seed(
        id: "merge",
        fields: ["instruction": "Merge the entries of a calendar that overlap."]
    )
}
