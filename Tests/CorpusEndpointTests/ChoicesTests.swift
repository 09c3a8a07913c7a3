import CorpusKit
import Synchronization
import TestSupport
import Testing

@testable import CorpusEndpoint

@Suite("Several replies to one request", .timeLimit(.minutes(5)))
struct ChoicesTests {
    /// A reply with so many choices, each longer than the one before; 30 tokens in, 100 out.
    private static func answer(_ count: Int) -> Answer {
        let choices = (0..<count).map { index in
            let text = String(repeating: "x", count: 1 + index)
            return #"{"message":{"content":"\#(text)"},"finish_reason":"stop"}"#
        }
        let usage = #"{"prompt_tokens":30,"completion_tokens":100,"total_tokens":130}"#
        return .status(200, #"{"choices":[\#(choices.joined(separator: ","))],"usage":\#(usage)}"#)
    }

    private static let price = TokenPrice(input: 1_000_000, output: 2_000_000)

    private func ask(
        _ server: TestServer,
        _ choices: Int,
        budget: Budget,
        told: @escaping @Sendable (String) -> Void = { _ in }
    )
        async throws -> EndpointReply
    {
        let client = try EndpointClient(
            [configuration(server.url, price: Self.price)],
            budget: budget,
            clock: InstantClock(),
            tell: told
        )
        var question = request(maxTokens: 100)
        question.choices = choices
        let reply = try await client.complete(question)
        await client.shutdown()
        return reply
    }

    @Test("One request brings them all, and what it took is shared out without a rest", arguments: [2, 3, 7])
    func all(count: Int) async throws {
        let server = try TestServer { _ in Self.answer(count) }
        let budget = Budget(Caps(nanoDollars: 1_000_000_000, tokens: 1_000_000, calls: count))
        let reply = try await ask(server, count, budget: budget)
        let replies = [reply.reply] + reply.others.map(\.reply)
        let charges = [reply.charge] + reply.others.map(\.charge)

        #expect(server.requests.count == 1)
        #expect(server.requests[0].text.contains("\"n\":\(count)"))
        #expect(replies.map(\.text.count) == Array(1...count))
        #expect(replies.map { $0.usage?.input } == [30] + Array(repeating: 0, count: count - 1))
        #expect(replies.reduce(0) { $0 + ($1.usage?.output ?? 0) } == 100)
        #expect(charges.map(\.tokens) == replies.map { $0.usage?.total })
        #expect(charges.reduce(0) { $0 + ($1.cost ?? 0) } == 30 * 1 + 100 * 2)
        // Longer replies have more of the tokens.
        let written = replies.dropFirst().compactMap { $0.usage?.output }
        #expect(written == written.sorted())
        #expect(budget.spent == Amounts(nanoDollars: 230, tokens: 130, calls: count))
        #expect(budget.reserved == Amounts())
    }

    @Test("The worst case of each of them is reserved")
    func reserved() async throws {
        let server = try TestServer { _ in Self.answer(4) }
        // Four replies of a hundred tokens, and not a token for the prompt.
        let budget = Budget(Caps(tokens: 400))
        await #expect(throws: BudgetExhausted.self) { try await ask(server, 4, budget: budget) }
        await #expect(throws: BudgetExhausted.self) {
            try await ask(server, 4, budget: Budget(Caps(calls: 3)))
        }
        #expect(server.requests.isEmpty)
    }

    @Test("What an endpoint gives more is nobody's; what it gives less is told once")
    func otherCounts() async throws {
        let server = try TestServer { request in Self.answer(request.index == 0 ? 5 : 1) }
        let told = Mutex<[String]>([])
        @Sendable func tell(_ line: String) { told.withLock { $0.append(line) } }

        #expect(try await ask(server, 3, budget: Budget(Caps()), told: tell).others.count == 2)
        #expect(told.withLock { $0 } == [])
        #expect(try await ask(server, 3, budget: Budget(Caps()), told: tell).others.isEmpty)
        #expect(told.withLock { $0 }.map { $0.contains("gave 1 of 3 replies") } == [true])
    }

    @Test("A usage that nobody told is shared out as it is booked")
    func unknownUsage() async throws {
        let server = try TestServer { _ in
            .status(200, #"{"choices":[{"message":{"content":"a"}},{"message":{"content":"b"}}]}"#)
        }
        let budget = Budget(Caps())
        let reply = try await ask(server, 2, budget: budget)
        let charges = [reply.charge] + reply.others.map(\.charge)

        #expect(reply.reply.usage == nil && reply.others.map(\.reply.usage) == [nil])
        #expect(charges.reduce(0) { $0 + $1.tokens } == budget.spent.tokens)
        #expect(charges.reduce(0) { $0 + ($1.cost ?? 0) } == budget.spent.nanoDollars)
        #expect(abs(charges[0].tokens - charges[1].tokens) <= 1)
    }

    @Test(
        "APIs ask for several in their own words, or say that they have none",
        arguments: [
            (EndpointAPI.openai, #""n":3"#), (.openaiCompletions, #""n":3"#),
            (.gemini, #""candidateCount":3"#),
            (.anthropic, nil), (.openaiResponses, nil), (.openaiEmbeddings, nil),
        ] as [(EndpointAPI, String?)]
    )
    func words(api: EndpointAPI, field: String?) throws {
        var own = configuration("https://models.example.org/v1")
        own.api = api
        let dialect = own.dialect(at: try EndpointAddress(own.baseURL, api: api))
        var question = request()
        if api == .openaiCompletions { (question.messages, question.prompt) = ([], "Once") }
        if api == .openaiEmbeddings { question = ModelRequest(model: "m", texts: ["one"]) }
        question.choices = 3

        #expect(api.givesChoices == (field != nil))
        guard let field else {
            let failure = #expect(throws: WorkFailure.self) { try dialect.body(for: question) }
            #expect(failure?.description.contains("gives one reply at a time") == true)
            return
        }
        #expect(String(decoding: try dialect.body(for: question), as: UTF8.self).contains(field))
        question.choices = 1
        #expect(!String(decoding: try dialect.body(for: question), as: UTF8.self).contains(field.prefix(5)))
    }

    @Test(
        "However a whole number is shared out, nothing is lost and nobody gets less than nothing",
        arguments: 0..<40
    )
    func shares(seed: Int) {
        var random = RandomStream(seed: seed, purpose: ["shares"])
        let weights = (0...random.below(8)).map { _ in random.below(3) == 0 ? 0 : random.below(1 << 40) }
        let whole = random.below(4) == 0 ? random.below(5) : Int.max - random.below(1000)
        let shares = Lane.shares(of: whole, by: weights)

        #expect(shares.count == weights.count)
        #expect(shares.reduce(0, +) == whole)
        #expect(shares.allSatisfy { $0 >= 0 })
    }
}
