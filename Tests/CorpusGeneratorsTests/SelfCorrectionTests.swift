import CorpusKit
import CorpusTesting
import Testing

@Suite("Self-correction")
struct SelfCorrectionTests {
    private static let cases: [JSONValue] = (1...10).map { ["args": [.int($0)], "expect": .int(100 + $0)] }
    private let seed = Seed(
        id: "s",
        fields: [
            "instruction": "Add a hundred.", "signature": "def f(n):",
            "tests": ["kind": "call", "entry_point": "f", "cases": .array(cases)],
        ]
    )
    private static func code(_ text: String) -> String { "```python\n\(text)\n```" }
    private static func repair(_ text: String) -> String {
        "<<<DIAGNOSIS>>>\nIt is wrong.\n<<<SOLUTION>>>\n" + code(text)
    }

    @Test("Code that fails is repaired until visible and hidden tests pass")
    func repaired() async throws {
        let host = ScriptedHost(
            replies: [Self.code("one"), Self.repair("two"), Self.repair("three")],
            executions: [.wrongAnswer, .ok, .runtimeError, .ok, .ok]
        )

        let outcome = try await Outcome.of("self-correction", seed, ["emit_dialogue": true], host: host)

        #expect(host.jobs.map(\.source) == ["one", "two", "two", "three", "three"])
        #expect(host.jobs.map(\.tests.count) == [7, 7, 3, 7, 3])
        #expect(outcome.drafts.map(\.note) == ["final", "dialogue"])
        let final = outcome.drafts[0].content
        #expect(final.fields["code"] == "three")
        #expect(
            final.labels == ["language": "python", "revisions": 2, "restarts": 0, "tests_origin": "seed"]
        )
        #expect(
            final.messages == [
                Message(.user, "Add a hundred.\n\n```python\ndef f(n):\n```"),
                Message(.assistant, Self.code("three")),
            ]
        )
        let dialogue = outcome.drafts[1].content
        #expect(dialogue.messages.map(\.role) == [.user, .assistant, .user, .assistant, .user, .assistant])
        #expect(dialogue.messages.last?.content == "It is wrong.\n\n" + Self.code("three"))
        #expect(dialogue.labels["form"] == "dialogue")
    }

    @Test(
        "Without repairs, which show what the tests call, the task must name it",
        arguments: [(0, nil, false), (1, nil, true), (0, "def f(n): pass", true)] as [(Int, String?, Bool)]
    )
    func unnamed(revisions: Int, code: String?, isAsked: Bool) async throws {
        let host = ScriptedHost(
            replies: [Self.code("one"), Self.repair("two")],
            executions: [.wrongAnswer]
        )
        var fields = seed.content.fields
        fields["signature"] = .null
        fields["code"] = code.map(JSONValue.string)
        let task = Seed(id: "s", fields: fields)

        let outcome = try await Outcome.of(
            "self-correction",
            task,
            ["revisions": .int(revisions), "attempts": 1],
            host: host
        )

        #expect((outcome.skip == "unnamed-entry-point") != isAsked)
        #expect(isAsked || host.calls.isEmpty)
    }

    @Test("Nothing of the hidden tests is ever shown", arguments: 0..<10)
    func hiddenTests(random: Int) async throws {
        let host = ScriptedHost(
            answer: { _, index in ModelReply(text: index == 0 ? Self.code("c0") : Self.repair("c\(index)")) },
            execute: { job, _ in
                var result = ScriptedHost.result(job.tests.count == 3 ? .runtimeError : .ok, of: job)
                result.diagnostics = "KeyError in a hidden input"
                return result
            }
        )

        let outcome = try await Outcome.of("self-correction", seed, host: host, random: random)

        let hidden = try #require(host.jobs.first { $0.tests.count == 3 })
        guard case .call(_, let cases, _) = hidden.tests else { return }
        let shown = host.calls.flatMap(\.messages).map(\.content).joined(separator: "\n")
        #expect(cases.allSatisfy { !shown.contains("f(\($0.arguments[0].canonical))") })
        #expect(!shown.contains("KeyError"))
        #expect(shown.contains("others for the same task fail"))
        #expect(outcome.skip == "test-failed")
    }

    @Test("The report names the call, what was expected and what came back")
    func report() async throws {
        let host = ScriptedHost(
            replies: [Self.code("one"), Self.repair("two")],
            executions: [.wrongAnswer, .ok, .ok]
        )

        _ = try await Outcome.of("self-correction", seed, ["hidden": 0], host: host)

        let question = try #require(host.calls[1].messages.last?.content)
        #expect(question.contains("9 of 10 tests pass.\n\nTest 1: f(1)\nexpected 101\ngot null"))
        #expect(question.contains(Self.code("one")))
        #expect(host.calls.map(\.role) == ["solver", "solver"])
        #expect(host.calls[1].settings.temperature == 0.2)
    }

    @Test("Everything has an end: repairs and fresh starts are counted")
    func exhausted() async throws {
        let host = ScriptedHost(
            answer: { call, index in
                let isRepair = call.messages.last?.content.contains("Report:") == true
                return ModelReply(text: isRepair ? Self.repair("r\(index)") : Self.code("s\(index)"))
            },
            execute: { job, _ in ScriptedHost.result(.timeout, of: job) }
        )

        let outcome = try await Outcome.of(
            "self-correction",
            seed,
            ["revisions": 2, "attempts": 3],
            host: host
        )

        #expect(outcome.skip == "test-failed")
        #expect(outcome.drops == ["test-failed", "test-failed"])
        #expect(host.calls.count == 9)
        #expect(host.calls.map(\.settings.temperature) == [nil, 0.2, 0.2, 0.8, 0.2, 0.2, 0.8, 0.2, 0.2])
    }

    @Test("Code that stays the same twice leads to a fresh start, and after the last one to the end")
    func unchanged() async throws {
        let stuck = [Self.code("same"), Self.repair("same\n\n# really"), Self.repair("same  ")]
        let host = ScriptedHost(replies: stuck + stuck, executions: [.wrongAnswer])

        let outcome = try await Outcome.of("self-correction", seed, ["attempts": 2], host: host)

        #expect(outcome.skip == "test-failed")
        #expect(host.calls.map(\.settings.temperature) == [nil, 0.2, 0.5, 0.8, 0.2, 0.5])
        #expect(
            host.drops.map(\.summary) == [
                "attempt 1 was given up after 2 repairs, of which the last two changed nothing"
            ]
        )
    }

    @Test(
        "Code that answers the shown tests one by one is refused, code with borders is not",
        arguments: [
            ("if n == 3: return 6\nelif n == 7: return 14\nreturn n", true),
            ("match n:\n    case 3: return 6\n    case 7: return 14", true),
            ("if n == 3: return 6\nreturn 2 * n", false),
            ("if n == 30: return 6\nif n == 77: return 1\nreturn 2 * n", false),
            ("if n > 3: return 6\nif n < 7: return 14\nreturn n", false),
            (
                "if n == 3: return 6\nif n == 7: return 1\nif n < 0: return 2\nif n > 9: return 3\nif n: return 4",
                false
            ),
        ]
    )
    func hardCoded(code: String, isRefused: Bool) async throws {
        let tests: JSONValue = [
            "kind": "call", "entry_point": "f",
            "cases": [["args": [3], "expect": 6], ["args": [7], "expect": 14]],
        ]
        let seed = Seed(id: "s", fields: ["instruction": "Double it.", "tests": tests])

        let outcome = try await Outcome.of(
            "self-correction",
            seed,
            ["attempts": 2],
            host: ScriptedHost(Self.code(code))
        )

        #expect(outcome.skip == (isRefused ? "vacuous-test" : nil))
        #expect(outcome.drops == (isRefused ? ["vacuous-test"] : []))
    }

    @Test("Code that comes back to an earlier revision leads to a fresh start")
    func circling() async throws {
        let host = ScriptedHost(
            replies: [Self.code("a"), Self.repair("b"), Self.repair("a"), Self.code("c")],
            executions: [.wrongAnswer, .wrongAnswer, .wrongAnswer, .ok, .ok]
        )

        let outcome = try await Outcome.of("self-correction", seed, host: host)

        #expect(outcome.drafts.first?.content.fields["code"] == "c")
        #expect(outcome.drafts.first?.content.labels["restarts"] == 1)
        #expect(outcome.drops == ["test-failed"])
    }

    @Test("A seed whose tests cannot be read is a drop with a reason, before anything is paid for")
    func brokenTests() async throws {
        let host = ScriptedHost(Self.code("x"))
        let seed = Seed(id: "s", fields: ["instruction": "Sort the list.", "tests": ["kind": "call"]])

        let outcome = try await Outcome.of("self-correction", seed, host: host)

        #expect(outcome.skip == "format-broken")
        #expect(host.calls.isEmpty)
    }

    @Test("A draft that has code starts from it")
    func startsFromCode() async throws {
        let begun = Seed(id: "s", fields: seed.content.fields.merging(["code": "given"]) { $1 })
        let host = ScriptedHost(replies: [ModelReply]())

        let outcome = try await Outcome.of("self-correction", begun, ["emit_dialogue": true], host: host)

        #expect(outcome.drafts.map { $0.content.fields["code"] } == ["given"])
        #expect(host.calls.isEmpty)
    }

    @Test(
        "A solver's bad reply is booked with its reason",
        arguments: [
            (ModelReply(text: ""), "empty"),
            (ModelReply(text: "```python\nx\n```", finish: .length), "truncated"),
            (ModelReply(text: "Sorry, but I can't."), "refusal"),
            (ModelReply(text: "Add 100."), "format-broken"),
        ] as [(ModelReply, ReasonCode)]
    )
    func badSolver(reply: ModelReply, reason: ReasonCode) async throws {
        let outcome = try await Outcome.of("self-correction", seed, host: ScriptedHost(replies: [reply]))

        #expect(outcome.drops == [reason, reason])
        #expect(outcome.skip == reason)
    }

    @Test(
        "A repair with broken tags is booked and leads to a fresh start",
        arguments: [
            code("b"), "<<<SOLUTION>>>\n" + code("b"), "<<<DIAGNOSIS>>>\nx\n<<<SOLUTION>>>\nadd",
            "<<<DIAGNOSIS>>\nx",
        ]
    )
    func brokenRepair(text: String) async throws {
        let host = ScriptedHost(
            replies: [Self.code("a"), text, Self.code("c")],
            executions: [.wrongAnswer, .ok, .ok]
        )

        let outcome = try await Outcome.of("self-correction", seed, host: host)

        #expect(outcome.drops == ["format-broken", "test-failed"])
        #expect(outcome.drafts.first?.content.fields["code"] == "c")
    }

    @Test(
        "A sandbox without the toolchain is a failure of the world, not of the draft",
        arguments: [(.unavailable, "toolchain-missing"), (.sandboxError, "sandbox-error")]
            as [(ExecutionResult.Verdict, ReasonCode)]
    )
    func sandboxFaults(verdict: ExecutionResult.Verdict, code: ReasonCode) async throws {
        let host = ScriptedHost(replies: [Self.code("a")], executions: [verdict])

        let failure = await #expect(throws: WorkFailure.self) {
            try await Outcome.of("self-correction", seed, host: host)
        }

        #expect(failure?.code == code)
    }

    @Test(
        "Nobody is asked for what the sandbox cannot test",
        arguments: ["self-correction", "solve"],
        [["kind": "io", "cases": [["stdin": "1", "stdout": "2"]]], nil] as [JSONValue?]
    )
    func untestable(generator: String, tests: JSONValue?) async throws {
        let kinds: [String: TestSuite.Kind] = ["io": .io, "call": .call]
        let kind = try #require(kinds[tests?["kind"]?.text ?? "call"])
        var fields: [String: JSONValue] = ["instruction": "Add one."]
        fields["tests"] = tests ?? (generator == "solve" ? seed.content.fields["tests"] : nil)
        let task = Seed(id: "s", fields: fields, labels: ["language": "sh"])
        let host = ScriptedHost(
            answer: { _, _ in throw WorkFailure("no-reply", "nobody should be asked") },
            require: { asked, language in
                guard asked == kind, language == "bash" else { return }
                throw Skip("unsupported-tests", "no driver")
            }
        )

        let outcome = try await Outcome.of(generator, task, host: host)

        #expect(outcome.skip == "unsupported-tests")
        #expect(host.calls.isEmpty)
    }
}

@Suite("Tests written by the tester")
struct TestWriterTests {
    private let seed = Seed(id: "s", fields: ["instruction": "Add a hundred.", "signature": "def f(n):"])
    private static let solution = "```python\ndef f(n): return n + 100\n```"
    private static func suite(_ cases: String, entryPoint: String = "f") -> String {
        "<<<TESTS>>>\n{\"entry_point\": \"\(entryPoint)\", \"cases\": [\(cases)]}"
    }
    private static let good =
        #"{"args": [1], "expect": 101}, {"args": [0], "expect": 100}, {"args": [5], "expect": 105}"#

    @Test("Good tests become a field, and their origin a label")
    func goodTests() async throws {
        let host = ScriptedHost(Self.suite(Self.good), Self.solution)

        let outcome = try await Outcome.of("self-correction", seed, host: host)

        let content = try #require(outcome.drafts.first?.content)
        #expect(host.calls.map(\.role) == ["tester", "solver"])
        #expect(content.labels["tests_origin"] == "model")
        #expect(content.fields["tests"].flatMap { try? TestSuite(json: $0) }?.count == 3)
    }

    @Test(
        "Weak or unreadable tests are asked for once more and then refused",
        arguments: [
            (suite(#"{"args": [1], "expect": 101}"#), "vacuous-test"),
            (
                suite(#"{"args": [1], "expect": 1}, {"args": [2], "expect": 1}, {"args": [3], "expect": 1}"#),
                "vacuous-test"
            ),
            (
                suite(#"{"args": [1], "expect": 1}, {"args": [2], "expect": 2}, {"args": [3], "expect": 3}"#),
                "vacuous-test"
            ),
            (
                suite(#"{"args": [1], "expect": 1}, {"args": [1], "expect": 2}, {"args": [3], "expect": 4}"#),
                "vacuous-test"
            ),
            (suite(good, entryPoint: "g"), "vacuous-test"), (suite(#"{"args": 1}"#), "format-broken"),
            ("<<<TESTS>>>\nassert f(1) == 101", "format-broken"), ("{\"cases\": []}", "format-broken"),
            ("", "empty"),
        ] as [(String, ReasonCode)]
    )
    func badTests(text: String, reason: ReasonCode) async throws {
        let host = ScriptedHost(text)

        let outcome = try await Outcome.of("self-correction", seed, host: host)

        #expect(outcome.drops == [reason])
        #expect(outcome.skip == reason)
        #expect(host.calls.map(\.role) == ["tester", "tester"])
        #expect(host.calls[1].settings.temperature == 0.8)
    }

    @Test("Better tests on the second try are taken")
    func secondTry() async throws {
        let host = ScriptedHost("hm", Self.suite(Self.good), Self.solution)

        let outcome = try await Outcome.of("self-correction", seed, host: host)

        #expect(outcome.drafts.count == 1)
        #expect(outcome.drops == ["format-broken"])
    }
}
