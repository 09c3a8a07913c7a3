import CorpusKit
import TestSupport
import Testing

@testable import CorpusEndpoint

@Suite("Money of batches", .timeLimit(.minutes(5)))
struct BatchBudgetTests {
    /// The most that one of the tests' rows may take.
    private func worstCase() throws -> Amounts {
        var endpoint = configuration(
            "http://127.0.0.1:1",
            price: TokenPrice(dollarsPerMillion: "1", output: "3")
        )
        endpoint.api = .openai
        let budget = Budget(Caps())
        let client = try EndpointClient([endpoint], budget: budget)
        withExtendedLifetime(client) {}
        let dialect = endpoint.dialect(at: try EndpointAddress(endpoint.baseURL))
        let body = try dialect.body(for: request("prompt-0"))
        let input = dialect.worstInputTokens(of: body, for: request("prompt-0"))
        let cost = endpoint.price?.worstCost(input: input, output: 100) ?? 0
        return Amounts(nanoDollars: cost, tokens: input + 100, calls: 1)
    }

    @Test("A batch that does not fit the budget is cut down to what fits, and the rest follows")
    func cut() async throws {
        let server = try BatchServer()
        let worst = try worstCase()
        // Room for two worst cases and for what four rows really take.
        let budget = Budget(Caps(nanoDollars: worst.nanoDollars * 2 + worst.nanoDollars / 2))
        let client = try batchClient(server, rows: 4, budget: budget)

        let answers = await client.answers(to: prompts(4))

        #expect(answers.replies.count == 4)
        #expect(server.batches.map(\.rows.count) == [2, 2])
        #expect(budget.spent.nanoDollars == 4 * 25_000)
        #expect(budget.reserved == Amounts())
        await client.shutdown()
    }

    @Test("A row that cannot fit any more ends with the budget, and its batch goes without it")
    func exhausted() async throws {
        let server = try BatchServer()
        let budget = Budget(Caps(calls: 3))
        let client = try batchClient(server, rows: 4, budget: budget)

        let answers = await client.answers(to: prompts(4))

        #expect(answers.replies.count == 3)
        #expect(answers.errors.values.count { $0 is BudgetExhausted } == 1)
        #expect(server.paid.count == 3)
        #expect(budget.spent.calls == 3)
        await client.shutdown()
    }

    @Test(
        "Batches that are taken up are reserved before anything else, and booked even where they do not fit"
    )
    func takenUp() async throws {
        let gate = Latch()
        let server = try BatchServer {
            $0.spoil = { asked, count, answer in if asked == .look, count < 2 { answer.gate = gate } }
        }
        let store = MemoryBatchStore()
        let first = try batchClient(server, rows: 2, store: store)
        let asked = first.asking(prompts(2))
        await server.reached(.look)
        await first.shutdown()
        _ = await asked.value

        let worst = try worstCase()
        let roomy = Budget(Caps(nanoDollars: worst.nanoDollars * 2))
        let second = try batchClient(server, rows: 2, store: store, budget: roomy)
        try await second.takeUpBatches()
        #expect(roomy.reserved.nanoDollars == worst.nanoDollars * 2)
        await second.shutdown()
        gate.open()

        let tight = Budget(Caps(nanoDollars: 1))
        let third = try batchClient(server, rows: 2, store: store, budget: tight)
        let answers = await third.answers(to: prompts(2))

        #expect(answers.replies.count == 2)
        #expect(tight.spent.nanoDollars == 50_000)
        await third.shutdown()
    }

    @Test("Rows without a reply take nothing")
    func free() async throws {
        let server = try BatchServer { $0.fate = { _, _ in .expired } }
        let budget = Budget(Caps())
        let client = try batchClient(server, rows: 2, budget: budget, attempts: 1)

        let answers = await client.answers(to: prompts(2))

        #expect(answers.errors.count == 2)
        #expect(budget.spent == Amounts())
        #expect(budget.reserved == Amounts())
        await client.shutdown()
    }

    @Test("The price of batches is a part of the price, rounded up")
    func price() throws {
        let price = TokenPrice(input: 3, cachedInput: 1, output: 8)

        #expect(price.scaled(by: 0.5) == TokenPrice(input: 2, cachedInput: 1, output: 4))
        #expect(price.scaled(by: 0) == TokenPrice(input: 0, output: 0))
        #expect(price.scaled(by: 1) == price)
    }
}
