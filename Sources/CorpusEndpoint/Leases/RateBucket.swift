/// A limit per minute: requests, or tokens.
///
/// A plain state machine without clock. Amounts flow in evenly and a little may be saved up, so that in no stretch of
/// 60 seconds more than the limit goes out, whatever the endpoint's own idea of a minute is. An amount is taken as an
/// estimate and put right afterwards.
struct RateBucket: Sendable, Hashable {
    /// What the recipe allows; nil when it says nothing.
    let given: Int?
    /// What the endpoint says that it allows; nil until it does.
    private(set) var learnt: Int?
    private var level = 0.0
    private var time: Double
    private var largest = 1.0
    private var blockedUntil = 0.0

    init(perMinute given: Int?, now: Double) {
        self.given = given
        time = now
        if let limit = given { level = Self.burst(limit) }
    }

    /// The smaller of both limits.
    var limit: Int? {
        guard let given, let learnt else { return given ?? learnt }
        return min(given, learnt)
    }

    /// Two seconds' worth, and one at least.
    private static func burst(_ limit: Int) -> Double { max(1, Double(limit) / 30) }

    /// What flows in within a second.
    ///
    /// What is saved up and the last amount, which may overdraw, count towards the minute.
    private func flow(_ limit: Int) -> Double {
        max(Double(limit) / 2, Double(limit) - Self.burst(limit) - largest) / 60
    }

    private mutating func fill(_ now: Double) {
        defer { time = max(time, now) }
        guard let limit, now > time else { return }
        level = min(Self.burst(limit), level + (now - time) * flow(limit))
    }

    /// How many seconds until an amount may be taken; 0 for now.
    mutating func wait(for amount: Double, now: Double) -> Double {
        let blocked = max(0, blockedUntil - now)
        guard let limit else { return blocked }
        fill(now)
        // What never fits goes when as much as possible is saved up, and is paid back afterwards.
        let missing = min(amount, Self.burst(limit)) - level
        return missing > 1e-9 ? max(blocked, missing / flow(limit)) : blocked
    }

    /// Takes an amount, without asking whether it is there.
    mutating func take(_ amount: Double, now: Double) {
        fill(now)
        largest = max(largest, amount)
        if limit != nil { level -= amount }
    }

    /// Puts an estimate right: a positive difference comes back.
    mutating func correct(by difference: Double) {
        guard let limit else { return }
        level = min(Self.burst(limit), level + difference)
    }

    /// Learns what the endpoint says of itself.
    ///
    /// - Parameters:
    ///   - limit: The most per minute; nil when it does not say.
    ///   - remaining: What is left of it.
    ///   - reset: Seconds until all of it is back.
    ///   - now: The moment.
    mutating func learn(limit: Int?, remaining: Int?, reset: Double?, now: Double) {
        // A limit that is back only after many minutes is one per hour or day: it cannot be paced by the minute.
        if let limit, limit > 0, (reset ?? 0) <= 120 {
            fill(now)
            let isFirst = self.limit == nil
            learnt = limit
            if isFirst { level = Self.burst(limit) }
        }
        guard let remaining else { return }
        if self.limit != nil { level = min(level, Double(remaining)) }
        if remaining <= 0, let reset, reset > 0 { blockedUntil = max(blockedUntil, now + min(reset, 3600)) }
    }
}
