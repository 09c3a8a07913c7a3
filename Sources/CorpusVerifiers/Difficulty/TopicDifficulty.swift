import CorpusKit

/// Asks a model how difficult a task is among those of its topic, and refuses the easiest.
///
/// One call names the topic, from an open set that is brought to one spelling. One to three more score the task within
/// the topic from 1 to 10, beside anchor tasks of known level; the score is their mean. A reply that cannot be read is
/// sent back once with what is wrong about it.
///
/// - Fields: `instruction`, or the first turn of the user.
/// - Labels: `topic` (`binary-search`), `llm_score` (1 to 10).
/// - Evidence detail: `topic`, `scores`, `reason` (the model's, of the first score).
struct TopicDifficulty: VerifierPlugin, Verifier {
    struct Options: PluginOptions {
        /// How many times the difficulty is asked for, 1 to 3; the mean counts.
        var calls = 1
        /// The least score to keep, 1 to 10; below it a task is `too-easy`.
        var minScore = 3.0

        private enum CodingKeys: String, CodingKey {
            case calls
            case minScore = "min_score"
        }
    }

    static let manifest = Manifest(
        name: "topic-difficulty",
        version: 1,
        summary: "Scores how difficult a task is among those of its topic, by a model",
        needs: [.model],
        reasons: ["too-easy", "format-broken", "missing-field"]
    )

    private let calls: Int
    private let minScore: Double
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
        calls = options.calls
        minScore = options.minScore
        topicPrompt = try setup.prompt("topic", variables: ["instruction"])
        scorePrompt = try setup.prompt("score", variables: ["instruction", "topic"])
    }

    /// Every question may have to be asked twice.
    var worstCaseCalls: [String: Int] { ["model": 2 * (1 + calls)] }

    func verdict(on draft: Sample, in context: PluginContext) async throws -> Verdict {
        let task = JSONValue.string(try draft.content.task())
        let topicQuestion = try topicPrompt.rendered(with: ["instruction": task])
        let topic = try await context.reply(
            to: [Message(.user, topicQuestion)],
            settings: CallSettings(temperature: 0, schema: Topic.schema),
            rule: "reply with the topic alone, one to four words",
            read: Topic.init
        )
        guard let topic else {
            return Verdict(.unsure("format-broken"), "the topic could not be read, after a second try")
        }
        let scoreQuestion = try scorePrompt.rendered(with: [
            "instruction": task, "topic": .string(topic.words),
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
                    labels: ["topic": .string(topic.label)]
                )
            }
            scores.append(score)
        }
        return verdict(topic, scores)
    }

    private func verdict(_ topic: Topic, _ scores: [Score]) -> Verdict {
        let mean = Double(scores.reduce(0) { $0 + $1.value }) / Double(scores.count)
        return Verdict(
            mean < minScore ? .fail("too-easy") : .pass,
            "difficulty \(mean) of 10 in `\(topic.label)`",
            score: mean,
            detail: [
                "topic": .string(topic.label), "scores": .array(scores.map { .int($0.value) }),
                "reason": .string(scores.first?.reason ?? ""),
            ],
            labels: ["topic": .string(topic.label), "llm_score": .number(mean)]
        )
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
