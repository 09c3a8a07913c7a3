import CorpusKit
import Synchronization

/// A host that never answers, says when it was asked, and gives up only when the task is cancelled.
final class StalledHost: PluginHost {
    private let asked: AsyncStream<Void>.Continuation
    private let count = Mutex(0)

    init(asked: AsyncStream<Void>.Continuation) { self.asked = asked }

    /// How often it was asked for a reply.
    var calls: Int { count.withLock { $0 } }

    func reply(to messages: [Message], role: String?, settings: CallSettings) async throws -> ModelReply {
        count.withLock { $0 += 1 }
        return try await stall()
    }

    func modelName(of role: String?) throws -> String { "stalled" }

    func require(_ kind: TestSuite.Kind, in language: String) async throws {}

    func continuation(of prompt: String, role: String?, settings: CallSettings) async throws -> ModelReply {
        try await reply(to: [], role: role, settings: settings)
    }

    func embeddings(of texts: [String], role: String?) async throws -> [[Float]] {
        count.withLock { $0 += 1 }
        return try await stall()
    }

    func run(_ job: ExecutionJob) async throws -> ExecutionResult { try await stall() }

    func drop(_ reason: ReasonCode, _ summary: String, text: String?) {}

    private func stall<Answer>() async throws -> Answer {
        asked.yield()
        let silence = AsyncStream<Answer> { _ in }
        for await answer in silence { return answer }
        throw CancellationError()
    }
}
