import CorpusKit
import Synchronization
import TestSupport
import Testing

@testable import CorpusEndpoint

/// The APIs that have batches and take turns.
let batchAPIs = [EndpointAPI.openai, .anthropic]

/// How long the tests' channels wait for a further row; nothing else waits so long.
let quiet = Duration.seconds(1000)

/// A client that asks in batches; its waits take no time, but for the one for a further row.
func batchClient(
    _ server: BatchServer,
    _ api: EndpointAPI = .openai,
    rows: Int,
    store: any BatchStore = MemoryBatchStore(),
    budget: Budget = Budget(Caps()),
    clock: QuietClock = QuietClock(holding: quiet),
    now: Double = 1_700_000_000,
    attempts: Int = 6,
    bytes: Int = 100_000_000,
    tell: @escaping @Sendable (String) -> Void = { _ in }
) throws -> EndpointClient {
    var endpoint = configuration(
        server.url,
        price: TokenPrice(dollarsPerMillion: "2", output: "6"),
        attempts: attempts
    )
    endpoint.api = api
    let settings = BatchSettings(maxRows: rows, maxBytes: bytes, quiet: quiet)
    return try EndpointClient(
        routes: [ModelRoute("teacher", endpoints: [endpoint], batch: settings)],
        budget: budget,
        clock: clock,
        now: { now },
        tell: tell,
        batches: store
    )
}

/// Prompts that no other row has.
func prompts(_ count: Int) -> [String] { (0..<count).map { "prompt-\($0)" } }

/// What came of some requests that were asked at once, by prompt.
struct Answers: Sendable {
    var replies: [String: EndpointReply] = [:]
    var errors: [String: any Error] = [:]
    /// What was told of attempts without a reply.
    var charges: [String: [Charge]] = [:]

    /// The code of a prompt's failure; nil when it has another end.
    func code(_ prompt: String) -> String? { (errors[prompt] as? WorkFailure)?.code.description }

    /// How many ended with `CancellationError`.
    var cancelled: Int { errors.values.count { $0 is CancellationError } }
}

extension EndpointClient {
    /// Asks everything at once and waits for all ends.
    func answers(to prompts: [String], maxTokens: Int = 100) async -> Answers {
        await withTaskGroup(of: (String, Result<EndpointReply, any Error>, [Charge]).self) { group in
            for prompt in prompts {
                group.addTask {
                    let charges = Charges()
                    do {
                        let reply = try await self.complete(
                            request(prompt, maxTokens: maxTokens),
                            for: "teacher"
                        ) { charges.add($0) }
                        return (prompt, .success(reply), charges.all)
                    } catch {
                        return (prompt, .failure(error), charges.all)
                    }
                }
            }
            var answers = Answers()
            for await (prompt, result, charges) in group {
                switch result {
                case .success(let reply): answers.replies[prompt] = reply
                case .failure(let error): answers.errors[prompt] = error
                }
                answers.charges[prompt] = charges
            }
            return answers
        }
    }

    /// Asks everything at once and goes on.
    func asking(_ prompts: [String]) -> Task<Answers, Never> { Task { await answers(to: prompts) } }

    /// Waits until so many rows are in line for a batch, and until the clock holds what waits for a further one.
    func waits(for rows: Int, _ clock: QuietClock) async {
        await until { self.snapshot.total.waiting == rows && clock.held == 1 }
    }
}

private final class Charges: Sendable {
    private let charges = Mutex<[Charge]>([])
    var all: [Charge] { charges.withLock { $0 } }
    func add(_ charge: Charge) { charges.withLock { $0.append(charge) } }
}
