import CorpusKit

/// The same task in other people's words: terse, polite, sloppy, formal.
///
/// The model puts one sentence of the task into the words of a style card; every fact around it (the rest of the
/// instruction, `signature`, `example`, `tests`) is carried on by us. So truth stays where it was: in the task's tests.
/// What comes back is held to the card and to the sentence by rules: all its words that matter, its numbers and its names
/// must be there, and no others. What fails is booked and asked for again. The card's structure is made by us: a list of
/// the task's facts, or its signature first.
///
/// - Seed fields: `instruction`; optional `signature` and `example`; these and all others are carried on unchanged.
/// - Drafts: the plain task (unless `keep_plain` is off) and up to `variants` restyled ones, none answered. Field
///   `instruction`, label `style`: `plain`, a card's id, or `a+b` for a blend of two.
///
/// The style set and the blending follow the Seed-Coder report, section 3.1.1.
struct StyleMix: GeneratorPlugin {
    struct Options: PluginOptions {
        var styles = "Seeds/styles.jsonl"
        var only: [String] = []
        var variants = 1
        var keepPlain = true
        var blend = 0.25
        var tries = 2
        var retryTemperature = 0.9
        var minRecall = 0.9
        var newWords = 0
        var language = "python"

        static let meanings = [
            "styles": "The style cards: JSON Lines.",
            "only": "The ids of the only cards to use; empty uses all.",
            "variants": "How many restyled tasks each task gets; 1 to 100.",
            "keep_plain": "Whether the plain task goes on too.",
            "blend": "How likely a variant's style is a blend of two cards; 0 to 1.",
            "tries": "How often the model is asked for one variant at most; 1 to 10.",
            "retry_temperature": """
            The temperature of the second time, 0 to 2; each further time is 0.1 hotter, up to 1.
            """,
            "min_recall": """
            The smallest share of the sentence's words that matter which must come back; 0 to 1. \
            Halved for cards that leave things out; not asked of cards in other languages than \
            English.
            """,
            "new_words": """
            The most words that a wording may bring besides the sentence's own, its style's and those \
            of any request; at least 0. Not asked of cards in other languages than English.
            """,
            "language": "The language of signatures in tasks that have no label `language`.",
        ]

        enum CodingKeys: String, CodingKey {
            case styles, only, variants, blend, tries, language
            case keepPlain = "keep_plain"
            case retryTemperature = "retry_temperature"
            case minRecall = "min_recall"
            case newWords = "new_words"
        }
    }

    static let manifest = Manifest(
        name: "style-mix",
        version: 3,
        summary: "The same task in other people's words",
        needs: [.model, .stopTexts],
        requires: ["instruction"],
        labels: ["style"],
        reasons: [
            "empty", "truncated", "refusal", "low-quality", "format-broken", "prompt-leak", "no-gain",
            "off-target",
        ]
    )

    let givesAnswers = false
    let worstCaseCalls: [String: Int]
    let worstCaseDrafts: Int
    private let options: Options
    private let cards: [StyleCard]
    private let prompt: PromptScript
    private let leaks: PromptLeakDetector

    init(options: Options, setup: PluginSetup) throws {
        guard (1...100).contains(options.variants) else {
            throw BadOption("variants", "must be from 1 to 100, not \(options.variants)")
        }
        guard (1...10).contains(options.tries) else {
            throw BadOption("tries", "must be from 1 to 10, not \(options.tries)")
        }
        guard (0...1).contains(options.blend) else { throw BadOption("blend", "must be from 0 to 1") }
        guard (0...1).contains(options.minRecall) else {
            throw BadOption("min_recall", "must be from 0 to 1")
        }
        guard options.newWords >= 0 else { throw BadOption("new_words", "must not be negative") }
        guard (0...2).contains(options.retryTemperature) else {
            throw BadOption("retry_temperature", "must be from 0 to 2")
        }
        let all = try StyleCard.cards(in: setup.file(options.styles))
        if let missing = options.only.first(where: { id in !all.contains { $0.id == id } }) {
            throw BadOption("only", "names `\(missing)`, which `\(options.styles)` does not have")
        }
        cards = options.only.isEmpty ? all : all.filter { options.only.contains($0.id) }
        self.options = options
        worstCaseCalls = ["model": options.variants * options.tries]
        worstCaseDrafts = options.variants + (options.keepPlain ? 1 : 0)
        prompt = try PromptScript(
            "restyle",
            variables: ["style", "phrases", "task", "question", "statement", "imperative"],
            setup: setup
        )
        leaks = PromptLeakDetector(templates: [prompt.source])
    }

    func drafts(from seed: Seed, in context: PluginContext) async throws -> [Draft] {
        let instruction = try seed.text("instruction")
        // Tests in our form that cannot be read will never believe an answer: find out before paying for wordings.
        if seed.content.fields["tests"]?["kind"] != nil { _ = try seed.tests() }
        let sentence = TaskSentence(in: instruction)
        let layout = TaskLayout(seed, in: seed.language(otherwise: options.language))
        var random = context.random
        let styles = styles(drawnFrom: &random)

        var drafts: [Draft] = []
        if options.keepPlain { drafts.append(Draft(from: seed, labels: ["style": "plain"], note: "plain")) }
        var known: Set = [TextLikeness.whitespaceFree(sentence.text)]
        for style in styles {
            let messages = try prompt.messages([
                "style": .string(style.description), "task": .string(sentence.text),
                "phrases": .string(style.phrases.prefix(2).joined(separator: " ")),
                "question": .bool(style.mood == .question), "statement": .bool(style.mood == .statement),
                "imperative": .bool(style.mood == .imperative),
            ])
            for attempt in 0..<options.tries {
                let reply = try await context.reply(to: messages, settings: settings(ofAttempt: attempt))
                do throws(Skip) {
                    let text = try restyled(reply, from: sentence.text, in: style, known: known)
                    known.insert(TextLikeness.whitespaceFree(text))
                    let task = layout.laidOut(sentence.replaced(by: text), as: style.structure)
                    drafts.append(
                        Draft(
                            from: seed,
                            fields: ["instruction": .string(task)],
                            labels: ["style": .string(style.id)],
                            note: style.id
                        )
                    )
                    break
                } catch {
                    context.drop(error.reason, "style `\(style.id)`: \(error.description)", text: reply.text)
                }
            }
        }
        return drafts
    }

    /// The styles of one task's variants: cards drawn evenly, some blended, no id twice while there are others.
    private func styles(drawnFrom random: inout RandomStream) -> [StyleCard] {
        var order = random.shuffled(cards)
        var styles: [StyleCard] = []
        while styles.count < options.variants {
            if order.isEmpty { order = random.shuffled(cards) }
            let card = order.removeFirst()
            guard cards.count > 1, random.unit() < options.blend,
                let partner = random.pick(cards.filter { $0.id != card.id })
            else {
                styles.append(card)
                continue
            }
            let blend = StyleCard.blend(card, partner, with: &random)
            let isNew = !cards.contains { $0.traits == blend.traits }
            styles.append(isNew ? blend : card)
        }
        return styles
    }

    /// A further question is hotter: asked in the same way, the model would mostly fail in the same way.
    private func settings(ofAttempt attempt: Int) -> CallSettings {
        // No stop text: some APIs refuse one, and models that reason would end at the first line of their thoughts.
        guard attempt > 0 else { return CallSettings() }
        let temperature = options.retryTemperature + 0.1 * Double(attempt - 1)
        return CallSettings(temperature: max(options.retryTemperature, min(1, temperature)))
    }

    /// The first line that is not blank: one sentence was asked for, and what a model says besides is no part of it.
    ///
    /// - Throws: ``Skip`` as ``ModelReply/usableText(atMost:)``, but not for a reply that was cut off after that line.
    private static func sentence(of reply: ModelReply) throws(Skip) -> String {
        var reply = reply
        let text = reply.text.drop(while: \.isWhitespace)
        if text.utf8.count <= ModelReply.mostUsableBytes, let end = text.firstIndex(where: \.isNewline) {
            if reply.finish == .length { reply.finish = .stop }
            reply.text = String(text[..<end])
        }
        return try reply.usableText().unquoted
    }

    private func restyled(
        _ reply: ModelReply,
        from source: String,
        in style: StyleCard,
        known: Set<String>
    ) throws(Skip) -> String {
        let text = try Self.sentence(of: reply)
        guard !text.isEmpty else { throw Skip("empty", "nothing stands between the quotes") }
        guard !CodeMarks.holdsCode(text) else { throw Skip("format-broken", "the reply holds code") }
        if let marker = leaks.leak(in: text, source: source) {
            throw Skip("prompt-leak", "the reply repeats `\(marker)` of the prompt")
        }
        guard !known.contains(TextLikeness.whitespaceFree(text)) else {
            throw Skip("no-gain", "the wording is not new")
        }
        try check(text, hasTheTraitsOf: style)
        try check(text, says: source, in: style)
        return text
    }

    private func check(_ text: String, hasTheTraitsOf style: StyleCard) throws(Skip) {
        let words = TextLikeness.wordCount(text)
        guard style.words.contains(words) else {
            throw Skip(
                "off-target",
                "\(counted(words, "word")), \(style.words.lowerBound) to \(style.words.upperBound) wanted"
            )
        }
        let asks = text.contains { "?？".contains($0) }
        guard asks == (style.mood == .question) else {
            throw Skip(
                "off-target",
                asks ? "a question where none was wanted" : "no question where one was wanted"
            )
        }
        guard style.language == "en" else { return }
        // `I can count the words` and `You get the sum` ask for nothing.
        guard
            text.prefixMatch(of: /(?i)\W*(?:I|we|you|it)\s+(?:can(?!not|'t)|could|did|got|just|get)\b/) == nil
        else {
            throw Skip("off-target", "a remark where a request was wanted")
        }
        guard
            style.mood != .imperative
                || text.prefixMatch(
                    of:
                        /(?i)\W*(?:I|we|you|he|she|it|they|the|an?|that|there|my|your|what|which|who|why|how|where|when)\b/
                ) == nil
        else { throw Skip("off-target", "no command where one was wanted") }
    }

    /// Holds a wording against its source: nothing added, every fact there.
    private func check(_ text: String, says source: String, in style: StyleCard) throws(Skip) {
        let old = Wording(source)
        guard style.language == "en" else {
            // Other languages have other words; digits and quotations stay.
            guard (old.numbers.filter(source.contains) + old.quotes).allSatisfy(text.contains) else {
                throw Skip("off-target", "a number or quotation of the task is lost")
            }
            return
        }
        let new = Wording(text, rewording: old)
        guard old.numbers == new.numbers else {
            throw Skip("off-target", "the numbers are not those of the task")
        }
        guard old.names.allSatisfy(text.contains) else {
            throw Skip("off-target", "a name or quotation of the task is lost")
        }
        let isMisspelt = style.typos != "none"
        let isLike = { (left: String, right: String) in
            left == right || isMisspelt && Wording.isMisspelling(left, right)
        }
        let share = old.recall(in: new, isLike: isLike)
        guard share >= options.minRecall * (style.completeness == "partial" ? 0.5 : 1) else {
            throw Skip("off-target", "only \(Int(share * 100)) % of the words that matter came back")
        }
        let added = new.additions(to: old, style: Wording.stems(ofPhrases: style.phrases), isLike: isLike)
        guard added <= options.newWords else {
            throw Skip("off-target", "\(counted(added, "word")) that the task does not say")
        }
    }
}

extension StyleMix {
    static let selfChecks = [
        SelfCheck(
            "a question in a question's style is taken",
            seed: vowels,
            options: question,
            replies: ["Could you please count the vowels of a given text?"],
            expects: .accepts("Could you please count the vowels of a given text?")
        ),
        SelfCheck(
            "the second try counts when the first fails",
            seed: vowels,
            options: question,
            replies: ["Count the vowels of a text.", "How do I count the vowels of a text?"],
            expects: .accepts("How do I count the vowels of a text?")
        ),
        SelfCheck(
            "a command in a question's style is off target",
            seed: vowels,
            options: question,
            replies: ["Please count the vowels of a given text."],
            expects: .refuses("off-target")
        ),
        SelfCheck(
            "the same words are no gain",
            seed: vowels,
            options: question,
            replies: ["Count the  vowels of a text."],
            expects: .refuses("no-gain")
        ),
        SelfCheck(
            "a solution is no task",
            seed: vowels,
            options: question,
            replies: ["How about `def count(text): return 0` for the vowels of a text?"],
            expects: .refuses("format-broken")
        ),
    ]

    // The question is asked of one card only, so that chance has no part in the checks.
    private static let question: [String: JSONValue] = ["keep_plain": false, "only": ["polite-question"]]
    private static let vowels = Seed(id: "vowels", fields: ["instruction": "Count the vowels of a text."])
}
