import CorpusKit

/// The operators that rewrite a task, as a recipe names them: a set's name or a list.
enum EvolOperators: Sendable, Hashable {
    case named(String)
    case listed([String])

    /// The operator that gives the solver faulty code to distrust.
    static let misleading = "misleading-code"

    private static let sets = [
        "code": ["add-requirement", "rarer-requirement", "more-steps", misleading, "tighter-bounds"],
        "general": ["add-requirement", "deepen", "concretise", "more-steps", "complicate-input", "new-task"],
    ]

    /// The operators, without repeats.
    ///
    /// - Throws: ``BadOption`` for `operators` when a name is unknown or none is given.
    func resolved() throws(BadOption) -> [String] {
        let known = Set(Self.sets.values.joined())
        switch self {
        case .named(let name):
            guard let set = Self.sets[name] else {
                throw BadOption(
                    "operators",
                    "must be `code`, `general` or a list of operators, not `\(name)`"
                )
            }
            return set
        case .listed(let names):
            guard !names.isEmpty else { throw BadOption("operators", "must name at least one operator") }
            if let unknown = names.first(where: { !known.contains($0) }) {
                let all = known.sorted().map { "`\($0)`" }.joined(separator: ", ")
                throw BadOption("operators", "names `\(unknown)`, which is none of \(all)")
            }
            var seen: Set<String> = []
            return names.filter { seen.insert($0).inserted }
        }
    }
}

extension EvolOperators: Codable {
    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let name = try? container.decode(String.self) {
            self = .named(name)
        } else {
            self = .listed(try container.decode([String].self))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .named(let name): try container.encode(name)
        case .listed(let names): try container.encode(names)
        }
    }
}

extension EvolInstruct {
    static let selfChecks = [
        SelfCheck(
            "a harder task survives",
            seed: vowels,
            options: once,
            replies: ["Count the vowels of a text, but no vowel twice.", "DIFFERENT"],
            expects: .accepts("Count the vowels of a text, but no vowel twice.")
        ),
        SelfCheck(
            "a tagged reply is read too",
            seed: vowels,
            options: once,
            replies: ["Sure!\n<<<REWRITTEN>>>\nCount the vowels that follow another vowel.", "Different."],
            expects: .accepts("Count the vowels that follow another vowel.")
        ),
        SelfCheck(
            "a task that the judge finds equal twice is no gain",
            seed: vowels,
            options: once,
            replies: ["Tell how many vowels a text has.", "EQUAL", "EQUAL"],
            expects: .refuses("no-gain")
        ),
        SelfCheck(
            "the same words are no gain",
            seed: vowels,
            options: once,
            replies: ["Count the vowels  of a text."],
            expects: .refuses("no-gain")
        ),
        SelfCheck(
            "a solution is no task",
            seed: vowels,
            options: once,
            replies: ["Count the vowels of a text:\n```python\nsum(c in 'aeiou' for c in text)\n```"],
            expects: .refuses("format-broken")
        ),
    ]

    private static let once: [String: JSONValue] = ["rounds": 1, "operators": ["add-requirement"]]
    private static let vowels = Seed(id: "vowels", fields: ["instruction": "Count the vowels of a text."])
}
