import CorpusKit

/// Lets the model ask for a function, answers it, and takes what it says then.
struct ToyTools: GeneratorPlugin {
    static let manifest = Manifest(
        name: "toy-tools",
        version: 1,
        summary: "uses a tool",
        needs: [.model, .tools, .likelihoods],
        requires: ["instruction"],
        produces: ["code"]
    )
    static let selfChecks: [SelfCheck] = []

    init(options: NoOptions, setup: PluginSetup) throws {}

    var worstCaseCalls: [String: Int] { ["model": 2] }

    func drafts(from seed: Seed, in context: PluginContext) async throws -> [Draft] {
        let weather = ToolDefinition(name: "weather", parameters: ["type": "object"])
        var turns = [Message(.user, try seed.text("instruction"))]
        let first = try await context.reply(
            to: turns,
            settings: CallSettings(
                tools: [weather],
                toolChoice: .required,
                logprobs: 1,
                extra: ["min_p": 0.1]
            )
        )
        guard first.finish == .toolCalls, let call = first.toolCalls.first else {
            throw Skip("off-target", "it asked for nothing")
        }
        turns += [
            Message(.assistant, first.text, toolCalls: first.toolCalls),
            Message(.tool, "rain", toolCallID: call.id),
        ]
        let last = try await context.reply(to: turns, settings: CallSettings(tools: [weather]))
        let chosen = first.logprobs?.first?.text ?? "?"
        let text = "\(call.name) \(call.arguments) \(chosen) \(last.text)"
        return [
            Draft(
                from: seed,
                messages: [turns[0], Message(.assistant, text)],
                fields: ["code": .string(text)]
            )
        ]
    }
}

/// Lets the model continue a raw text.
struct ToyBase: GeneratorPlugin {
    static let manifest = Manifest(
        name: "toy-base",
        version: 1,
        summary: "continues",
        needs: [.model],
        uses: ["model": .prompt],
        requires: ["instruction"],
        produces: ["code"]
    )
    static let selfChecks: [SelfCheck] = []

    init(options: NoOptions, setup: PluginSetup) throws {}

    var worstCaseCalls: [String: Int] { ["model": 1] }

    func drafts(from seed: Seed, in context: PluginContext) async throws -> [Draft] {
        let question = try seed.text("instruction")
        let reply = try await context.continuation(
            of: "Q: \(question)\nA:",
            settings: CallSettings(stop: ["Q:"])
        )
        return [
            Draft(
                from: seed,
                messages: [Message(.user, question), Message(.assistant, reply.text)],
                fields: ["code": .string(reply.text)]
            )
        ]
    }
}

/// Notes the vectors of each task's words.
struct ToyVectors: GeneratorPlugin {
    static let manifest = Manifest(
        name: "toy-vectors",
        version: 1,
        summary: "embeds",
        needs: [.model],
        uses: ["model": .embeddings],
        requires: ["instruction"],
        produces: ["code"]
    )
    static let selfChecks: [SelfCheck] = []

    init(options: NoOptions, setup: PluginSetup) throws {}

    var attempts: Int { 2 }
    var worstCaseCalls: [String: Int] { ["model": 1] }

    func drafts(from seed: Seed, in context: PluginContext) async throws -> [Draft] {
        let question = try seed.text("instruction")
        let vectors = try await context.embeddings(of: [question, "another"])
        let text = "\(vectors) 2"
        return [
            Draft(
                from: seed,
                messages: [Message(.user, question), Message(.assistant, text)],
                fields: ["code": .string(text)]
            )
        ]
    }
}
