import CorpusKit

/// Has a model write call tests for a task that brings none, and refuses weak ones.
///
/// The checks look at the tests alone. They do not show that the tests are right, only that no trivial function can
/// pass them: a constant, the first argument, or one that cannot agree with itself.
struct TestWriter: Sendable {
    /// How often the tester is asked at most.
    static let tries = 2

    private let fewest: Int
    private let prompt: PromptScript

    init(fewest: Int, setup: PluginSetup) throws {
        self.fewest = fewest
        prompt = try PromptScript("tests", variables: ["language", "task", "cases"], setup: setup)
    }

    /// - Throws: ``Skip`` with the reason of the second failure; the first is booked.
    func tests(for task: TaskText, language: String, in context: PluginContext) async throws -> TestSuite {
        let messages = try prompt.messages([
            "language": .string(CodeLanguage.title(of: language)), "task": .string(task.text),
            "cases": .int(max(5, fewest)),
        ])
        var attempt = 0
        while true {
            attempt += 1
            let settings = attempt == 1 ? CallSettings() : CallSettings(temperature: 0.8)
            let reply = try await context.reply(to: messages, role: "tester", settings: settings)
            do throws(Skip) {
                let suite = try Self.suite(in: reply)
                try check(suite, against: task)
                return suite
            } catch {
                if attempt == Self.tries { throw error }
                context.drop(error.reason, "the tests: \(error.description)", text: reply.text)
            }
        }
    }

    private static func suite(in reply: ModelReply) throws(Skip) -> TestSuite {
        let parts = try TaggedSections(parsing: reply.usableText()).required("TESTS")
        guard var object = JSONReply.object(in: parts[0])?.members else {
            throw Skip("format-broken", "the section `TESTS` holds no JSON object")
        }
        object["kind"] = "call"
        do {
            return try TestSuite(json: .object(object))
        } catch {
            throw Skip("format-broken", error.description)
        }
    }

    private func check(_ suite: TestSuite, against task: TaskText) throws(Skip) {
        guard case .call(let entryPoint, let cases, _) = suite else { return }
        func vacuous(_ problem: String) -> Skip { Skip("vacuous-test", problem) }
        guard cases.count >= fewest else {
            throw vacuous("\(counted(cases.count, "test")), at least \(fewest) wanted")
        }
        guard
            task.text.hasWord(entryPoint) || task.signature == nil
        else { throw vacuous("the tests call `\(entryPoint)`, which the task does not name") }
        guard Set(cases.map(\.arguments)).count == cases.count else {
            throw vacuous("a test stands there twice")
        }
        guard cases.count == 1 || Set(cases.map(\.expected)).count > 1 else {
            throw vacuous("every test expects the same, so a constant would pass")
        }
        guard !cases.allSatisfy({ $0.arguments.first == $0.expected }) else {
            throw vacuous("every test expects its first argument back")
        }
    }
}
