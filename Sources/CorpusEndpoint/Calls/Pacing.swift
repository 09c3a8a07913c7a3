import CorpusKit

/// Decides after each failed attempt of one request whether and when the next one starts.
///
/// A plain state machine without clock or network. Waits are drawn from a stream that belongs to the request,
/// so they are the same on every machine: full jitter between zero and a bound that doubles.
struct Pacing: Sendable {
    /// What to do next.
    enum Step: Sendable, Hashable {
        case wait(Duration)
        case giveUp
    }

    private let policy: RetryPolicy
    private let maxAttempts: Int
    private var random: RandomStream
    private var failures = 0
    private var unusable = 0
    private var refusals = 0
    private var waited = Duration.zero
    /// What of it the last step has added.
    private var booked = Duration.zero

    init(_ policy: RetryPolicy, maxAttempts: Int, request: ItemKey) {
        self.policy = policy
        self.maxAttempts = maxAttempts
        random = RandomStream(seed: 0, purpose: ["retry", request.description])
    }

    /// Books a failure.
    mutating func step(after failure: CallFailure) -> Step {
        booked = .zero
        guard case .again(let wish) = failure.kind else { return .giveUp }
        // To ask before the moment that the endpoint named would be rude, and to wait for it would hold up the run.
        if let wish, wish > policy.longestWish { return .giveUp }
        if failure.isLoading { return stepWhileLoading(wish) }
        if failure.isRefusal { return stepAfterRefusal(wish) }
        failures += 1
        if failure.code == .badReply { unusable += 1 }
        guard failures < maxAttempts, unusable < policy.unusableReplies else { return .giveUp }
        let bound = min(policy.longest, policy.base * (1 << min(failures - 1, 20)))
        // Jitter comes on top of a wish: whoever was sent away together must not come back together.
        return .wait((wish ?? .zero) + bound * random.unit())
    }

    /// Takes the last wait back: the call went elsewhere instead.
    mutating func skip() { (waited, booked) = (waited - booked, .zero) }

    private mutating func book(_ wait: Duration) { (waited, booked) = (waited + wait, wait) }

    /// A server that has too much to do is not failing, and whoever it turns away has lost nothing but time: attempts
    /// are not counted, only the time that is waited.
    private mutating func stepAfterRefusal(_ wish: Duration?) -> Step {
        refusals += 1
        guard waited < policy.patience else { return .giveUp }
        // Whoever was sent away together must not come back together.
        let spread: Duration
        if let wish, refusals <= 4 {
            spread = min(policy.base * 4, max(policy.base, wish / 2))
        } else {
            // An endpoint that refuses one call again and again and always names no wait at all would be hammered.
            let doublings = wish == nil ? refusals - 1 : refusals - 4
            spread = min(policy.longest, policy.base * (1 << min(doublings, 20)))
        }
        let wait = (wish ?? .zero) + spread * random.unit()
        book(wait)
        return .wait(wait)
    }

    /// A server that reads its model is not failing: its attempts are not counted, only its time.
    private mutating func stepWhileLoading(_ wish: Duration?) -> Step {
        guard waited < policy.patience else { return .giveUp }
        let wait = max(wish ?? .zero, .seconds(1) + .seconds(4) * random.unit())
        book(wait)
        return .wait(wait)
    }
}
