import CorpusKit

/// Drops samples that hold the text of a benchmark, so that a model trained on them can still be measured by it.
///
/// All texts of a sample are read: every message, code, tests and nested strings, one by one, one after the other,
/// and the turns of one voice joined. Compared are stretches of words (see the rules in
/// `Templates/Fingerprints/README.md`), after letter case, layout and punctuation are taken away. What is merely
/// rephrased is not found: that takes embeddings or a judge.
///
/// A *contaminated* sample is dropped. A *suspect* one shares ten words in a row with a benchmark, as classic tasks
/// do by chance: it is kept with the label `suspect_of` (`["humaneval word-10"]`, benchmark and rule) and dropped only
/// under `strict`. Either way the evidence names benchmark, item, field, rule, place and the text that agrees.
struct Decontaminate: FilterPlugin {
    struct Options: PluginOptions {
        var against = ["humaneval", "mbpp"]
        var strict = false
        var minWords = 5
        var whitelist = ""

        static let meanings = [
            "against": """
            What to compare with: names of built-in packs (`humaneval`, `mbpp`), or paths of packs \
            (`.csfp`), of JSON Lines, JSON and text files, and of folders of them.
            """,
            "strict": "Whether suspect samples are dropped as well.",
            "min_words": """
            The fewest words of a short benchmark item that is looked for, 5 to 9; shorter ones match \
            by chance.
            """,
            "whitelist": """
            A JSON Lines file of what is harmless: `{"rule": "word-10", "item": "HumanEval/1"}` (with \
            `benchmark` where names are shared), or `{"sha256": "…"}` of a whole message or field. \
            Empty for none.
            """,
        ]

        private enum CodingKeys: String, CodingKey {
            case against, strict, whitelist
            case minWords = "min_words"
        }
    }

    static let manifest = Manifest(
        name: "decontaminate",
        version: 2,
        summary: "Drops what holds text of a benchmark: prompts, solutions or tests",
        labels: ["suspect_of"],
        reasons: ["contaminated"]
    )

    let benchmarks: [String]
    private let index: ContaminationIndex
    private let strict: Bool
    private let minWords: Int
    private let whitelist: Whitelist

    init(options: Options, setup: PluginSetup) throws {
        guard !options.against.isEmpty else { throw BadOption("against", "must name at least one benchmark") }
        guard RuleKind.shortItem.contains(options.minWords) else {
            throw BadOption("min_words", "must be between 5 and 9, not \(options.minWords)")
        }
        guard Set(options.against).count == options.against.count else {
            throw BadOption("against", "must not name a benchmark twice")
        }
        let whitelist = options.whitelist.isEmpty ? Whitelist() : try Whitelist(setup.file(options.whitelist))
        index = ContaminationIndex(try options.against.map { try BenchmarkFile.pack(named: $0, in: setup) }) {
            whitelist.excuses($0, benchmark: $1, item: $2)
        }
        self.whitelist = whitelist
        benchmarks = options.against
        strict = options.strict
        minWords = options.minWords
    }

    func selection(of sample: Sample) -> Selection {
        let passages = passages(of: sample.content)
        let findings = index.findings(in: passages, minWords: minWords)
        guard let finding = findings.first else { return .keep }
        // Findings come with those that say most first, so all are suspect when the first one is.
        guard strict || finding.rule.tier == .contaminated else {
            let marks = Set(findings.map { "\($0.benchmark) \($0.rule.name)" }).sorted()
            return .keep(
                detail: detail(of: finding, in: passages),
                labels: ["suspect_of": .array(marks.map(JSONValue.string))]
            )
        }
        return .drop("contaminated", detail: detail(of: finding, in: passages))
    }

    private func detail(
        of finding: Finding,
        in passages: [ContaminationIndex.Passage]
    ) -> [String: JSONValue] {
        var detail: [String: JSONValue] = [
            "benchmark": .string(finding.benchmark), "item": .string(finding.item),
            "field": .string(finding.field),
            "rule": .string(finding.rule.name), "tier": .string(finding.rule.tier.rawValue),
            "place": .string(finding.place), "match": .string(finding.match),
        ]
        if let coverage = finding.coverage { detail["coverage"] = .double(coverage) }
        if let text = passages.first(where: { $0.place == finding.place })?.text {
            detail["text_sha256"] = .string(Digest(of: Array(text.utf8)).description)
        }
        return detail
    }

    /// The texts of a sample, with the voice of each turn.
    ///
    /// A text that stands twice, as instruction and as turn, is
    /// read once.
    private func passages(of content: Content) -> [ContaminationIndex.Passage] {
        content.texts.enumerated().compactMap { number, part in
            let isField = number >= content.messages.count
            if isField, content.messages.contains(where: { $0.content.utf8.elementsEqual(part.text.utf8) }) {
                return nil
            }
            if whitelist.excuses(part.text) { return nil }
            let role = content.messages.indices.contains(number) ? content.messages[number].role : nil
            let voice: ContaminationIndex.Voice? =
                switch role {
                case .user: .user
                case .assistant: .assistant
                case .system, .tool, nil: nil
                }
            return ContaminationIndex.Passage(place: part.place, text: part.text, voice: voice)
        }
    }

    // The benchmark of the checks is invented; it is shipped as an example of a file of one's own.
    static let selfChecks = [
        SelfCheck(
            "a task of our own is kept",
            seed: Seed(
                id: "own",
                fields: ["instruction": "Print the number of days until the next leap year."]
            ),
            options: ["against": ["Templates/Fingerprints/example.jsonl"]],
            expects: .accepts("leap year")
        ),
        SelfCheck(
            "the prompt of a benchmark is found in another layout",
            seed: Seed(
                id: "leak",
                fields: [
                    "instruction": """
                    TASK: given the lantern schedule of a harbour, return the minutes in which
                    exactly two lanterns are lit.
                    """
                ]
            ),
            options: ["against": ["Templates/Fingerprints/example.jsonl"]],
            expects: .refuses("contaminated")
        ),
    ]
}
