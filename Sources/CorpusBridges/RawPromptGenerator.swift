import CorpusKit

/// A generator made of one raw prompt, for models that continue text.
///
/// With `user.jinja` beside `prompt.jinja`, that is the user turn of the draft and the continuation its assistant turn.
/// Without, the continuation is a task: a prompt that ends where a chat template lets the user speak makes an aligned
/// model write what users ask, as Magpie does.
struct RawPromptGenerator: Generator {
    let prompt: PromptTemplate
    let user: PromptTemplate?
    let attempts: Int

    var worstCaseCalls: [String: Int] { ["model": 1] }
    var givesAnswers: Bool { user != nil }

    /// Fields that speak of the seed's own task, and would be wrong beside another one.
    private static let fieldsOfTheOldTask: [String: JSONValue] = [
        "signature": .null, "example": .null, "entry_point": .null, "tests": .null, "code": .null,
        "answer": .null,
    ]

    func drafts(from seed: Seed, in context: PluginContext) async throws -> [Draft] {
        let text = try prompt.rendered(with: seed.content.fields)
        let continuation = try await context.continuation(
            of: text,
            settings: CallSettings(isSharedByAttempts: true)
        ).usableText()
        guard let user else {
            var fields = Self.fieldsOfTheOldTask
            fields["instruction"] = .string(continuation)
            return [Draft(from: seed, fields: fields)]
        }
        let question = try user.rendered(with: seed.content.fields)
        return [Draft(from: seed, messages: [Message(.user, question), Message(.assistant, continuation)])]
    }
}
