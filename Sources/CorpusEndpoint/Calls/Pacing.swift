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
    private var waitedForLoading = Duration.zero

    init(_ policy: RetryPolicy, maxAttempts: Int, request: ItemKey) {
        self.policy = policy
        self.maxAttempts = maxAttempts
        random = RandomStream(seed: 0, purpose: ["retry", request.description])
    }

    /// Books a failure.
    mutating func step(after failure: CallFailure) -> Step {
        guard case .again(let wish) = failure.kind else { return .giveUp }
        // To ask before the moment that the endpoint named would be rude, and to wait for it would hold up the run.
        if let wish, wish > policy.longestWish { return .giveUp }
        if failure.isLoading { return stepWhileLoading(wish) }
        failures += 1
        if failure.code == .badReply { unusable += 1 }
        guard failures < maxAttempts, unusable < policy.unusableReplies else { return .giveUp }
        let bound = min(policy.longest, policy.base * (1 << min(failures - 1, 20)))
        // Jitter comes on top of a wish: whoever was sent away together must not come back together.
        return .wait((wish ?? .zero) + bound * random.unit())
    }

    /// A server that reads its model is not failing: its attempts are not counted, only its time.
    private mutating func stepWhileLoading(_ wish: Duration?) -> Step {
        guard waitedForLoading < policy.loading else { return .giveUp }
        let wait = max(wish ?? .zero, .seconds(1) + .seconds(4) * random.unit())
        waitedForLoading += wait
        return .wait(wait)
    }
}
