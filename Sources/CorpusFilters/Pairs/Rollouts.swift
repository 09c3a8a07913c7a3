import CorpusKit

/// Pairs an answer that passed its tests with one to the same prompt that failed them.
///
/// Both sides are of the same model, so that what is learnt from a pair is not whose answer it is. They hold code that
/// could be read, in answers of similar length; code that differs only in layout and
/// comments makes no pair. In half of the picks the rejected side is the one closest to the chosen one by edit
/// distance, which teaches the fine difference, in the other half any. Ways of failing take turns, so that a model does
/// not merely learn to avoid the most common one, and answers are used anew only when all have been used.
///
/// Pair details: `margin_source` (`tests`), `failure` (how the rejected side failed), `pass_fraction_chosen`,
/// `pass_fraction_rejected`, `picked` (`closest` or `random`), `candidates` (the rejected sides there were), and
/// `suspect_of` where `decontaminate` marked a side.
struct Rollouts: PairerPlugin {
    struct Options: PluginOptions {
        var perPrompt = 2
        var lengthRatio = [0.5, 2.0]
        var sameModel = true

        static let meanings = [
            "per_prompt": "The most pairs of one prompt, at least 1.",
            "length_ratio": """
            The least and the greatest length of the rejected answer, as a multiple of the chosen \
            one's.
            """,
            "same_model": """
            Whether both sides must be of the same model. Where stages with several models answer the \
            same prompts, `false` also pairs answers across models.
            """,
        ]

        private enum CodingKeys: String, CodingKey {
            case perPrompt = "per_prompt"
            case lengthRatio = "length_ratio"
            case sameModel = "same_model"
        }
    }

    static let manifest = Manifest(
        name: "rollouts",
        version: 3,
        summary: "Pairs answers that pass their tests with answers to the same prompt that fail them"
    )

    private let perPrompt: Int
    private let lengthRatio: ClosedRange<Double>
    private let sameModel: Bool

    init(options: Options, setup: PluginSetup) throws {
        guard options.perPrompt >= 1 else {
            throw BadOption("per_prompt", "must be at least 1, not \(options.perPrompt)")
        }
        guard options.lengthRatio.count == 2, options.lengthRatio[0] > 0,
            options.lengthRatio[0] <= options.lengthRatio[1]
        else { throw BadOption("length_ratio", "must be two positive numbers, the smaller first") }
        perPrompt = options.perPrompt
        lengthRatio = options.lengthRatio[0]...options.lengthRatio[1]
        sameModel = options.sameModel
    }

    func pairs(chosen: [Sample], rejected: [Sample], random: RandomStream) -> [PreferencePair] {
        let better = Self.distinct(chosen.compactMap(AnswerSide.init).filter { $0.verdict == "ok" })
        let worse = Self.distinct(
            rejected.compactMap(AnswerSide.init).filter {
                $0.verdict != "ok" && $0.verdict != "compile_error"
            }
        )
        var prompts: [[Message]] = []
        for side in better where !prompts.contains(side.prompt) { prompts.append(side.prompt) }
        var random = random
        return prompts.flatMap { prompt in
            pairs(better.filter { $0.prompt == prompt }, worse.filter { $0.prompt == prompt }, &random)
        }
    }

    /// Without those whose model, prompt and code stood before: they would make the same pair again.
    private static func distinct(_ sides: [AnswerSide]) -> [AnswerSide] {
        var seen: Set<[String]> = []
        return sides.filter { side in
            seen.insert(
                [side.code, side.models.joined(separator: " ")]
                    + side.prompt.map { "\($0.role.rawValue) \($0.content)" }
            ).inserted
        }
    }

    private func pairs(
        _ better: [AnswerSide],
        _ worse: [AnswerSide],
        _ random: inout RandomStream
    ) -> [PreferencePair] {
        var open: [Candidate] = []
        for (first, left) in better.enumerated() {
            for (second, right) in worse.enumerated() where suits(left, right) {
                open.append(Candidate(chosen: first, rejected: second))
            }
        }
        var picks = Picks()
        var result: [PreferencePair] = []
        while result.count < perPrompt, !open.isEmpty {
            let (pick, isClosest) = picks.next(of: open, better, worse, &random)
            picks.note(pick, failure: worse[pick.rejected].verdict)
            // The same two codes may also be there as answers of another model.
            open.removeAll {
                better[$0.chosen].code == better[pick.chosen].code
                    && worse[$0.rejected].code == worse[pick.rejected].code
            }
            let rivals = Set(open.map(\.rejected)).union([pick.rejected]).count
            result.append(
                pair(better[pick.chosen], worse[pick.rejected], isClosest: isClosest, candidates: rivals)
            )
        }
        return result
    }

    private func suits(_ left: AnswerSide, _ right: AnswerSide) -> Bool {
        let ratio = Double(right.answer.content.utf8.count) / Double(max(1, left.answer.content.utf8.count))
        return left.code != right.code && (left.models == right.models || !sameModel)
            && lengthRatio.contains(ratio)
    }

    private func pair(
        _ better: AnswerSide,
        _ worse: AnswerSide,
        isClosest: Bool,
        candidates: Int
    ) -> PreferencePair {
        var detail: [String: JSONValue] = [
            "margin_source": "tests", "failure": .string(worse.verdict),
            "pass_fraction_chosen": better.passFraction.map(JSONValue.number) ?? .null,
            "pass_fraction_rejected": worse.passFraction.map(JSONValue.number) ?? .null,
            "picked": isClosest ? "closest" : "random", "candidates": .int(candidates),
        ]
        let suspect = Set(better.suspectOf + worse.suspectOf).sorted()
        if !suspect.isEmpty { detail["suspect_of"] = .array(suspect.map(JSONValue.string)) }
        return PreferencePair(
            prompt: better.prompt,
            chosen: better.answer,
            rejected: worse.answer,
            chosenKey: better.key,
            rejectedKey: worse.key,
            detail: detail
        )
    }
}

/// Two sides that may be paired, by their places in the lists.
private struct Candidate: Hashable {
    let chosen: Int
    let rejected: Int
}

/// What has been picked for one prompt, and the rules for the next pick.
private struct Picks {
    private var usedChosen: Set<Int> = []
    private var usedRejected: Set<Int> = []
    private var failures: [String: Int] = [:]

    mutating func note(_ pick: Candidate, failure: String) {
        usedChosen.insert(pick.chosen)
        usedRejected.insert(pick.rejected)
        failures[failure, default: 0] += 1
    }

    /// The next pair, and whether closeness chose it.
    ///
    /// - Precondition: `open` is not empty.
    func next(
        of open: [Candidate],
        _ better: [AnswerSide],
        _ worse: [AnswerSide],
        _ random: inout RandomStream
    ) -> (pick: Candidate, isClosest: Bool) {
        // Fresh sides first, then the way of failing that came least often, then a chosen side by lot.
        var left = Self.preferring(open) { usedRejected.contains($0.rejected) ? 1 : 0 }
        left = Self.preferring(left) { usedChosen.contains($0.chosen) ? 1 : 0 }
        left = Self.preferring(left) { failures[worse[$0.rejected].verdict, default: 0] }
        let failure = random.pick(Set(left.map { worse[$0.rejected].verdict }).sorted())
        left = left.filter { worse[$0.rejected].verdict == failure }
        let chosen = random.pick(Set(left.map(\.chosen)).sorted())
        left = left.filter { $0.chosen == chosen }
        let isClosest = random.below(2) == 0
        if isClosest {
            left = Self.preferring(left) {
                EditDistance.between(better[$0.chosen].code, worse[$0.rejected].code)
            }
            return (left[0], true)
        }
        return (left[random.below(left.count)], false)
    }

    /// The elements whose measure is the smallest.
    private static func preferring(_ open: [Candidate], by measure: (Candidate) -> Int) -> [Candidate] {
        let measures = open.map(measure)
        let least = measures.min()
        return zip(open, measures).filter { $0.1 == least }.map(\.0)
    }
}
