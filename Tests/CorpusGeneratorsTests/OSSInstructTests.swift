import CorpusKit
import CorpusTesting
import Testing

@Suite("OSS-Instruct")
struct OSSInstructTests {
    private static let snippet = "queue = deque([start])\nseen = {start}\nwhile queue: visit(queue.popleft())"
    private let seed = Seed(
        id: "s",
        fields: ["code": .string(snippet), "tests": ["kind": "call"]],
        labels: ["language": "py"]
    )
    private static let answer = "```python\ndef hops(maze):\n    return len(maze)\n```"

    @Test(
        "Problem and solution are told apart in every accepted form",
        arguments: [
            ("<<<PROBLEM>>>\nCount the hops of a frog.\n<<<SOLUTION>>>\n\(answer)", "tagged"),
            ("Well:\n<<<PROBLEM>>>\nCount the hops of a frog.\n<<<SOLUTION>>>\n\(answer)", "tagged"),
            ("Problem:\nCount the hops of a frog.\n\nSolution:\n\(answer)", "headings"),
            ("## problem\nCount the hops of a frog.\n### SOLUTION\n\(answer)", "headings"),
            ("**Problem**: Count the hops of a frog.\n\n**Solution:**\n\(answer)", "headings"),
            ("Count the hops of a frog.\n\n\(answer)", "plain"),
        ]
    )
    func forms(text: String, form: String) async throws {
        let outcome = try await Outcome.of("oss-instruct", seed, host: ScriptedHost(text))

        let draft = try #require(outcome.drafts.first)
        #expect(draft.content.fields["instruction"] == "Count the hops of a frog.")
        #expect(draft.content.fields["code"] == "def hops(maze):\n    return len(maze)")
        #expect(draft.content.fields["snippet"] == .string(Self.snippet))
        #expect(draft.content.fields["tests"] == nil)
        #expect(draft.content.labels == ["language": "python", "reply_form": .string(form)])
        #expect(
            draft.content.messages
                == [Message(.user, "Count the hops of a frog."), Message(.assistant, Self.answer)]
        )
    }

    @Test("A solution in another language than the snippet's is kept under its own")
    func otherLanguage() async throws {
        let text =
            "Problem:\nCount the hops of a frog.\nSolution:\n```json\n{}\n```\n```rs\nfn hops() -> u8 { 3 }\n```"

        let outcome = try await Outcome.of("oss-instruct", seed, host: ScriptedHost(text))

        #expect(outcome.drafts.first?.content.labels["language"] == "rust")
        #expect(outcome.drafts.first?.content.fields["code"] == "fn hops() -> u8 { 3 }")
    }

    @Test(
        "A problem that names what it does not show is unanswerable",
        arguments: [
            ("Make `load_rows` skip empty rows.", true), ("Extend the SessionCache with a limit.", true),
            ("Write `hops(maze)` for a maze from GitHub.", false),
            ("Given\n```python\nclass SessionCache: pass\n```\nextend the SessionCache.", false),
            ("Count the hops of a frog in JavaScript.", false),
        ]
    )
    func unanswerable(problem: String, isRefused: Bool) async throws {
        let text = "<<<PROBLEM>>>\n\(problem)\n<<<SOLUTION>>>\n\(Self.answer)"

        let outcome = try await Outcome.of("oss-instruct", seed, host: ScriptedHost(text))

        #expect(outcome.skip == (isRefused ? "unanswerable" : nil))
    }

    @Test(
        "A bad reply is booked with its reason",
        arguments: [
            (ModelReply(text: ""), "empty"), (ModelReply(text: "Problem: x", finish: .length), "truncated"),
            (ModelReply(text: "Problem: x", finish: .other), "truncated"),
            (ModelReply(text: "I'm sorry, I can't."), "refusal"),
            (ModelReply(text: "Solution:\n\(answer)\nProblem:\nCount the hops."), "format-broken"),
            (ModelReply(text: "Problem:\n\nSolution:\n\(answer)"), "format-broken"),
            (ModelReply(text: "Problem: a\nProblem: b\nSolution:\n\(answer)"), "format-broken"),
            (
                ModelReply(text: "<<<PROBLEM>>>\nCount the hops.\n<<<SOLUTION>>>\nJust count."),
                "format-broken"
            ),
            (ModelReply(text: "Problem: Count the hops.\nSolution: count them"), "format-broken"),
            (ModelReply(text: answer), "format-broken"),
            (ModelReply(text: "Count the hops of a frog."), "format-broken"),
            (ModelReply(text: "Problem: Say what the code above does.\nSolution:\n\(answer)"), "prompt-leak"),
            (ModelReply(text: "This function is slow; make it fast.\n\(answer)"), "prompt-leak"),
            (ModelReply(text: "<<<PROBLEM>>\nCount the hops of a frog.\n\(answer)"), "prompt-leak"),
            (
                ModelReply(
                    text:
                        "Problem: Return the word which turns up most often in a list.\nSolution:\n\(answer)"
                ), "prompt-leak"
            ),
            (ModelReply(text: "Problem: Count hops.\nSolution:\n\(answer)"), "low-quality"),
            (
                ModelReply(
                    text: "Problem: Count the hops of a frog.\nSolution:\n```py\nseen  = {start}\n```"
                ), "no-gain"
            ),
        ] as [(ModelReply, ReasonCode)]
    )
    func badReplies(reply: ModelReply, reason: ReasonCode) async throws {
        let outcome = try await Outcome.of("oss-instruct", seed, host: ScriptedHost(replies: [reply]))

        #expect(outcome.skip == reason, "\(reply.text)")
        #expect(outcome.drafts.isEmpty)
    }

    @Test("A sentence that starts with the word is no heading")
    func sentences() async throws {
        let text = "Problem solving for frogs: count the hops of a frog.\n\(Self.answer)"

        let outcome = try await Outcome.of("oss-instruct", seed, host: ScriptedHost(text))

        #expect(outcome.drafts.first?.content.labels["reply_form"] == "plain")
    }

    @Test("A snippet too small to inspire is skipped before anything is paid for")
    func smallSnippet() async throws {
        let host = ScriptedHost(Self.answer)

        let outcome = try await Outcome.of(
            "oss-instruct",
            Seed(id: "s", fields: ["code": "import os"]),
            host: host
        )

        #expect(outcome.skip == "low-quality")
        #expect(host.calls.isEmpty)
    }

    @Test("Fences inside the snippet do not end the prompt's")
    func fences() async throws {
        let code = "text = '''\n```\ncode\n```\n''' # a document with a fence in it"
        let host = ScriptedHost("")

        _ = try await Outcome.of("oss-instruct", Seed(id: "s", fields: ["code": .string(code)]), host: host)

        #expect(host.calls[0].messages.last?.content.hasSuffix("````python\n\(code)\n````") == true)
    }
}
