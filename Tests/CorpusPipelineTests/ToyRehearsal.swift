import CorpusKit
import CorpusLedger
import CorpusPipeline
import Foundation
import TestSupport
import Testing

extension Forecast {
    var bought: Expected { total.boughtReplies }
}

extension TestRun {
    /// Attempts that are rated among their siblings, judged by the model, freed of duplicates and judged again.
    static let judged = withoutPairs.edited(
        "  unique: { select: toy-unique, from: rated }",
        to: """
              judged: { verify: toy-judge, from: rated, model: m, options: { salt: a } }
              unique: { select: toy-unique, from: judged }
              late:   { verify: toy-judge, from: unique, model: m, options: { salt: z } }
            """
    ).edited("from: unique, splits", to: "from: late, splits")

    /// What the next pass will do.
    func rehearse(_ text: String = recipe, sandbox: (any Sandbox)? = nil) async throws -> Forecast {
        let plan = try Self.plan(text)
        let scratch = try RehearsalFolder(in: folder)
        defer { scratch.remove() }
        let ledger = try Ledger.rehearse(
            path: folder + "/ledger.sqlite",
            in: scratch,
            name: "toy",
            recipe: text,
            plan: plan.json,
            product: "test",
            now: 0
        )
        return try await Rehearsal(plan: plan, ledger: ledger, sandbox: sandbox).run()
    }

    /// The ledger's file, byte by byte.
    func bytes() throws -> Data { try Data(contentsOf: URL(fileURLWithPath: folder + "/ledger.sqlite")) }
}

/// Passes what the model says something even about.
struct ToyJudge: VerifierPlugin, Verifier {
    struct Options: PluginOptions {
        var salt = ""
    }

    static let manifest = Manifest(
        name: "toy-judge",
        version: 1,
        summary: "asks for a verdict",
        needs: [.model],
        roles: ["model"],
        requires: ["code"]
    )
    static let selfChecks: [SelfCheck] = []
    let salt: String

    static func make(options: Options, roles: Set<String>, setup: PluginSetup) throws -> VerifierKind {
        .single(ToyJudge(salt: options.salt))
    }

    var worstCaseCalls: [String: Int] { ["model": 1] }

    func verdict(on draft: Sample, in context: PluginContext) async throws -> Verdict {
        let question = "judge \(draft.content.fields["code"]?.text ?? "") \(salt)"
        let reply = try await context.reply(to: [Message(.user, question)])
        let digit = reply.text.last?.wholeNumberValue ?? 1
        return digit.isMultiple(of: 2) ? Verdict(.pass, score: 1) : Verdict(.fail("test-failed"), "odd")
    }
}

/// Asks two questions, and goes on when it gets no answer to the first.
struct ToyStubborn: GeneratorPlugin {
    struct Options: PluginOptions {
        var salt = ""
    }

    static let manifest = Manifest(
        name: "toy-stubborn",
        version: 1,
        summary: "asks on",
        needs: [.model],
        requires: ["instruction"],
        produces: ["code"]
    )
    static let selfChecks: [SelfCheck] = []
    let options: Options

    init(options: Options, setup: PluginSetup) throws { self.options = options }

    var worstCaseCalls: [String: Int] { ["model": 2] }

    func drafts(from seed: Seed, in context: PluginContext) async throws -> [Draft] {
        let question = Message(.user, try seed.text("instruction"))
        let salted = Message(.user, "\(question.content) \(options.salt)")
        let first = try? await context.reply(to: [salted])
        let second = try await context.reply(to: [Message(.user, "on " + question.content)])
        let text = "\(first?.text ?? "none") \(second.text)"
        return [
            Draft(
                from: seed,
                messages: [question, Message(.assistant, text)],
                fields: ["code": .string(text)]
            )
        ]
    }
}
