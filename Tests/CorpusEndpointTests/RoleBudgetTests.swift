import CorpusKit
import Synchronization
import TestSupport
import Testing

@testable import CorpusEndpoint

/// What was told, in order.
private final class Notes: Sendable {
    private let lines = Mutex<[String]>([])

    var all: [String] { lines.withLock { $0 } }

    func add(_ line: String) { lines.withLock { $0.append(line) } }
}

/// Draws a random course of a budget and keeps accounts of its own beside it.
private struct Course {
    var random: RandomStream
    var book: BudgetBook
    let caps: Caps
    let perRole: [String: Caps]
    var flying: [(role: String, worstCase: Amounts)] = []
    var waiting: [UInt64: BudgetBook.Request] = [:]
    var spent: [String: Amounts] = [:]
    var granted = 0
    var refused = 0

    static let roles = ["teacher", "judge", "tester"]

    init(_ seed: Int) {
        var random = RandomStream(seed: seed, purpose: ["budget"])
        caps = Caps(nanoDollars: 2000 + random.below(8000), tokens: 500 + random.below(2000), calls: 60)
        perRole = [
            "judge": Caps(nanoDollars: 200 + random.below(2000)),
            "tester": Caps(tokens: 100 + random.below(400), calls: 1 + random.below(20)),
        ]
        book = BudgetBook(caps, perRole: perRole, spent: Amounts(), spentPerRole: [:])
        self.random = random
    }

    mutating func step() {
        switch random.below(6) {
        case 0, 1: ask()
        case 2 where random.below(3) == 0: askNow()
        case 3 where !flying.isEmpty: settle(flying.remove(at: random.below(flying.count)))
        case 4 where !waiting.isEmpty && random.below(4) == 0:
            let number = waiting.keys.sorted()[random.below(waiting.count)]
            if let gone = waiting.removeValue(forKey: number) {
                take(book.leave(number, role: gone.role, at: .zero) ?? [])
            }
        default: ask()
        }
    }

    mutating func askNow() {
        let role = Self.roles[random.below(Self.roles.count)]
        let worst = Amounts(nanoDollars: random.below(600), tokens: 1 + random.below(150), calls: 1)
        let request = BudgetBook.Request(number: book.draw(), role: role, worstCase: worst)
        if book.askNow(request, at: .zero).isGranted { flying.append((role, worst)) }
    }

    mutating func ask() {
        let role = Self.roles[random.below(Self.roles.count)]
        let worst = Amounts(nanoDollars: random.below(600), tokens: 1 + random.below(150), calls: 1)
        let request = BudgetBook.Request(number: book.draw(), role: role, worstCase: worst)
        waiting[request.number] = request
        take(book.ask(request, at: .zero))
    }

    mutating func settle(_ flight: (role: String, worstCase: Amounts)) {
        let used = Amounts(
            nanoDollars: random.below(flight.worstCase.nanoDollars + 1),
            tokens: random.below(flight.worstCase.tokens + 1),
            calls: random.below(2)
        )
        spent[flight.role] = (spent[flight.role] ?? Amounts()) + used
        take(book.settle(flight.worstCase, used: used, role: flight.role, at: .zero))
    }

    mutating func take(_ moves: [BudgetBook.Move]) {
        for move in moves {
            guard let request = waiting.removeValue(forKey: move.number) else {
                Issue.record("somebody moved who did not wait")
                continue
            }
            if case .granted = move.answer {
                flying.append((request.role, request.worstCase))
                granted += 1
            } else {
                refused += 1
            }
        }
    }

    func reserved(by role: String?) -> Amounts {
        flying.filter { role == nil || $0.role == role }.reduce(Amounts()) { $0 + $1.worstCase }
    }

    /// What must hold after every step.
    func check() {
        let total = spent.values.reduce(Amounts(), +)
        #expect(book.total.spent == total)
        #expect(book.total.reserved == reserved(by: nil))
        #expect(Self.keeps(caps, total + reserved(by: nil)))
        for role in Self.roles {
            let account = book.roles[role] ?? BudgetBook.Account()
            #expect(account.spent == spent[role] ?? Amounts())
            #expect(account.reserved == reserved(by: role))
            if let caps = perRole[role] { #expect(Self.keeps(caps, account.spent + account.reserved)) }
        }
        #expect(book.waiting == waiting.count)
        // Nobody waits for nothing: the first in line goes as soon as it fits.
        if let first = waiting.values.min(by: { $0.number < $1.number }) {
            let account = book.roles[first.role] ?? BudgetBook.Account()
            let fits =
                caps.refusal(
                    of: first.worstCase,
                    onTopOf: book.total.spent + book.total.reserved,
                    role: nil
                ) == nil
                && perRole[first.role]?.refusal(
                    of: first.worstCase,
                    onTopOf: account.spent + account.reserved,
                    role: nil
                ) == nil
            #expect(!fits)
            #expect(!flying.isEmpty, "somebody waits although nothing can come back")
        }
    }

    static func keeps(_ caps: Caps, _ taken: Amounts) -> Bool {
        taken.nanoDollars <= caps.nanoDollars ?? .max && taken.tokens <= caps.tokens ?? .max
            && taken.calls <= caps.calls ?? .max
    }
}

@Suite("Budgets of roles", .timeLimit(.minutes(5)))
struct RoleBudgetTests {
    private static func tokens(_ count: Int) -> Amounts { Amounts(tokens: count, calls: 1) }

    @Test(
        "Whatever is reserved, settled and given up in whatever order, no cap is exceeded",
        arguments: 0..<40
    )
    func anyCourse(seed: Int) {
        var course = Course(seed)
        for _ in 0..<400 {
            course.step()
            course.check()
        }
        while !course.flying.isEmpty {
            course.settle(course.flying.removeFirst())
            course.check()
        }
        #expect(course.waiting.isEmpty)
        #expect(course.granted > 0 && course.refused > 0)
    }

    @Test("A role whose cap is used up is refused at once and named, and others go on")
    func usedUp() async throws {
        let budget = Budget(
            Caps(nanoDollars: 20_000_000_000),
            perRole: ["judge": Caps(nanoDollars: 2_000_000_000)],
            spent: Amounts(nanoDollars: 1_999_000_000),
            spentPerRole: ["judge": Amounts(nanoDollars: 1_999_000_000)]
        )
        let wanted = Amounts(nanoDollars: 12_500_000, tokens: 1, calls: 1)
        let error = await #expect(throws: BudgetExhausted.self) {
            try await budget.reserve(wanted, for: "judge")
        }
        try await budget.reserve(wanted, for: "teacher")

        #expect(
            error?.description
                == "the budget of $2.00 for the model `judge` has $1.999 spent and the next call may cost $0.0125"
        )
    }

    @Test("A role's time runs while it has calls in flight, however many, and stops it alone")
    func time() async throws {
        let clock = InstantClock()
        let budget = Budget(Caps(tokens: 1000), perRole: ["judge": Caps(wall: .seconds(60))], clock: clock)
        let call = Self.tokens(1)
        func pass(_ seconds: Int) { clock.advance(by: .seconds(seconds)) }

        // Two calls at a time for 40 seconds, none for an hour, then one for 20.
        try await budget.reserve(call, for: "judge")
        pass(10)
        try await budget.reserve(call, for: "judge")
        pass(20)
        budget.settle(call, used: call, for: "judge")
        pass(10)
        budget.settle(call, used: call, for: "judge")
        pass(3600)
        try await budget.reserve(call, for: "judge")
        pass(19)
        try await budget.reserve(call, for: "judge")
        pass(1)
        let error = await #expect(throws: BudgetExhausted.self) {
            try await budget.reserve(call, for: "judge")
        }
        try await budget.reserve(call, for: "teacher")

        #expect(
            error?.description == "the budget of 1 min for the calls of the model `judge` is used up"
        )
    }

    @Test("Whoever waits when a role's time ends is told so by the next call of any role, and not forgotten")
    func timeOfWaiters() async throws {
        let clock = InstantClock()
        let budget = Budget(
            Caps(tokens: 1000),
            perRole: ["judge": Caps(tokens: 100, wall: .seconds(60))],
            clock: clock
        )
        try await budget.reserve(Self.tokens(80), for: "judge")
        let waiter = Task { try await budget.reserve(Self.tokens(80), for: "judge") }
        await until { budget.waiting == 1 }
        clock.advance(by: .seconds(61))
        #expect(budget.reserveNow(Self.tokens(1), for: "teacher"))

        await #expect(throws: BudgetExhausted.self) { try await waiter.value }
        #expect(budget.waiting == 0)
    }

    @Test("Who waits for a role's cap does not hold up other roles")
    func otherLines() async throws {
        let budget = Budget(Caps(tokens: 1000), perRole: ["judge": Caps(tokens: 100)])
        try await budget.reserve(Self.tokens(80), for: "judge")
        async let second: Void = budget.reserve(Self.tokens(80), for: "judge")
        await until { budget.waiting == 1 }
        try await budget.reserve(Self.tokens(800), for: "teacher")
        #expect(budget.waiting == 1)
        budget.settle(Self.tokens(80), used: Self.tokens(10), for: "judge")
        try await second

        #expect(budget.spent(by: "judge").tokens == 10)
        #expect(budget.reserved.tokens == 880)
    }

    @Test("Small calls never overtake a large one of their own role, nor one that waits for the run's cap")
    func noStarvation() {
        var book = BudgetBook(
            Caps(tokens: 200),
            perRole: ["judge": Caps(tokens: 100)],
            spent: Amounts(),
            spentPerRole: [:]
        )
        func ask(_ tokens: Int, _ role: String) -> [UInt64] {
            let number = book.draw()
            let request = BudgetBook.Request(number: number, role: role, worstCase: Amounts(tokens: tokens))
            return book.ask(request, at: .zero).filter { $0.answer == .granted }.map(\.number)
        }
        func giveBack(_ tokens: Int, _ role: String) -> [UInt64] {
            book.settle(Amounts(tokens: tokens), used: Amounts(), role: role, at: .zero).map(\.number)
        }
        #expect(ask(60, "judge") == [1])
        #expect(ask(90, "judge") == [])
        #expect(ask(10, "judge") == [], "it would fit, and waits behind the large one")
        #expect(ask(100, "teacher") == [4])
        #expect(ask(150, "teacher") == [], "this one waits for the run's cap")
        #expect(ask(1, "tester") == [], "and all that come after it wait behind it")
        #expect(giveBack(60, "judge") == [2, 3])
        #expect(giveBack(100, "teacher") == [])
        #expect(giveBack(90, "judge") == [5, 6])
    }

    @Test("A cap of which four fifths are spent is told of once, and at the beginning when it is so already")
    func warnings() async throws {
        let told = Notes()
        let budget = Budget(
            Caps(nanoDollars: 10_000_000_000, calls: 100),
            perRole: ["judge": Caps(tokens: 1000), "tester": Caps(nanoDollars: 0)],
            spent: Amounts(nanoDollars: 8_200_000_000, tokens: 700),
            spentPerRole: ["judge": Amounts(tokens: 700)],
            warn: { told.add($0.description) }
        )
        #expect(told.all == ["82 % of the budget is spent: $8.20 of $10.00"])
        for _ in 0..<5 {
            try await budget.reserve(Self.tokens(60), for: "judge")
            #expect(told.all.count <= 2, "what is reserved is not spent")
            budget.settle(Self.tokens(60), used: Self.tokens(50), for: "judge")
        }

        #expect(
            told.all == [
                "82 % of the budget is spent: $8.20 of $10.00",
                "80 % of the budget for the model `judge` is used: 800 of 1000 tokens",
            ]
        )
    }

    @Test("Nobody is warned of a cap that is used up: the refusal that follows says so")
    func noWarning() async throws {
        let told = Notes()
        let budget = Budget(
            Caps(tokens: 100, calls: 10),
            spent: Amounts(tokens: 20, calls: 10),
            warn: { told.add($0.description) }
        )
        #expect(told.all == [], "ten of ten calls are made from the beginning")
        let other = Budget(Caps(tokens: 100), warn: { told.add($0.description) })
        try await other.reserve(Self.tokens(60), for: "judge")
        async let late: Void = other.reserve(Self.tokens(60), for: "judge")
        await until { other.waiting == 1 }
        other.settle(Self.tokens(60), used: Self.tokens(90), for: "judge")
        do {
            try await late
            Issue.record("more was granted than there is")
        } catch { #expect(error is BudgetExhausted) }

        #expect(told.all == [], "90 % are used, and who waited is refused at the same moment")
        await #expect(throws: BudgetExhausted.self) { try await budget.reserve(Self.tokens(1), for: "judge") }
    }

    @Test("Who waits for a role's money keeps no place from other roles")
    func places() async throws {
        let gate = Latch()
        let server = try TestServer { request in
            request.text.contains("held") ? .chat("late", gate: gate) : .chat("hello")
        }
        defer { server.stop() }
        var setup = configuration(server.url, places: 2)
        setup.timeouts = EndpointTimeouts(connect: .seconds(600), total: .seconds(600), idle: .seconds(600))
        let budget = Budget(Caps(calls: 100), perRole: ["judge": Caps(calls: 1)])
        let client = try EndpointClient([setup], budget: budget)
        let ask: @Sendable (String, String) async throws -> String = { text, role in
            try await client.complete(request(text), for: role) { _ in }.reply.text
        }
        async let first = ask("held", "judge")
        await server.received(1)
        // The judge's only call is in flight: the next one waits for the truth about it.
        async let second = ask("another", "judge")
        await until { budget.waiting == 1 }
        for number in 1...5 { #expect(try await ask("teach \(number)", "teacher") == "hello") }
        gate.open()
        #expect(try await first == "late")
        do {
            _ = try await second
            Issue.record("the judge got more than its cap")
        } catch { #expect(error is BudgetExhausted) }
        #expect(budget.reserved == Amounts())
        #expect(server.requests.count == 6)
        await client.shutdown()
    }

    @Test("Five hundred calls at once of three roles stay within the run's cap and each role's")
    func atOnce() async throws {
        let server = try TestServer(
            answers: Answer.status(
                200,
                #"{"choices":[{"message":{"content":"ok"},"finish_reason":"stop"}],"usage":{"prompt_tokens":7,"completion_tokens":9}}"#
            )
        )
        defer { server.stop() }
        let caps = Caps(nanoDollars: 4_500_000, calls: 400)
        let perRole = ["judge": Caps(nanoDollars: 1_200_000), "tester": Caps(tokens: 2000, calls: 60)]
        let told = Gauge()
        let budget = Budget(caps, perRole: perRole, warn: { _ in told.add(1) })
        let configuration = EndpointConfiguration(
            name: "m",
            baseURL: server.url,
            apiModel: "m",
            concurrency: 64,
            price: TokenPrice(input: 1_000_000_000, output: 1_000_000_000)
        )
        let client = try EndpointClient([configuration], budget: budget)
        let booked = ["teacher": Gauge(), "judge": Gauge(), "tester": Gauge()]
        let refusals = Gauge()
        await withDiscardingTaskGroup { group in
            for number in 0..<500 {
                group.addTask {
                    let role = ["teacher", "judge", "tester"][number % 3]
                    let request = ModelRequest(
                        model: "m",
                        messages: [Message(.user, "question \(number)")],
                        sampling: Sampling(maxTokens: 40)
                    )
                    do {
                        let reply = try await client.complete(request, for: role) { _ in }
                        booked[role]?.add(reply.charge.cost ?? 0)
                    } catch is BudgetExhausted {
                        refusals.add(1)
                    } catch {
                        Issue.record(error)
                    }
                    #expect(budget.spent(by: "judge").nanoDollars <= 1_200_000)
                    #expect(budget.spent(by: "tester").calls <= 60)
                    #expect(budget.spent.nanoDollars + budget.reserved.nanoDollars <= 4_500_000)
                }
            }
        }
        await client.shutdown()

        let sums = booked.mapValues(\.value)
        #expect(sums["judge"] == budget.spent(by: "judge").nanoDollars)
        #expect(sums.values.reduce(0, +) == budget.spent.nanoDollars)
        #expect(budget.spent.calls == server.requests.count)
        #expect(budget.spent(by: "tester").calls <= 60 && budget.spent(by: "tester").tokens <= 2000)
        #expect(refusals.value == 500 - server.requests.count)
        #expect(refusals.value > 0 && sums.values.allSatisfy { $0 > 0 })
        let warnings =
            caps.warnings(at: budget.spent, role: nil)
            + perRole.flatMap { $1.warnings(at: budget.spent(by: $0), role: $0) }
        // Nobody is warned at the moment when somebody else is refused.
        #expect(told.value <= warnings.count && !warnings.isEmpty)
        #expect(budget.reserved == Amounts())
    }
}
