import CorpusKit

/// How many of some attempts at a task passed, and what that says about the task.
struct PassCount: Hashable {
    /// How hard a task is, by the thirds of its pass rate.
    enum Band: String, CaseIterable {
        case hard, medium, easy

        /// The pass rates of the band, from 0 to 1.
        var rates: ClosedRange<Double> {
            switch self {
            case .hard: 0...(1.0 / 3)
            case .medium: (1.0 / 3)...(2.0 / 3)
            case .easy: (2.0 / 3)...1
            }
        }
    }

    var passes: Int
    /// At least 1 where a rate is asked for.
    var attempts: Int

    /// The share of attempts that passed.
    var rate: Double { Double(passes) / Double(max(1, attempts)) }

    /// The band of ``rate``: more than two thirds are easy, less than one third is hard.
    var band: Band {
        // In whole numbers, so that exactly one or two thirds are medium.
        if 3 * passes < attempts { return .hard }
        return 3 * passes > 2 * attempts ? .easy : .medium
    }

    /// The interval that holds the true rate in 95 of 100 cases (Wilson: *Probable inference, the law of
    /// succession, and statistical inference*, 1927).
    var interval: ClosedRange<Double> {
        let count = Double(max(1, attempts))
        let z = 1.959964
        let centre = (rate + z * z / (2 * count)) / (1 + z * z / count)
        let half =
            z * (rate * (1 - rate) / count + z * z / (4 * count * count)).squareRoot() / (1 + z * z / count)
        return max(0, centre - half)...min(1, centre + half)
    }

    /// The chance that the true rate lies in a band, after these attempts and knowing nothing before.
    ///
    /// The Beta(1 + passes, 1 + failures) distribution; for whole numbers its integral is a binomial sum.
    func probability(of band: Band) -> Double { below(band.rates.upperBound) - below(band.rates.lowerBound) }

    private func below(_ rate: Double) -> Double {
        guard rate > 0 else { return 0 }
        guard rate < 1 else { return 1 }
        let trials = attempts + 1
        var term = 1.0
        for _ in 0..<trials { term *= 1 - rate }
        var sum = 0.0
        for successes in 0...trials {
            if successes > passes { sum += term }
            term *= Double(trials - successes) / Double(successes + 1) * rate / (1 - rate)
        }
        return sum
    }

    /// Whether more attempts would hardly change the band.
    var isDecided: Bool {
        attempts >= 3 && Band.allCases.contains { probability(of: $0) >= 0.9 }
    }
}

extension PassCount {
    /// The verdict on the task, for the rates that are to be kept.
    func verdict(keeping rates: ClosedRange<Double>, detail extra: [String: JSONValue]) -> Verdict {
        let interval = interval
        let detail: [String: JSONValue] = [
            "passes": .int(passes), "attempts": .int(attempts), "wilson_low": .number(interval.lowerBound),
            "wilson_high": .number(interval.upperBound),
        ]
        let outcome: Verdict.Outcome =
            if passes == 0 || rate < rates.lowerBound {
                .fail("too-hard")
            } else if rate > rates.upperBound {
                .fail("too-easy")
            } else {
                .pass
            }
        return Verdict(
            outcome,
            "\(passes) of \(counted(attempts, "attempt")) passed",
            score: rate,
            detail: detail.merging(extra) { own, _ in own },
            labels: ["difficulty": .string(band.rawValue)]
        )
    }
}
