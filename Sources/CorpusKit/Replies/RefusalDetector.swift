/// Tells replies in which a model declines to do what it was asked.
public enum RefusalDetector: Sendable {
    /// How far into a reply an excuse must begin, in characters.
    static let opening = 200
    /// A reply of this many words or more does something besides declining.
    static let fewestWordsOfAnAnswer = 80

    /// Whether a reply declines: an apology or a statement of inability near its start, no code, and little else.
    ///
    /// The rule of the apology and 80 words is the one published for the elimination step of Evol-Instruct
    /// (*WizardLM: Empowering Large Language Models to Follow Complex Instructions*).
    public static func isRefusal(_ text: String) -> Bool {
        let start = text.prefix(opening).lowercased().replacing("\u{2019}", with: "'")
        guard phrases.contains(where: { start.contains($0) }) else { return false }
        return TextLikeness.wordCount(text) < fewestWordsOfAnAnswer && CodeBlock.all(in: text).isEmpty
    }

    private static let phrases = [
        // English
        "i'm sorry", "i am sorry", "sorry, but", "sorry, i", "i apologize", "i apologise", "my apologies",
        "i cannot help", "i can't help", "i cannot assist", "i can't assist", "i cannot provide",
        "i can't provide", "i cannot fulfill", "i can't fulfill", "i am unable to", "i'm unable to",
        "i am not able to", "i'm not able to", "i cannot create", "i can't create", "i cannot write",
        "i can't write", "i won't be able to", "i must decline", "i cannot comply", "i can't comply",
        "as an ai", "as a language model",
        // Chinese
        "抱歉", "对不起", "對不起", "很遗憾", "很遺憾", "我无法", "我無法", "无法协助", "作为一个人工智能", "作为ai",
        // German
        "es tut mir leid", "tut mir leid", "entschuldigung, ", "ich kann dir dabei nicht",
        "ich kann ihnen dabei nicht",
        "ich kann leider nicht", "ich bin nicht in der lage",
        // French
        "je suis désolé", "désolé, ", "désolée, ", "je ne peux pas", "je m'excuse",
        "je ne suis pas en mesure",
        // Spanish
        "lo siento", "no puedo ayudar", "no puedo proporcionar", "me disculpo", "no me es posible",
        // Portuguese
        "sinto muito", "desculpe, ", "não posso ajudar", "não consigo ajudar", "peço desculpa",
        // Italian
        "mi dispiace", "non posso aiutar", "mi scuso", "non sono in grado",
        // Japanese
        "申し訳", "すみません", "ごめんなさい", "お手伝いできません",
        // Korean
        "죄송", "미안하지만", "도와드릴 수 없",
        // Russian
        "извините", "к сожалению, я не", "простите, ", "я не могу помочь",
    ]
}
