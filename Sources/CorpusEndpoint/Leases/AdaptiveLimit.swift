/// How many calls one model may have in flight at one endpoint, found from how the calls end.
///
/// A plain state machine without clock or network. It looks at the calls in *spans*: some dozens of ends in a row,
/// after the calls that began under another limit have ended. A span tells throughput and latency, and three things
/// change the limit:
///
/// - *Refusals* (429, 503, 529), and calls that were given up because nothing came in time: the limit goes to what was served at the same time, by Little's law. When that makes
///   refusals no rarer they are weather, not ours, and the limit goes back.
/// - *Latency*: a server that queues in silence serves no faster with more calls, they only take longer. Throughput
///   times the latency without a queue is what it can work on; a third more than that keeps it busy.
/// - *The server's own count* of waiting requests, where it publishes one, beats guessing from latency.
///
/// The latency without a queue is not known, only its least value of late. So it is measured anew now and then with
/// fewer calls in flight, and also when a cut made calls no faster: they may have become longer.
struct AdaptiveLimit: Sendable, Hashable {
    /// How the limit may move.
    enum Mode: Sendable, Hashable {
        /// At most so many, which somebody who knows the server has chosen: only refusals lower the limit.
        case given(Int)
        /// Found by the product, up to a ceiling.
        case auto(ceiling: Int)
    }

    /// How a call ended.
    enum End: Sendable, Hashable {
        /// With a reply.
        case served
        /// Turned away because there is too much to do.
        case refused
        /// Without a reply after as long as one may take.
        case late
        /// In a way that says nothing about the load.
        case other
    }

    /// What a server says about its own queue.
    struct Queue: Sendable, Hashable {
        var running: Int
        var waiting: Int
    }

    private struct Span: Sendable, Hashable {
        /// How many calls must end first: those that began under another limit.
        var settling: Int
        /// When the last of those ended.
        var opening: Double
        var served = 0
        var refused = 0
        /// Those of the refused that took their time: few of them say as much as few replies do.
        var late = 0
        var latency = 0.0
        var inFlight = 0.0

        var calls: Int { served + refused }
    }

    private struct Cut: Sendable, Hashable {
        /// The limit before.
        var from: Int
        var cause: Cause

        enum Cause: Sendable, Hashable {
            case refusals(Double)
            case latency(Double)
        }
    }

    private enum Phase: Sendable, Hashable {
        /// No limit of the server's has shown yet: every span may double the limit.
        case starting
        case steady
        /// Fewer calls than usual, to see the latency without a queue.
        case measuring(from: Int, latency: Double)
    }

    let mode: Mode
    /// How many calls may be in flight now, at least 1.
    private(set) var limit: Int
    private var phase = Phase.starting
    private var span: Span
    /// Seconds that a call takes when nothing queues, as far as known.
    private var base: Double?
    private var baseTime = 0.0
    private var cut: Cut?
    /// The share of refusals that comes whatever the limit is.
    private var weather = 0.0
    private var queue: Queue?

    private static let headroom = 1.3
    private static let secondsBetweenMeasurements = 30.0

    init(_ mode: Mode, now: Double) {
        self.mode = mode
        switch mode {
        case .given(let places): limit = max(1, places)
        case .auto(let ceiling): limit = max(1, min(8, ceiling))
        }
        span = Span(settling: limit, opening: now)
    }

    /// The most that the limit can ever be.
    var ceiling: Int {
        switch mode {
        case .given(let places): max(1, places)
        case .auto(let ceiling): max(1, ceiling)
        }
    }

    /// Takes note of what a server says about itself.
    mutating func observe(_ queue: Queue?) { self.queue = queue }

    /// Begins to look anew after a time in which calls were held back: it says nothing about the server.
    mutating func restart(now: Double) { span = Span(settling: 0, opening: now) }

    /// Books the end of a call.
    ///
    /// - Parameters:
    ///   - end: How it ended.
    ///   - start: When it was sent, in seconds of the caller's clock.
    ///   - now: When it ended.
    ///   - inFlight: How many calls were in flight just before, this one included.
    mutating func ended(_ end: End, start: Double, now: Double, inFlight: Int) {
        guard end != .other else { return }
        guard span.settling == 0 else {
            span.settling -= 1
            span.opening = now
            return
        }
        span.inFlight += Double(inFlight)
        if end == .served {
            span.served += 1
            span.latency += now - start
        } else {
            span.refused += 1
            if end == .late { span.late += 1 }
        }
        guard isComplete(span), now > span.opening else { return }
        let former = limit
        close(span, seconds: now - span.opening, now: now)
        limit = min(max(1, limit), ceiling)
        span = Span(settling: limit == former ? 0 : former, opening: now)
    }

    /// Whether a span says enough; refusals come quickly, so that a few of them say little about the load.
    private func isComplete(_ span: Span) -> Bool {
        let least = phase == .starting ? 24 : 48
        return span.calls >= max(least, min(limit, 512))
            && (span.served + span.late >= min(48, limit) || span.refused >= 512)
    }

    private mutating func close(_ span: Span, seconds: Double, now: Double) {
        let refusals = Double(span.refused) / Double(span.calls)
        guard span.served > 0 else { return lower(to: limit / 2, for: .refusals(1)) }
        let latency = span.latency / Double(span.served)
        if judgeCut(latency: latency, refusals: refusals) { return }
        if refusals > 2 * weather + 0.02 {
            phase = .steady
            let together = Int((span.latency / seconds).rounded(.up))
            return lower(to: max(limit * 2 / 3, min(together, limit * 9 / 10)), for: .refusals(refusals))
        }
        weather = min(weather, refusals + 0.01)
        if case .measuring(let former, let before) = phase {
            return measured(latency, from: former, before: before, now: now)
        }
        if base.map({ latency < $0 }) ?? true { (base, baseTime) = (latency, now) }
        guard span.inFlight / Double(span.calls) >= 0.85 * Double(limit) else { return }
        if case .given = mode {
            limit += max(1, limit / 8)
        } else {
            follow(latency: latency, now: now)
        }
    }

    /// Whether the last cut is taken back: it made nothing better.
    private mutating func judgeCut(latency: Double, refusals: Double) -> Bool {
        guard let last = cut else { return false }
        cut = nil
        switch last.cause {
        case .refusals(let before):
            guard refusals >= 0.6 * before else { return false }
            weather = max(weather, refusals)
        case .latency(let before):
            // A queue would have shortened the wait as much as the limit.
            let share = Double(limit) / Double(last.from)
            guard latency > before * (1 + share) / 2 else { return false }
            // Either calls take longer now, or the queue was still growing when the cut was made: fewer calls tell.
            phase = .measuring(from: last.from, latency: latency)
            limit = max(1, limit / 2)
            return true
        }
        limit = last.from
        return true
    }

    private mutating func lower(to new: Int, for cause: Cut.Cause) {
        guard new < limit else { return }
        cut = Cut(from: limit, cause: cause)
        limit = max(1, new)
    }

    /// Ends a measurement, or goes on with fewer calls still when there was a queue all the same.
    private mutating func measured(_ latency: Double, from former: Int, before: Double, now: Double) {
        if limit > 1, latency < 0.62 * before {
            phase = .measuring(from: former, latency: latency)
            limit /= 2
            return
        }
        phase = .steady
        (base, baseTime) = (latency, now)
        limit = former
    }

    /// Moves towards what the server can work on.
    private mutating func follow(latency: Double, now: Double) {
        if let queue {
            // Somebody else's requests may wait there too; ours are no more than the limit.
            let waiting = min(queue.waiting, limit)
            if waiting > max(1, queue.running / 10) {
                phase = .steady
                limit = max(limit / 2, limit - waiting)
            } else if waiting == 0 {
                limit = phase == .starting ? limit * 2 : limit + max(1, limit / 4)
            }
            return
        }
        guard let base else { return }
        // By Little's law, the limit is throughput times latency; without a queue the latency would be the base.
        let target = Int((Double(limit) * base / latency * Self.headroom).rounded(.up))
        if target > limit {
            limit = phase == .starting ? limit * 2 : min(target, limit + max(1, limit / 4))
        } else if target * 23 < limit * 20 {
            phase = .steady
            // Only a deep cut can tell whether there was a queue.
            if target * 4 < limit * 3 {
                lower(to: max(target, limit / 2), for: .latency(latency))
            } else {
                limit = target
            }
        } else {
            phase = .steady
            guard now - baseTime > Self.secondsBetweenMeasurements else { return }
            phase = .measuring(from: limit, latency: latency)
            limit = max(1, limit / 2)
        }
    }
}
