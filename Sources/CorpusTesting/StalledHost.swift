import CorpusKit

/// A host that never answers, says when it was asked, and gives up only when the task is cancelled.
struct StalledHost: PluginHost {
    let asked: AsyncStream<Void>.Continuation

    func reply(to messages: [Message], role: String?, settings: CallSettings) async throws -> ModelReply {
        try await stall()
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
