import CorpusConfig

/// Tells once when four fifths of the run's time are over; what calls spend is told of by the budget itself.
final class WallWatch {
    /// The time that was told of.
    private var told: Int?

    /// What is to be said, if anything.
    ///
    /// - Parameters:
    ///   - elapsed: Seconds since the pass began.
    ///   - limit: How many it may take, which may change; nil when it has no cap.
    /// - Returns: A sentence without a full stop, once for each cap.
    func warning(after elapsed: Double, of limit: Int?) -> String? {
        guard let limit, told != limit, elapsed * 5 >= Double(limit) * 4 else { return nil }
        told = limit
        let passed = Int(elapsed * 100 / Double(limit))
        return
            "\(passed) % of the run's time is over: \(Amount.time(elapsed)) of \(Amount.time(Double(limit)))"
    }
}
