import CorpusConfig

/// Tells once when four fifths of the run's time are over; what calls spend is told of by the budget itself.
final class WallWatch {
    private let limit: Int?
    private let started: Double
    private var isTold = false

    /// Creates a watch.
    ///
    /// - Parameters:
    ///   - limit: The run's time in seconds; nil when it has no cap.
    ///   - started: When the pass began.
    init(_ limit: Int?, started: Double) {
        self.limit = limit
        self.started = started
    }

    /// What is to be said, if anything.
    func warning(at now: Double) -> String? {
        guard let limit, !isTold, (now - started) * 5 >= Double(limit) * 4 else { return nil }
        isTold = true
        let passed = Int((now - started) * 100 / Double(limit))
        return
            "\(passed) % of the run's time is over: \(Amount.time(now - started)) of \(Amount.time(Double(limit)))"
    }
}
