import CorpusKit

extension SelfCorrection {
    static let selfChecks = [
        SelfCheck(
            "code that passes at once is taken",
            seed: double,
            replies: [right],
            expects: .accepts("def double(n):\n    return 2 * n")
        ),
        SelfCheck(
            "code that fails is repaired",
            seed: double,
            replies: [wrong, "<<<DIAGNOSIS>>>\nIt adds two.\n<<<SOLUTION>>>\n" + right],
            executions: [.wrongAnswer, .ok, .ok],
            expects: .accepts("return 2 * n")
        ),
        SelfCheck(
            "tests are written for a task that brings none",
            seed: untested,
            replies: ["<<<TESTS>>>\n" + suite, right],
            expects: .accepts("return 2 * n")
        ),
        SelfCheck(
            "code that never passes is dropped",
            seed: double,
            replies: [wrong],
            executions: [.wrongAnswer],
            expects: .refuses("test-failed")
        ),
        SelfCheck(
            "tests that a constant would pass are vacuous",
            seed: untested,
            replies: ["<<<TESTS>>>\n" + suite.replacing(/"expect": -?\d/, with: "\"expect\": 1")],
            expects: .refuses("vacuous-test")
        ),
        SelfCheck(
            "words are no solution",
            seed: double,
            replies: ["Multiply by two."],
            expects: .refuses("format-broken")
        ),
    ]

    private static let right = "```python\ndef double(n):\n    return 2 * n\n```"
    private static let wrong = "```python\ndef double(n):\n    return n + 2\n```"
    private static let suite = """
        {"entry_point": "double", "cases": [{"args": [3], "expect": 6}, {"args": [0], "expect": 0}, \
        {"args": [-2], "expect": -4}]}
        """
    private static let untested = Seed(
        id: "double",
        fields: ["instruction": "Return twice the given number.", "signature": "def double(n):"]
    )
    private static let double = Seed(
        id: "double",
        fields: untested.content.fields.merging([
            "tests": [
                "kind": "call", "entry_point": "double",
                "cases": [
                    ["args": [3], "expect": 6], ["args": [0], "expect": 0], ["args": [-2], "expect": -4],
                    ["args": [7], "expect": 14],
                ],
            ]
        ]) { $1 }
    )
}
