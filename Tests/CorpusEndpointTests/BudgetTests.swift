import CorpusKit
import Synchronization
import TestSupport
import Testing

@testable import CorpusEndpoint

@Suite("Budget", .timeLimit(.minutes(5)))
struct BudgetTests {
    private static func tokens(_ count: Int) -> Amounts { Amounts(tokens: count, calls: 1) }

    @Test(
        "What was settled and reserved never exceeds the cap, however many ask at once",
        arguments: [1, 8, 300]
    )
    func concurrent(callers: Int) async throws {
        let budget = Budget(Caps(tokens: 1000))
        let taken = Gauge()
        let granted = Gauge()
        await withDiscardingTaskGroup { group in
            for caller in 0..<callers {
                group.addTask {
                    let worst = Self.tokens(10 + caller % 90)
                    guard (try? await budget.reserve(worst, for: "m")) != nil else { return }
                    granted.add(1)
                    taken.read(budget.spent.tokens + budget.reserved.tokens)
                    await Task.yield()
                    budget.settle(worst, used: Self.tokens(worst.tokens / 3), for: "m")
                }
            }
        }

        #expect(taken.peak <= 1000)
        #expect(budget.spent.tokens <= 1000)
        #expect(budget.spent.calls == granted.value)
        #expect(budget.reserved == Amounts())
    }

    @Test("A call that fits once others return their reservations waits for them")
    func waits() async throws {
        let budget = Budget(Caps(tokens: 100))
        try await budget.reserve(Self.tokens(80), for: "m")
        async let second: Void = budget.reserve(Self.tokens(60), for: "m")
        await until { budget.waiting > 0 }
        #expect(budget.reserved.tokens == 80)
        budget.settle(Self.tokens(80), used: Self.tokens(40), for: "m")
        try await second

        #expect(budget.spent.tokens == 40)
        #expect(budget.reserved.tokens == 60)
    }

    @Test("A call that cannot fit any more is refused while others are in flight")
    func refusedAtOnce() async throws {
        let budget = Budget(Caps(tokens: 100), spent: Self.tokens(50))
        try await budget.reserve(Self.tokens(30), for: "m")

        let error = await #expect(throws: BudgetExhausted.self) {
            try await budget.reserve(Self.tokens(51), for: "m")
        }

        #expect(error?.description == "the budget of 100 tokens has 50 used and the next call may use 51")
    }

    @Test("Those who wait in vain are told when the truth is known")
    func refusedLater() async throws {
        let budget = Budget(Caps(calls: 1))
        try await budget.reserve(Amounts(calls: 1), for: "m")
        let outcome = await withTaskGroup(of: Bool.self) { group in
            group.addTask { (try? await budget.reserve(Amounts(calls: 1), for: "m")) != nil }
            await until { budget.waiting > 0 }
            budget.settle(Amounts(calls: 1), used: Amounts(calls: 1), for: "m")
            return await group.next()
        }

        #expect(outcome == false)
        #expect(budget.reserved == Amounts())
    }

    @Test(
        "A higher cap lets those go who waited, a lower one refuses them, and reservations stay as they are"
    )
    func otherCaps() async throws {
        let budget = Budget(Caps(tokens: 100), spent: Amounts(tokens: 10, calls: 1))
        try await budget.reserve(Self.tokens(80), for: "m")
        let waiting = Task { try await budget.reserve(Self.tokens(60), for: "m") }
        await until { budget.waiting == 1 }
        let more = budget.change { $0.tokens = 150 }
        try await waiting.value
        #expect(more.caps == Caps(tokens: 150) && more.spent.tokens == 10 && more.reserved.tokens == 140)

        let behind = Task { try await budget.reserve(Self.tokens(50), for: "m") }
        await until { budget.waiting == 1 }
        let less = budget.change { $0.tokens = 40 }
        let refusal = await #expect(throws: BudgetExhausted.self) { try await behind.value }
        #expect(
            refusal?.description == "the budget of 40 tokens has 10 used and the next call may use 50"
        )
        #expect(less.reserved.tokens == 140 && budget.caps == Caps(tokens: 40))
        // What is in flight comes to an end, and nothing more begins.
        budget.settle(Self.tokens(80), used: Self.tokens(30), for: "m")
        budget.settle(Self.tokens(60), used: Self.tokens(5), for: "m")
        #expect(budget.reserveNow(Self.tokens(1), for: "m") == false)
        #expect(budget.spent.tokens == 45 && budget.reserved == Amounts())
        _ = budget.change { $0.tokens = nil }
        #expect(budget.reserveNow(Self.tokens(1_000_000), for: "m"))
    }

    @Test("A cap that is changed while many ask is never exceeded by those who ask afterwards")
    func capsUnderLoad() async throws {
        let budget = Budget(Caps(calls: 10_000))
        let over = Gauge()
        await withDiscardingTaskGroup { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<200 {
                        guard (try? await budget.reserve(Amounts(calls: 1), for: "m")) != nil else { return }
                        await Task.yield()
                        budget.settle(Amounts(calls: 1), used: Amounts(calls: 1), for: "m")
                    }
                }
            }
            group.addTask {
                await until { budget.spent.calls > 100 }
                let standing = budget.change { $0.calls = 200 }
                over.read(max(0, standing.spent.calls + standing.reserved.calls - 200))
            }
        }

        #expect(budget.spent.calls <= 200 + over.peak)
        #expect(budget.reserved == Amounts())
    }

    @Test("A cap that was changed is warned of once more, at once where four fifths are spent")
    func otherWarnings() async throws {
        let told = Mutex<[String]>([])
        let budget = Budget(
            Caps(calls: 10),
            spent: Amounts(calls: 8),
            warn: { warning in told.withLock { $0.append(warning.description) } }
        )
        _ = budget.change { $0.calls = 100 }
        _ = budget.change { $0.calls = 9 }
        _ = budget.change { $0.tokens = 1000 }
        _ = budget.change { $0.calls = 8 }

        #expect(
            told.withLock { $0 } == [
                "80 % of the budget is used: 8 of 10 calls", "88 % of the budget is used: 8 of 9 calls",
            ]
        )
    }

    @Test("A cancelled waiter leaves the line and those behind it move up")
    func cancelledWaiter() async throws {
        let budget = Budget(Caps(tokens: 100))
        try await budget.reserve(Self.tokens(50), for: "m")
        try await withThrowingTaskGroup(of: Void.self) { behind in
            await withTaskGroup(of: Void.self) { first in
                first.addTask {
                    await #expect(throws: CancellationError.self) {
                        try await budget.reserve(Self.tokens(100), for: "m")
                    }
                }
                await until { budget.waiting >= 1 }
                behind.addTask { try await budget.reserve(Self.tokens(50), for: "m") }
                await until { budget.waiting >= 2 }
                first.cancelAll()
            }
            try await behind.waitForAll()
        }

        #expect(budget.reserved.tokens == 100)
        #expect(budget.waiting == 0)
    }

    @Test(
        "Each cap names itself, what is spent and what the call may need",
        arguments: [
            (
                Caps(nanoDollars: 20_000_000_000),
                "the budget of $20.00 has $19.99 spent and the next call may cost $0.0125"
            ),
            (Caps(calls: 7), "the budget of 7 calls has 7 made and the next one does not fit"),
            (Caps(wall: .seconds(5400)), "the budget of 1 h 30 min for the run's time is used up"),
        ]
    )
    func wording(caps: Caps, text: String) async throws {
        let clock = InstantClock()
        let spent = Amounts(nanoDollars: 19_990_000_000, tokens: 5, calls: 7)
        let budget = Budget(caps, spent: spent, clock: clock)
        clock.advance(by: .seconds(5400))

        let error = await #expect(throws: BudgetExhausted.self) {
            try await budget.reserve(Amounts(nanoDollars: 12_500_000, tokens: 1, calls: 1), for: "m")
        }

        #expect(error?.description == text)
    }

    @Test("An endpoint that takes more than was reserved is booked in full, and nothing starts then")
    func overdraft() async throws {
        let budget = Budget(Caps(tokens: 100))
        try await budget.reserve(Self.tokens(10), for: "m")
        budget.settle(Self.tokens(10), used: Self.tokens(1000), for: "m")

        #expect(budget.spent.tokens == 1000)
        await #expect(throws: BudgetExhausted.self) { try await budget.reserve(Amounts(), for: "m") }
    }

    @Test("Absurd amounts neither overflow nor slip through")
    func absurd() async throws {
        let budget = Budget(Caps(nanoDollars: .max, tokens: .max))
        try await budget.reserve(Amounts(tokens: 1), for: "m")
        budget.settle(Amounts(tokens: 1), used: Amounts(nanoDollars: .max, tokens: .max), for: "m")
        budget.settle(Amounts(), used: Amounts(nanoDollars: .max, tokens: .max), for: "m")

        #expect(budget.spent.tokens == .max)
    }
}

@Suite("Money and prices")
struct MoneyTests {
    @Test(
        "Amounts are read exactly",
        arguments: [
            ("20", 20_000_000_000), ("0.15", 150_000_000), ("2.5e-07", 250), ("1E3", 1_000_000_000_000),
            ("0", 0),
            ("0.000000001", 1), ("1.5000000000000", 1_500_000_000), (".5", 500_000_000),
            ("5.", 5_000_000_000),
            ("0e-30", 0),
        ] as [(String, Int)]
    )
    func reads(text: String, amount: Int) { #expect(NanoDollars.read(text) == amount) }

    @Test(
        "What is no amount is refused",
        arguments: [
            "", ".", "-1", "+1", "1,5", "1e", "e5", "1e99", "0.0000000001", "nan", "10000000000", "1.2.3",
            " 1",
        ]
    )
    func refuses(text: String) { #expect(NanoDollars.read(text) == nil) }

    @Test(
        "Amounts are written as people write them",
        arguments: [
            (20_000_000_000, "$20.00"), (1, "$0.000000001"), (12_500_000, "$0.0125"),
            (-1_500_000_000, "-$1.50"),
        ]
    )
    func writes(amount: Int, text: String) { #expect(NanoDollars.text(amount) == text) }

    @Test("A cost is exact, and a fraction of a nano-dollar counts as one")
    func cost() throws {
        let price = try #require(TokenPrice(dollarsPerMillion: "0.15", cachedInput: "0.075", output: "0.6"))

        #expect(price.cost(of: TokenUsage(input: 1_000_000)) == 150_000_000)
        #expect(
            price.cost(of: TokenUsage(input: 1000, cachedInput: 400, output: 10)) == 90_000 + 30_000 + 6000
        )
        let writing = TokenPrice(input: 4_000_000, cachedInput: 1_000_000, cacheWrite: 5_000_000, output: 0)
        #expect(writing.cost(of: TokenUsage(input: 100, cachedInput: 20, writtenInput: 30)) == 200 + 20 + 150)
        #expect(writing.worstCost(input: 100, output: 0) == 500)
        #expect(writing.scaled(by: 0.5).cacheWrite == 2_500_000)
        #expect(TokenPrice(input: 1, output: 0).cost(of: TokenUsage(input: 1)) == 1)
        #expect(TokenPrice(input: .max, output: .max).cost(of: TokenUsage(input: .max, output: .max)) == .max)
    }

    @Test("A wrong price is refused", arguments: ["free", "-1"])
    func wrongPrice(text: String) {
        #expect(TokenPrice(dollarsPerMillion: text, output: "1") == nil)
        #expect(TokenPrice(dollarsPerMillion: "1", cachedInput: text, output: "1") == nil)
        #expect(TokenPrice(dollarsPerMillion: "1", output: text) == nil)
    }

    @Test("The worst case is never below the truth, whatever the cache does")
    func worstCase() {
        var random = RandomStream(seed: 1, purpose: ["prices"])
        for _ in 0..<500 {
            let price = TokenPrice(
                input: random.below(1000),
                cachedInput: random.below(1000),
                cacheWrite: random.below(1000),
                output: random.below(1000)
            )
            let (input, output) = (random.below(100_000), random.below(100_000))
            let usage = TokenUsage(
                input: input,
                cachedInput: random.below(input + 1),
                writtenInput: random.below(input + 1),
                output: output
            )
            #expect(price.worstCost(input: input, output: output) >= price.cost(of: usage))
        }
    }

    @Test("What is in flight is durable before it is sent, and written seldom")
    func marks() async throws {
        let kept = Mutex<[Amounts]>([])
        let budget = Budget(Caps(), keep: { _, most in kept.withLock { $0.append(most) } })
        let call = Amounts(nanoDollars: 10, tokens: 100, calls: 1)
        for number in 1...1000 {
            try await budget.reserve(call, for: "m")
            try await budget.remember(call, for: "m")
            let known = kept.withLock { $0.last } ?? Amounts()
            #expect(known.calls >= number && known.tokens >= 100 * number)
        }
        #expect(kept.withLock { $0.count } < 20)
        for _ in 1...1000 { budget.settle(call, used: call, for: "m", isRemembered: true) }
        try await budget.reserve(call, for: "m")
        try await budget.remember(call, for: "m")
        #expect(kept.withLock { $0.count } < 20)
    }
}
