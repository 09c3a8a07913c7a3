import CorpusKit
import Testing

@testable import CorpusEndpoint

/// A key that must never be seen; the tests look for it, and for parts of it, in every text.
let testKey = "sk-test-0123456789abcdefghij"

/// A request with a prompt of its own.
func request(_ prompt: String = "Say hello", model: String = "teacher", maxTokens: Int = 100) -> ModelRequest
{
    ModelRequest(
        model: model,
        messages: [Message(.user, prompt)],
        sampling: Sampling(temperature: 0, maxTokens: maxTokens)
    )
}

/// A configuration for a test server.
func configuration(
    _ url: String,
    name: String = "teacher",
    places: Int? = nil,
    price: TokenPrice? = nil,
    attempts: Int = 6
) -> EndpointConfiguration {
    EndpointConfiguration(
        name: name,
        baseURL: url,
        key: Secret(testKey),
        keyVariable: "TEACHER_KEY",
        concurrency: places,
        timeouts: EndpointTimeouts(connect: .seconds(5), total: .seconds(120), idle: .seconds(60)),
        price: price,
        maxAttempts: attempts
    )
}

/// A client whose waits take no time.
func client(
    _ configurations: EndpointConfiguration...,
    budget: Budget = Budget(Caps()),
    clock: InstantClock = InstantClock(),
    now: Double = 0,
    policy: RetryPolicy = RetryPolicy()
) throws -> EndpointClient {
    try EndpointClient(configurations, budget: budget, policy: policy, clock: clock, now: { now })
}

/// What a call threw, once it is clear that it was a `WorkFailure` without a secret in it.
func failure(
    _ call: () async throws -> some Sendable,
    sourceLocation: SourceLocation = #_sourceLocation
) async throws -> WorkFailure {
    let failure = await #expect(throws: WorkFailure.self, sourceLocation: sourceLocation) {
        _ = try await call()
    }
    let found = try #require(failure, sourceLocation: sourceLocation)
    let text = "\(found.description) \(found.hint ?? "") \(found)"
    for window in stride(from: 0, through: testKey.count - 8, by: 4) {
        let part = testKey.dropFirst(window).prefix(8)
        #expect(!text.contains(part), "a part of the key is shown", sourceLocation: sourceLocation)
    }
    #expect(!found.description.hasSuffix("."), sourceLocation: sourceLocation)
    return found
}
